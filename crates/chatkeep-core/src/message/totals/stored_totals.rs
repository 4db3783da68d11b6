//! Queries on the stored totals.

use diesel::sql_types::{BigInt, Integer, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::span::Part;
use super::sums::{SUM_COLUMNS, Sums};
use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::UtcTimestamp;
use crate::value::Timestamp;

#[derive(QueryableByName)]
struct ByName {
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = Text)]
    model: String,
    #[diesel(embed)]
    sums: StoredSums,
}

#[derive(QueryableByName)]
struct ByStart {
    #[diesel(sql_type = UtcTimestamp)]
    start: Timestamp,
    #[diesel(embed)]
    sums: StoredSums,
}

#[derive(QueryableByName)]
struct StoredSums {
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    with_tokens: i64,
    #[diesel(sql_type = BigInt)]
    tokens_high: i64,
    #[diesel(sql_type = BigInt)]
    tokens_low: i64,
    #[diesel(sql_type = BigInt)]
    with_cost: i64,
    #[diesel(sql_type = BigInt)]
    cost_high: i64,
    #[diesel(sql_type = BigInt)]
    cost_low: i64,
}

impl From<StoredSums> for Sums {
    fn from(sums: StoredSums) -> Self {
        Self::from_values((
            sums.messages,
            sums.with_tokens,
            sums.tokens_high,
            sums.tokens_low,
            sums.with_cost,
            sums.cost_high,
            sums.cost_low,
        ))
    }
}

macro_rules! load {
    ($connection:expr, $sql:expr, $part:expr, $row:ty) => {
        on_engine!($connection, c => sql_query($sql)
            .bind::<Integer, _>($part.hours)
            .bind::<UtcTimestamp, _>($part.starts.first)
            .bind::<UtcTimestamp, _>($part.starts.last)
            .load::<$row>(c))
    };
}

/// Returns the sums of a part of a span by provider and model.
///
/// The database sums over the hours or days. Transferring every row would take longer than that.
pub(in crate::message) fn stored_by_name(
    connection: &mut Connection,
    part: Part,
) -> Result<Vec<(String, String, Sums)>> {
    let engine = connection.engine();
    let sql = sql(engine, "provider, model");
    let rows = load!(connection, sql, part, ByName);
    let named = |row: ByName| (row.provider, row.model, row.sums.into());
    rows.map(|rows| rows.into_iter().map(named).collect())
        .map_err(|error| connection.read_error(error))
}

/// Returns the sums of each hour or day of a part of a span.
pub(in crate::message) fn stored_by_start(
    connection: &mut Connection,
    part: Part,
) -> Result<Vec<(Timestamp, Sums)>> {
    let engine = connection.engine();
    let sql = sql(engine, "start");
    let rows = load!(connection, sql, part, ByStart);
    rows.map(|rows| rows.into_iter().map(|row| (row.start, row.sums.into())).collect())
        .map_err(|error| connection.read_error(error))
}

/// Returns the SQL of an integer sum, cast to an integer.
fn sum(engine: Engine, column: &str) -> String {
    let whole = if matches!(engine, Engine::MySql | Engine::MariaDb) { "SIGNED" } else { "BIGINT" };
    format!("CAST(sum({column}) AS {whole}) AS {column}")
}

fn sql(engine: Engine, group: &str) -> String {
    let sums = SUM_COLUMNS.map(|column| sum(engine, column)).join(", ");
    let [hours, first, last] =
        if engine == Engine::PostgreSql { ["$1", "$2", "$3"] } else { ["?"; 3] };
    format!(
        "SELECT {group}, {sums} FROM message_totals \
         WHERE hours = {hours} AND start >= {first} AND start <= {last} \
         GROUP BY {group}"
    )
}
