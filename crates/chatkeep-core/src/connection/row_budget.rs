//! A size limit for the rows of a query result.

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
