//! Writing many messages at once on MySQL and MariaDB: `INSERT … VALUES (…), (…), …`.

use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl};

use super::row::{COLUMNS, Row};
use crate::connection::{BatchIds, MysqlConnection, all_stored};

/// Stores these rows in one statement, and returns their ids in the same order.
///
/// Where ids are not returned they are counted from the first one: InnoDB numbers the rows of one insert of a known number
/// of rows without gaps, in steps of `auto_increment_increment` (MySQL's manual, "AUTO_INCREMENT Handling in InnoDB":
/// simple inserts).
pub(super) fn insert(
    c: &mut MysqlConnection,
    rows: &[Row<'_>],
    batch_ids: BatchIds,
) -> QueryResult<Vec<i64>> {
    let step = match batch_ids {
        BatchIds::Returned => {
            let mut ids = Returning(ManyRows(rows)).load::<i64>(c)?;
            // Rows are numbered in their order, whatever order they are returned in.
            ids.sort_unstable();
            return Ok(ids);
        }
        BatchIds::Stepped(step) => step,
        // There is one row in each statement.
        BatchIds::Single => 1,
    };
    all_stored(ManyRows(rows).execute(c), rows.len())?;
    let first = c.first_insert_id()?;
    Ok((0..).map(|place| first + place * step).take(rows.len()).collect())
}

struct ManyRows<'a>(&'a [Row<'a>]);

impl QueryId for ManyRows<'_> {
    type QueryId = ();
    // The number of rows is part of the text, so the text is the key of the statement cache.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Mysql> for ManyRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql("INSERT INTO messages (");
        out.push_sql(COLUMNS);
        out.push_sql(") VALUES ");
        for (place, row) in self.0.iter().enumerate() {
            out.push_sql(if place == 0 { "(" } else { ", (" });
            row.push(&mut out)?;
            out.push_sql(")");
        }
        Ok(())
    }
}

impl<'a> RunQueryDsl<MysqlConnection> for ManyRows<'a> {}

/// The same, with the rows' ids as its answer. MariaDB has it.
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
