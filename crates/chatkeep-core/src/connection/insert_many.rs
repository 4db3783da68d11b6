//! Inserts of many rows, in few statements.

use super::Connection;

/// Maximum number of rows in a statement. PostgreSQL and MySQL allow 65,535 values.
const MAX_ROWS: usize = 500;
/// Maximum size of a statement's rows, in bytes, unless its only row is larger.
const MAX_BYTES: usize = 1 << 20;

/// Stores rows with multi-row inserts, or on SQLite with one prepared statement per row, which is
/// the fastest way there. A single row has a prepared statement, too, while the text of a multi-row
/// insert depends on its number of rows. The last argument estimates the size of a row.
macro_rules! insert_many {
    ($connection:expr, $table:ident, $rows:expr, $size:expr) => {{
        use diesel::RunQueryDsl as _;
        use $crate::connection::{Session, all_stored, groups, max_insert_bytes};
        let max_bytes = max_insert_bytes($connection);
        let insert = || diesel::insert_into($table::table);
        match &mut $connection.session {
            Session::Sqlite(c) => $rows
                .iter()
                .cloned()
                .try_for_each(|row| all_stored(insert().values(row).execute(c), 1)),
            Session::PostgreSql(c) => $crate::connection::insert_many!(
                @groups c.as_mut(), insert, groups($rows, max_bytes, $size)
            ),
            Session::MySql(c) => $crate::connection::insert_many!(
                @groups c.as_mut(), insert, groups($rows, max_bytes, $size)
            ),
        }
    }};
    (@groups $connection:expr, $insert:ident, $groups:expr) => {
        $groups.into_iter().try_for_each(|rows| match rows {
            [row] => all_stored($insert().values(row.clone()).execute($connection), 1),
            rows => all_stored($insert().values(rows.to_vec()).execute($connection), rows.len()),
        })
    };
}

pub(crate) use insert_many;

/// Returns the maximum size of a statement's rows. A quarter of a server's packet is reserved for
/// the SQL around the values.
pub(crate) fn max_insert_bytes(connection: &Connection) -> usize {
    let packet = connection.max_row_bytes().map_or(usize::MAX, |packet| packet as usize / 4 * 3);
    packet.min(MAX_BYTES)
}

/// Splits rows by number and size. A row that is too large is a group of its own.
pub(crate) fn groups<T>(rows: &[T], max_bytes: usize, size: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut groups = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |row: &&T| {
            bytes += size(row) + 64;
            bytes <= max_bytes
        };
        let count = rest.iter().take(MAX_ROWS).take_while(fits).count().max(1);
        let (group, later) = rest.split_at(count);
        groups.push(group);
        rest = later;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_limited_by_rows_and_bytes() {
        let rows = vec![100; 1_200];
        let counts = |max_bytes| -> Vec<usize> {
            groups(&rows, max_bytes, |row| *row).iter().map(|group| group.len()).collect()
        };
        assert_eq!(counts(1 << 20), [500, 500, 200]);
        assert_eq!(counts(1_000), [6; 200]);
        assert_eq!(counts(10).len(), 1_200, "a row that is too large is a group");
    }
}
