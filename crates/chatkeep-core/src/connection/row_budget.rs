//! How many bytes of rows an answer may hold.

/// Decides which rows of an answer are kept: the first ones, as far as they have room. The first of all is kept whatever its
/// size is, so that a large one does not end the reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowBudget {
    left: Option<usize>,
    has_rows: bool,
    cut: bool,
}

impl RowBudget {
    /// Rows of this many bytes together are kept.
    pub(crate) fn bytes(bytes: usize) -> Self {
        Self { left: Some(bytes), has_rows: false, cut: false }
    }

    /// All rows are kept.
    pub(crate) fn unlimited() -> Self {
        Self { left: None, has_rows: false, cut: false }
    }

    pub(crate) fn is_limited(self) -> bool {
        self.left.is_some()
    }

    /// Whether a row of this many bytes is kept. After one that is not, none is.
    pub(crate) fn keeps(&mut self, bytes: usize) -> bool {
        let Some(left) = &mut self.left else { return true };
        self.cut |= self.has_rows && bytes > *left;
        self.has_rows = true;
        *left = left.saturating_sub(bytes);
        !self.cut
    }

    /// Whether rows were not kept.
    pub(crate) fn is_cut(self) -> bool {
        self.cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_as_far_as_they_have_room_and_one_at_least() {
        let mut budget = RowBudget::bytes(10);
        assert_eq!([4, 6, 1, 0].map(|bytes| budget.keeps(bytes)), [true, true, false, false]);
        assert!(budget.is_cut());
        let mut budget = RowBudget::bytes(10);
        assert_eq!([99, 1].map(|bytes| budget.keeps(bytes)), [true, false]);
        let mut budget = RowBudget::unlimited();
        assert!(budget.keeps(usize::MAX) && budget.keeps(usize::MAX) && !budget.is_cut());
    }
}
