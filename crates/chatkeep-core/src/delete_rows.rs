//! Deletion of a limited number of rows.

/// Deletes up to `limit` rows that match the condition, the first ones in an order if there is one,
/// and evaluates to their number; `None` if no row matches. Their ids are selected first, because
/// PostgreSQL has no limit in deletions. A row that no longer matches by then is not deleted.
macro_rules! delete_rows {
    ($connection:expr, $table:ident, $filter:expr $(; $order:expr)?, $limit:expr) => {{
        use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
        let deleted = $crate::connection::on_engine!($connection, c => $table::table
            .filter($filter)
            $(.order($order))?
            .select($table::id)
            .limit(i64::from($limit))
            .load::<i64>(c)
            .and_then(|ids| match ids.as_slice() {
                [] => Ok(None),
                ids => {
                    let rows = $table::table.filter($table::id.eq_any(ids)).filter($filter);
                    diesel::delete(rows).execute(c).map(|count| Some(count as u64))
                }
            }));
        deleted.map_err(|error| $connection.write_error(error))
    }};
}

pub(crate) use delete_rows;
