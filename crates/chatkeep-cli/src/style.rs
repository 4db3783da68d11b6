//! Styles as marks in the text: characters of zero width, so that a table is laid out before it is
//! colored.

use anstyle::{AnsiColor, Style};

/// Characters used as marks. They have no width, and are removed from stored text before display.
pub(crate) const MARKS: std::ops::RangeInclusive<char> = '\u{2060}'..='\u{2064}';

const DIM: char = '\u{2060}';
const STRONG: char = '\u{2061}';
const HIT: char = '\u{2062}';
const ALARM: char = '\u{2063}';
const END: char = '\u{2064}';

/// Mark that ends the innermost style.
pub(crate) const END_MARK: char = END;

/// Styles secondary text: units, second lines, hints.
pub(crate) fn dim(text: &str) -> String {
    format!("{DIM}{text}{END}")
}

/// Styles titles.
pub(crate) fn strong(text: &str) -> String {
    format!("{STRONG}{text}{END}")
}

/// Styles search matches and positive results.
pub(crate) fn hit(text: &str) -> String {
    format!("{HIT}{text}{END}")
}

/// Styles errors and negative results.
pub(crate) fn alarm(text: &str) -> String {
    format!("{ALARM}{text}{END}")
}

/// Replaces the marks by escape sequences, or removes them.
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
    fn marks_are_removed_without_colors() {
        assert_eq!(paint(&format!("a {} b", dim(&hit("c"))), false), "a c b");
    }

    #[test]
    fn outer_styles_continue_after_inner_ones() {
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
