//! A size limit for the rows of a query result.

use diesel::QueryResult;

/// Decides which rows of a result are kept: rows from the start, as long as they fit the budget.
/// The first row is always kept, so that a large row cannot stop a reader from progressing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowBudget {
    left: Option<usize>,
    has_rows: bool,
    cut: bool,
}

impl RowBudget {
    /// Creates a budget of this many bytes for all rows together.
    pub(crate) fn bytes(bytes: usize) -> Self {
        Self { left: Some(bytes), has_rows: false, cut: false }
    }

    /// Creates a budget that keeps all rows.
    pub(crate) fn unlimited() -> Self {
        Self { left: None, has_rows: false, cut: false }
    }

    pub(crate) fn is_limited(self) -> bool {
        self.left.is_some()
    }

    /// Returns whether to keep a row of this many bytes. After the first dropped row, all are
    /// dropped.
    pub(crate) fn keeps(&mut self, bytes: usize) -> bool {
        let Some(left) = &mut self.left else { return true };
        self.cut |= self.has_rows && bytes > *left;
        self.has_rows = true;
        *left = left.saturating_sub(bytes);
        !self.cut
    }

    /// Returns whether rows were dropped.
    pub(crate) fn is_cut(self) -> bool {
        self.cut
    }
}

/// Returns the first rows within the budget. SQLite reads only one row that it leaves out.
pub(crate) fn first_within<T>(
    rows: impl Iterator<Item = QueryResult<T>>,
    budget: &mut RowBudget,
    size: impl Fn(&T) -> usize,
) -> QueryResult<Vec<T>> {
    let mut kept = Vec::new();
    for row in rows {
        let row = row?;
        if !budget.keeps(size(&row)) {
            break;
        }
        kept.push(row);
    }
    Ok(kept)
}

/// Maximum number of rows of [`rows_after_id`].
pub(crate) const MAX_ROWS: i64 = 2_000;
/// Maximum size of the rows of [`rows_after_id`], in bytes, unless the first row is larger.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// Loads the next complete rows of a table with an id greater than `$after`, ordered by id: up to
/// 2,000, or 4 MiB. The last argument estimates the size of a row.
macro_rules! rows_after_id {
    ($connection:expr, $table:ident::$id:ident > $after:expr, $size:expr) => {{
        use diesel::connection::DefaultLoadingMode;
        use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
        use $crate::connection::{MAX_BYTES, MAX_ROWS, RowBudget, first_within, on_engine};
        let budget = RowBudget::bytes(MAX_BYTES);
        let read = |connection: &mut $crate::connection::Connection| {
            let rows = on_engine!(connection, c => $table::table
                .filter($table::$id.gt($after))
                .order($table::$id.asc())
                .select($table::all_columns)
                .limit(MAX_ROWS)
                .load_iter::<_, DefaultLoadingMode>(c)
                .and_then(|rows| first_within(rows, &mut { budget }, $size)));
            rows.map_err(|error| connection.read_error(error))
        };
        $connection.within_budget(budget, read).map(|(rows, _)| rows)
    }};
}

pub(crate) use rows_after_id;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_within_the_budget_and_at_least_one() {
        let mut budget = RowBudget::bytes(10);
        assert_eq!([4, 6, 1, 0].map(|bytes| budget.keeps(bytes)), [true, true, false, false]);
        assert!(budget.is_cut());
        let mut budget = RowBudget::bytes(10);
        assert_eq!([99, 1].map(|bytes| budget.keeps(bytes)), [true, false]);
        let mut budget = RowBudget::unlimited();
        assert!(budget.keeps(usize::MAX) && budget.keeps(usize::MAX) && !budget.is_cut());
    }
}
