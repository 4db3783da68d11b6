//! Text bar charts: a label, a number and a bar on each line.

use crate::numbers::thousands;
use crate::style;
use crate::terminal::Terminal;
use crate::text::{shorten, width};

/// Maximum width of a chart in columns; wider ones are harder to read.
const MAX_WIDTH: usize = 100;
const MAX_LABEL_WIDTH: usize = 28;
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A row of a chart.
pub(crate) enum ChartRow {
    /// A label, its number, and a bar of proportional length.
    Bar { label: String, value: i64 },
    /// Text in place of omitted bars.
    Note(String),
}

impl ChartRow {
    pub(crate) fn bar(label: impl Into<String>, value: i64) -> Self {
        Self::Bar { label: label.into(), value }
    }
}

/// Renders a chart. The longest bar reaches the right edge.
pub(crate) fn render(rows: &[ChartRow], terminal: &Terminal) -> String {
    let bars = || {
        rows.iter().filter_map(|row| match row {
            ChartRow::Bar { label, value } => Some((label, *value)),
            ChartRow::Note(_) => None,
        })
    };
    let label_width = bars().map(|(label, _)| width(label)).max().unwrap_or(0).min(MAX_LABEL_WIDTH);
    let number_width = bars().map(|(_, value)| thousands(value).len()).max().unwrap_or(0);
    let max = bars().map(|(_, value)| value).max().unwrap_or(0);
    let bar_width =
        terminal.width.min(MAX_WIDTH).saturating_sub(2 + label_width + 2 + number_width + 2).max(1);

    let mut out = String::new();
    for row in rows {
        match row {
            ChartRow::Bar { label, value } => {
                let label = shorten(label, label_width, terminal.ellipsis());
                let padding = " ".repeat(label_width - width(&label));
                let number = thousands(*value);
                let bar = bar(*value, max, bar_width, terminal.unicode);
                out.push_str(
                    format!("  {label}{padding}  {number:>number_width$}  {bar}").trim_end(),
                );
            }
            ChartRow::Note(text) => out.push_str(&style::dim(&format!("  {text}"))),
        }
        out.push('\n');
    }
    out
}

/// Renders a bar for `value` of `max` in `columns`. A positive value always has a visible bar.
pub(crate) fn bar(value: i64, max: i64, columns: usize, unicode: bool) -> String {
    if value <= 0 || max <= 0 {
        return String::new();
    }
    let steps = if unicode { columns * 8 } else { columns };
    let length = ((value as f64 / max as f64) * steps as f64).round().max(1.0) as usize;
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
    fn bars_are_proportional_to_their_values() {
        let lines = [
            ChartRow::bar("openai", 1_200),
            ChartRow::bar("anthropic", 300),
            ChartRow::bar("unknown", 1),
        ];
        let expected = "
  openai     1,200  ████████████████████
  anthropic    300  █████
  unknown        1  ▏
";
        assert_eq!(render(&lines, &Terminal::plain(40)), expected.trim_start_matches('\n'));
    }

    #[test]
    fn ascii_bars_are_number_signs() {
        let terminal = Terminal { unicode: false, ..Terminal::plain(40) };
        let lines = [ChartRow::bar("a", 10), ChartRow::bar("b", 5)];
        let text = render(&lines, &terminal);
        assert!(text.is_ascii(), "{text}");
        assert_eq!(
            text.lines().map(|line| line.matches('#').count()).collect::<Vec<_>>(),
            [31, 16]
        );
    }

    #[test]
    fn zero_has_no_bar_and_long_labels_are_shortened() {
        assert_eq!(bar(0, 10, 20, true), "");
        assert_eq!(bar(0, 0, 20, true), "");
        let text = render(&[ChartRow::bar("x".repeat(60), 3)], &Terminal::plain(80));
        assert!(text.contains('…') && width(text.trim_end()) <= 80, "{text}");
    }

    #[test]
    fn notes_are_rendered_between_bars() {
        let lines = [
            ChartRow::bar("2023-09-23", 2),
            ChartRow::Note(
                "3 days without \
            messages"
                    .to_owned(),
            ),
        ];
        let text = style::paint(&render(&lines, &Terminal::plain(40)), false);
        assert!(text.ends_with("\n  3 days without messages\n"), "{text}");
    }
}
