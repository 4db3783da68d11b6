//! Queries on the stored totals.

use diesel::sql_types::{BigInt, Integer, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::span::Part;
use super::sums::Sums;
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
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    with_tokens: i64,
    #[diesel(sql_type = BigInt)]
    tokens_high: i64,
    #[diesel(sql_type = BigInt)]
    tokens_low: i64,
}

#[derive(QueryableByName)]
struct ByStart {
    #[diesel(sql_type = UtcTimestamp)]
    start: Timestamp,
    #[diesel(sql_type = BigInt)]
    messages: i64,
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
    let sums =
        ["messages", "with_tokens", "tokens_high", "tokens_low"].map(|column| sum(engine, column));
    let sql = sql(engine, &format!("provider, model, {}", sums.join(", ")), "provider, model");
    let rows = load!(connection, sql, part, ByName);
    let named = |row: ByName| {
        let tokens = Sums::join(row.tokens_high, row.tokens_low);
        (
            row.provider,
            row.model,
            Sums { messages: row.messages, with_tokens: row.with_tokens, tokens },
        )
    };
    rows.map(|rows| rows.into_iter().map(named).collect())
        .map_err(|error| connection.read_error(error))
}

/// Returns the number of messages in each hour or day of a part of a span.
pub(in crate::message) fn stored_by_start(
    connection: &mut Connection,
    part: Part,
) -> Result<Vec<(Timestamp, i64)>> {
    let engine = connection.engine();
    let sql = sql(engine, &format!("start, {}", sum(engine, "messages")), "start");
    let rows = load!(connection, sql, part, ByStart);
    rows.map(|rows| rows.into_iter().map(|row| (row.start, row.messages)).collect())
        .map_err(|error| connection.read_error(error))
}

/// Returns the SQL of an integer sum, cast to an integer.
fn sum(engine: Engine, column: &str) -> String {
    let whole = if matches!(engine, Engine::MySql | Engine::MariaDb) { "SIGNED" } else { "BIGINT" };
    format!("CAST(sum({column}) AS {whole}) AS {column}")
}

fn sql(engine: Engine, columns: &str, group: &str) -> String {
    let [hours, first, last] =
        if engine == Engine::PostgreSql { ["$1", "$2", "$3"] } else { ["?"; 3] };
    format!(
        "SELECT {columns} FROM message_totals \
         WHERE hours = {hours} AND start >= {first} AND start <= {last} \
         GROUP BY {group}"
    )
}
