//! Text tables. The widest texts are shortened, so that a table fits the width of the terminal.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table as Grid,
    TableStyle, Width,
};

use crate::style;
use crate::terminal::Terminal;
use crate::text::{shorten, width};

/// Number of spaces between two columns.
const GAP: u16 = 2;

/// Title, alignment and minimum width of a table column. Widths are in terminal columns.
pub(crate) struct Column {
    title: &'static str,
    right: bool,
    /// Width below which the text is not shortened. `None` if it is never shortened.
    min_width: Option<usize>,
}

impl Column {
    /// Creates a column of text that is never shortened, such as times and states.
    pub(crate) fn fixed(title: &'static str) -> Self {
        Self { title, right: false, min_width: None }
    }

    /// Creates a right-aligned column of numbers that are never shortened.
    pub(crate) fn number(title: &'static str) -> Self {
        Self { title, right: true, min_width: None }
    }

    /// Creates a column of text that may be shortened, but not below `min_width`.
    pub(crate) fn text(title: &'static str, min_width: usize) -> Self {
        Self { title, right: false, min_width: Some(min_width) }
    }
}

/// Rows of cells, each of one or more lines.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Vec<String>>>,
}

impl Table {
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row whose cells have one line each.
    pub(crate) fn add(&mut self, cells: impl IntoIterator<Item = String>) {
        self.add_lines(cells.into_iter().map(|cell| vec![cell]));
    }

    /// Adds a row whose cells have several lines.
    pub(crate) fn add_lines(&mut self, cells: impl IntoIterator<Item = Vec<String>>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Replaces the text of one cell, for text whose length depends on the other columns' widths.
    pub(crate) fn set(&mut self, row: usize, column: usize, lines: Vec<String>) {
        if let Some(cell) = self.rows.get_mut(row).and_then(|row| row.get_mut(column)) {
            *cell = lines;
        }
    }

    /// Returns the width available to one column when all others have their natural width.
    pub(crate) fn available_width(&self, index: usize, terminal: &Terminal) -> usize {
        let others: usize =
            (0..self.columns.len()).filter(|n| *n != index).map(|n| self.natural_width(n)).sum();
        terminal.width.saturating_sub(others + self.gaps())
    }

    /// Renders the table as text with the marks of [`style`](crate::style).
    pub(crate) fn render(&self, terminal: &Terminal) -> String {
        let widths = self.fit(terminal.width);
        let mut grid = Grid::new();
        let rule = LineStyle::none().fill(if terminal.unicode { '─' } else { '-' });
        grid.load_style(TableStyle::new().header_separator(rule))
            .set_content_arrangement(ContentArrangement::Disabled);
        grid.set_header(self.columns.iter().map(|column| style::strong(column.title)));
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(lines, width)| {
                let lines: Vec<_> =
                    lines.iter().map(|line| shorten(line, *width, terminal.ellipsis())).collect();
                Cell::new(lines.join("\n"))
            });
            grid.add_row(cells);
        }
        let last = self.columns.len().saturating_sub(1);
        for (index, (column, definition)) in grid.column_iter_mut().zip(&self.columns).enumerate() {
            column.set_padding((0, if index == last { 0 } else { GAP }));
            let inner = u16::try_from(widths[index]).unwrap_or(u16::MAX);
            let padding = if index == last { 0 } else { GAP };
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(
                inner.saturating_add(padding),
            )));
            if definition.right {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut out = String::new();
        for line in grid.lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    fn gaps(&self) -> usize {
        usize::from(GAP) * self.columns.len().saturating_sub(1)
    }

    fn natural_width(&self, index: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(index)).flatten();
        cells
            .map(|line| width(line))
            .max()
            .unwrap_or(0)
            .max(width(self.columns[index].title))
            .max(1)
    }

    /// Returns the column widths. The widest shrinkable columns are narrowed until all columns fit.
    fn fit(&self, available: usize) -> Vec<usize> {
        let mut widths: Vec<usize> =
            (0..self.columns.len()).map(|index| self.natural_width(index)).collect();
        while widths.iter().sum::<usize>() + self.gaps() > available {
            let may_shrink = |index: &usize| {
                self.columns[*index].min_width.is_some_and(|min_width| widths[*index] > min_width)
            };
            let Some(widest) =
                (0..widths.len()).filter(may_shrink).max_by_key(|index| widths[*index])
            else {
                break;
            };
            widths[widest] -= 1;
        }
        widths
    }
}

/// Renders name-value pairs, one per line, with aligned values.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let name_width = facts.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let mut out = String::new();
    for (name, value) in facts {
        let padding = " ".repeat(name_width - width(name) + usize::from(GAP));
        out.push_str(format!("{}{padding}{value}", style::strong(name)).trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(vec![
            Column::number("ID"),
            Column::text("Text", 10),
            Column::fixed("State"),
        ]);
        table.add_lines([
            vec!["7".to_owned()],
            vec!["short".to_owned(), "and a second line".to_owned()],
            vec!["active".to_owned()],
        ]);
        table.add([
            "1234".to_owned(),
            "a text that goes on and on until it no longer fits".to_owned(),
            "revoked".to_owned(),
        ]);
        table
    }

    #[test]
    fn tables_fit_the_width_by_shortening_text_columns() {
        let text = style::paint(&sample().render(&Terminal::plain(40)), false);
        let expected = "
  ID  Text                       State
────────────────────────────────────────
   7  short                      active
      and a second line
1234  a text that goes on and…   revoked
";
        assert_eq!(text, expected.trim_start_matches('\n'), "\n{text}");
        assert!(text.lines().all(|line| width(line) <= 40));
    }

    #[test]
    fn wide_characters_keep_columns_aligned() {
        let mut table = Table::new(vec![Column::text("Text", 6), Column::number("N")]);
        table.add(["日本語の長い文章".to_owned(), "1".to_owned()]);
        table.add(["👨‍👩‍👧‍👦 emoji".to_owned(), "22".to_owned()]);
        let text = style::paint(&table.render(&Terminal::plain(16)), false);
        let ends: Vec<usize> = text.lines().skip(2).map(width).collect();
        assert_eq!(ends, [16, 16], "\n{text}");
    }

    #[test]
    fn ascii_tables_have_ascii_rules() {
        let terminal = Terminal { unicode: false, ..Terminal::plain(40) };
        let text = style::paint(&sample().render(&terminal), false);
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains("..."), "{text}");
    }

    #[test]
    fn facts_are_aligned() {
        let text = style::paint(
            &facts(&[("ID", "7".to_owned()), ("Provider", "openai".to_owned())]),
            false,
        );
        assert_eq!(text, "ID        7\nProvider  openai\n");
    }
}
