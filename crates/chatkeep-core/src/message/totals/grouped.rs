//! Sums of log rows by hour, provider and model.

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::span::Span;
use super::sums::{Sums, Totals};
use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::UtcTimestamp;
use crate::value::Timestamp;

/// The rows to add up.
#[derive(Debug, Clone, Copy)]
pub(in crate::message) enum Rows {
    /// Rows in a time span.
    Between(Span),
    /// Rows in a time span with ids greater than the first number, up to the second.
    NumberedBetween(i64, i64, Span),
    /// Rows with ids greater than the first number, up to the second.
    Numbered(i64, i64),
}

#[derive(QueryableByName)]
struct Group {
    /// First timestamp of the group, which is within the hour.
    #[diesel(sql_type = UtcTimestamp)]
    first_timestamp: Timestamp,
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = Text)]
    model: String,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    with_tokens: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    tokens_high: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    tokens_low: Option<i64>,
}

/// Adds up the rows with one query.
pub(in crate::message) fn add_up(connection: &mut Connection, rows: Rows) -> Result<Totals> {
    let sql = sql(connection.engine(), rows);
    let groups = match rows {
        Rows::Between(span) => on_engine!(connection, c => sql_query(sql)
            .bind::<UtcTimestamp, _>(span.first)
            .bind::<UtcTimestamp, _>(span.last)
            .load::<Group>(c)),
        Rows::NumberedBetween(after, last, span) => on_engine!(connection, c => sql_query(sql)
            .bind::<BigInt, _>(after)
            .bind::<BigInt, _>(last)
            .bind::<UtcTimestamp, _>(span.first)
            .bind::<UtcTimestamp, _>(span.last)
            .load::<Group>(c)),
        Rows::Numbered(after, last) => {
            on_engine!(connection, c => sql_query(sql)
                .bind::<BigInt, _>(after)
                .bind::<BigInt, _>(last)
                .load::<Group>(c))
        }
    };
    let groups = groups.map_err(|error| connection.read_error(error))?;
    let mut totals = Totals::default();
    for group in &groups {
        let sums = Sums {
            messages: group.messages,
            with_tokens: group.with_tokens,
            tokens: Sums::join(group.tokens_high.unwrap_or(0), group.tokens_low.unwrap_or(0)),
        };
        totals.add(group.first_timestamp, &group.provider, &group.model, &sums);
    }
    Ok(totals)
}

/// Returns the query.
///
/// Token counts are summed as two halves, because the engines behave differently when a sum exceeds
/// 64 bits. The hour serves only for grouping, so each engine uses its fastest expression for it.
fn sql(engine: Engine, rows: Rows) -> String {
    let (hour, halves) = match engine {
        Engine::Sqlite => (
            "substr(timestamp, 1, 13)",
            "sum(tokens_used >> 32) AS tokens_high, sum(tokens_used & 4294967295) AS tokens_low",
        ),
        Engine::PostgreSql => (
            "date_trunc('hour', timestamp)",
            "sum(tokens_used >> 32)::bigint AS tokens_high, \
             sum(tokens_used & 4294967295)::bigint AS tokens_low",
        ),
        Engine::MySql | Engine::MariaDb => (
            "TO_DAYS(timestamp) * 24 + HOUR(timestamp)",
            "CAST(sum(tokens_used >> 32) AS SIGNED) AS tokens_high, \
             CAST(sum(tokens_used & 4294967295) AS SIGNED) AS tokens_low",
        ),
    };
    let [first, second, third, fourth] =
        if engine == Engine::PostgreSql { ["$1", "$2", "$3", "$4"] } else { ["?"; 4] };
    // The plus keeps SQLite from using the index on the timestamp: all rows may be in the span.
    let by_id = if engine == Engine::Sqlite { "+" } else { "" };
    let condition = match rows {
        Rows::Between(_) => format!("timestamp >= {first} AND timestamp <= {second}"),
        Rows::Numbered(..) => format!("id > {first} AND id <= {second}"),
        Rows::NumberedBetween(..) => format!(
            "id > {first} AND id <= {second} \
             AND {by_id}timestamp >= {third} AND {by_id}timestamp <= {fourth}"
        ),
    };
    format!(
        "SELECT min(timestamp) AS first_timestamp, coalesce(provider, 'unknown') AS provider, \
         coalesce(model, 'unknown') AS model, count(*) AS messages, \
         count(tokens_used) AS with_tokens, {halves} \
         FROM messages WHERE {condition} GROUP BY {hour}, 2, 3"
    )
}
