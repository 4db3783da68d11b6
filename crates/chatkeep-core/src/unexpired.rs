//! The condition that a row has not expired.

/// Builds the condition that a row of the table does not expire, or only after `$now`.
macro_rules! unexpired {
    ($table:ident, $now:expr) => {{
        use diesel::{BoolExpressionMethods as _, ExpressionMethods as _};
        $table::expires_at.is_null().or($table::expires_at.gt($now))
    }};
}

pub(crate) use unexpired;
