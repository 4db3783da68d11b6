//! Deletion of a limited number of rows.

/// Deletes up to `limit` rows that match the condition, and evaluates to their number. Their ids
/// are selected first, because PostgreSQL has no limit in deletions.
macro_rules! delete_rows {
    ($connection:expr, $table:ident, $filter:expr, $limit:expr) => {{
        use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
        let deleted = $crate::connection::on_engine!($connection, c => $table::table
            .filter($filter)
            .select($table::id)
            .limit(i64::from($limit))
            .load::<i64>(c)
            .and_then(|ids| match ids.as_slice() {
                [] => Ok(0),
                ids => diesel::delete($table::table.filter($table::id.eq_any(ids))).execute(c),
            }));
        deleted.map(|count| count as u64).map_err(|error| $connection.write_error(error))
    }};
}

pub(crate) use delete_rows;
