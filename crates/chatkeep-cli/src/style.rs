//! Colours as marks inside the text: invisible characters of no width, so that a table can be laid out first and
//! painted afterwards, or left plain.

use anstyle::{AnsiColor, Style};

/// Characters that have no width and that stored text is stripped of before it is shown.
pub(crate) const MARKS: std::ops::RangeInclusive<char> = '\u{2060}'..='\u{2064}';

const DIM: char = '\u{2060}';
const STRONG: char = '\u{2061}';
const HIT: char = '\u{2062}';
const ALARM: char = '\u{2063}';
const END: char = '\u{2064}';

/// Ends the innermost style.
pub(crate) const END_MARK: char = END;

/// Beside the point: units, second lines, hints.
pub(crate) fn dim(text: &str) -> String {
    format!("{DIM}{text}{END}")
}

/// Titles.
pub(crate) fn strong(text: &str) -> String {
    format!("{STRONG}{text}{END}")
}

/// What was searched for; what is good.
pub(crate) fn hit(text: &str) -> String {
    format!("{HIT}{text}{END}")
}

/// What went wrong.
pub(crate) fn alarm(text: &str) -> String {
    format!("{ALARM}{text}{END}")
}

/// Turns the marks into escape sequences, or takes them out.
pub(crate) fn paint(text: &str, color: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Vec<Style> = Vec::new();
    for c in text.chars() {
        if !MARKS.contains(&c) {
            out.push(c);
            continue;
        }
        if !color {
            continue;
        }
        match style(c) {
            Some(style) => {
                out.push_str(&style.render().to_string());
                open.push(style);
            }
            None => {
                open.pop();
                out.push_str(anstyle::Reset.render().to_string().as_str());
                for style in &open {
                    out.push_str(&style.render().to_string());
                }
            }
        }
    }
    out
}

fn style(mark: char) -> Option<Style> {
    match mark {
        DIM => Some(Style::new().dimmed()),
        STRONG => Some(Style::new().bold()),
        HIT => Some(Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()))),
        ALARM => Some(Style::new().bold().fg_color(Some(AnsiColor::Red.into()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_nothing_is_left_of_the_marks() {
        assert_eq!(paint(&format!("a {} b", dim(&hit("c"))), false), "a c b");
    }

    #[test]
    fn an_inner_style_ends_where_the_outer_goes_on() {
        let text = paint(&dim(&format!("before {} after", hit("found"))), true);
        assert_eq!(
            text,
            "\u{1b}[2mbefore \u{1b}[1m\u{1b}[33mfound\u{1b}[0m\u{1b}[2m after\u{1b}[0m"
        );
    }

    #[test]
    fn marks_have_no_width() {
        assert_eq!(unicode_width::UnicodeWidthStr::width(alarm("error").as_str()), 5);
    }
}
