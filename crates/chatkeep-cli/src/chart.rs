//! Bar charts of text: a label, a number and a bar on each line.

use crate::numbers::thousands;
use crate::style;
use crate::terminal::Terminal;
use crate::text::{shorten, width};

/// Beyond this a chart only gets harder to read.
const WIDEST: usize = 100;
const WIDEST_LABEL: usize = 28;
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A line of a chart.
pub(crate) enum Line {
    /// A label, its number, and a bar as long as the number says.
    Bar { label: String, value: i64 },
    /// Words where bars were left out.
    Words(String),
}

impl Line {
    pub(crate) fn bar(label: impl Into<String>, value: i64) -> Self {
        Self::Bar { label: label.into(), value }
    }
}

/// The lines one under the other, the longest bar reaching the edge.
pub(crate) fn render(lines: &[Line], terminal: &Terminal) -> String {
    let bars = || {
        lines.iter().filter_map(|line| match line {
            Line::Bar { label, value } => Some((label, *value)),
            Line::Words(_) => None,
        })
    };
    let label_width = bars().map(|(label, _)| width(label)).max().unwrap_or(0).min(WIDEST_LABEL);
    let number_width = bars().map(|(_, value)| thousands(value).len()).max().unwrap_or(0);
    let most = bars().map(|(_, value)| value).max().unwrap_or(0);
    let room =
        terminal.width.min(WIDEST).saturating_sub(2 + label_width + 2 + number_width + 2).max(1);

    let mut out = String::new();
    for line in lines {
        match line {
            Line::Bar { label, value } => {
                let label = shorten(label, label_width, terminal.ellipsis());
                let padding = " ".repeat(label_width - width(&label));
                let number = thousands(*value);
                let bar = bar(*value, most, room, terminal.unicode);
                out.push_str(
                    format!("  {label}{padding}  {number:>number_width$}  {bar}").trim_end(),
                );
            }
            Line::Words(words) => out.push_str(&style::dim(&format!("  {words}"))),
        }
        out.push('\n');
    }
    out
}

/// A bar for `value` of `most` in `room` columns. What is not nothing is never drawn as nothing.
fn bar(value: i64, most: i64, room: usize, unicode: bool) -> String {
    if value <= 0 || most <= 0 {
        return String::new();
    }
    let steps = if unicode { room * 8 } else { room };
    let length = ((value as f64 / most as f64) * steps as f64).round().max(1.0) as usize;
    let length = length.min(steps);
    if unicode {
        format!("{}{}", "█".repeat(length / 8), EIGHTHS[length % 8])
    } else {
        "#".repeat(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_reaches_the_edge_and_the_others_are_in_proportion() {
        let lines =
            [Line::bar("openai", 1_200), Line::bar("anthropic", 300), Line::bar("unknown", 1)];
        let expected = "
  openai     1,200  ████████████████████
  anthropic    300  █████
  unknown        1  ▏
";
        assert_eq!(render(&lines, &Terminal::plain(40)), expected.trim_start_matches('\n'));
    }

    #[test]
    fn without_unicode_bars_are_number_signs() {
        let terminal = Terminal { unicode: false, ..Terminal::plain(40) };
        let lines = [Line::bar("a", 10), Line::bar("b", 5)];
        let text = render(&lines, &terminal);
        assert!(text.is_ascii(), "{text}");
        assert_eq!(
            text.lines().map(|line| line.matches('#').count()).collect::<Vec<_>>(),
            [31, 16]
        );
    }

    #[test]
    fn nothing_has_no_bar_and_a_long_label_is_cut() {
        assert_eq!(bar(0, 10, 20, true), "");
        assert_eq!(bar(0, 0, 20, true), "");
        let text = render(&[Line::bar("x".repeat(60), 3)], &Terminal::plain(80));
        assert!(text.contains('…') && width(text.trim_end()) <= 80, "{text}");
    }

    #[test]
    fn words_stand_between_bars() {
        let lines = [Line::bar("2023-09-23", 2), Line::Words("3 days without messages".to_owned())];
        let text = style::paint(&render(&lines, &Terminal::plain(40)), false);
        assert!(text.ends_with("\n  3 days without messages\n"), "{text}");
    }
}
