//! Multi-row inserts on MySQL and MariaDB: `INSERT … VALUES (…), (…), …`.

use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl};

use super::row::{DETAIL_COLUMNS, LOG_COLUMNS, Row, have_details};
use crate::connection::{BatchIds, MysqlConnection, all_stored};

/// Stores these rows in one statement, and returns their ids in the same order.
///
/// Without `RETURNING`, ids are derived from the first one. InnoDB numbers the rows of a simple
/// insert (one with a known number of rows) without gaps, in steps of `auto_increment_increment`:
/// see "AUTO_INCREMENT Handling in InnoDB" in the MySQL manual.
pub(super) fn insert(
    c: &mut MysqlConnection,
    rows: &[Row<'_>],
    batch_ids: BatchIds,
) -> QueryResult<Vec<i64>> {
    let step = match batch_ids {
        BatchIds::Returned => {
            let mut ids = Returning(ManyRows(rows)).load::<i64>(c)?;
            // Ids are assigned in row order, but may be returned in another order.
            ids.sort_unstable();
            return Ok(ids);
        }
        BatchIds::Stepped(step) => step,
        // Each statement has one row.
        BatchIds::Single => 1,
    };
    all_stored(ManyRows(rows).execute(c), rows.len())?;
    let first = c.first_insert_id()?;
    Ok((0..).map(|index| first + index * step).take(rows.len()).collect())
}

struct ManyRows<'a>(&'a [Row<'a>]);

impl QueryId for ManyRows<'_> {
    type QueryId = ();
    // The SQL depends on the number of rows, so the statement cache is keyed by the SQL text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Mysql> for ManyRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        let has_details = have_details(self.0);
        out.push_sql("INSERT INTO messages (");
        out.push_sql(LOG_COLUMNS);
        if has_details {
            out.push_sql(DETAIL_COLUMNS);
        }
        out.push_sql(") VALUES ");
        for (index, row) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "(" } else { ", (" });
            row.push_log(&mut out)?;
            if has_details {
                row.push_details(&mut out)?;
            }
            out.push_sql(")");
        }
        Ok(())
    }
}

impl<'a> RunQueryDsl<MysqlConnection> for ManyRows<'a> {}

/// The same insert with `RETURNING id`, which MariaDB supports.
struct Returning<'a>(ManyRows<'a>);

impl QueryId for Returning<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Returning<'_> {
    type SqlType = BigInt;
}

impl QueryFragment<Mysql> for Returning<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" RETURNING id");
        Ok(())
    }
}

impl<'a> RunQueryDsl<MysqlConnection> for Returning<'a> {}
