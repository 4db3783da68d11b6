//! How much was said, by whom, and when.

use std::collections::BTreeMap;

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde::Serialize;

use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::schema::Moment;
use crate::value::Timestamp;

/// What provider and model are called where none is stored.
const UNKNOWN: &str = "unknown";

/// Totals over the messages of a span of time. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Analytics {
    /// Messages.
    pub total_messages: i64,
    /// Tokens over all messages that have a number of them.
    pub total_tokens: i128,
    /// Tokens a message, over the messages that have a number of them; `None` when none has.
    pub average_tokens: Option<f64>,
    /// Messages by provider; those without one count as `unknown`.
    pub providers: BTreeMap<String, i64>,
    /// Messages by model; those without one count as `unknown`.
    pub models: BTreeMap<String, i64>,
    /// Messages by day in UTC, as `YYYY-MM-DD`. Days without messages are left out.
    pub by_date: BTreeMap<String, i64>,
}

#[derive(QueryableByName)]
struct Group {
    #[diesel(sql_type = Nullable<Text>)]
    provider: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    model: Option<String>,
    #[diesel(sql_type = Text)]
    day: String,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    counted: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    tokens_high: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    tokens_low: Option<i64>,
}

/// Totals over the messages from `start` to `end`, both included; without them, over all.
///
/// # Errors
/// `InvalidInput` with the field `start_date` when the span ends before it starts.
pub fn analytics(
    connection: &mut Connection,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) -> Result<Analytics> {
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(Error::invalid_input("start_date", "must not be after end_date"));
    }
    let sql = sql(connection.engine());
    let groups = on_engine!(connection, c => sql_query(sql)
        .bind::<Moment, _>(start.unwrap_or(Timestamp::MIN))
        .bind::<Moment, _>(end.unwrap_or(Timestamp::MAX))
        .load::<Group>(c));
    groups.map(add_up).map_err(|error| connection.read_error(error))
}

/// One pass over the span. Token counts are added up in two halves, because the sum of 64-bit numbers needs more than
/// 64 bits, and each engine has its own way to run out of them.
fn sql(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "SELECT provider, model, substr(timestamp, 1, 10) AS day, count(*) AS messages, \
             count(tokens_used) AS counted, sum(tokens_used >> 32) AS tokens_high, \
             sum(tokens_used & 4294967295) AS tokens_low \
             FROM messages WHERE timestamp >= ? AND timestamp <= ? GROUP BY 1, 2, 3"
        }
        Engine::PostgreSql => {
            "SELECT provider, model, to_char(timestamp, 'YYYY-MM-DD') AS day, count(*) AS messages, \
             count(tokens_used) AS counted, sum(tokens_used >> 32)::bigint AS tokens_high, \
             sum(tokens_used & 4294967295)::bigint AS tokens_low \
             FROM messages WHERE timestamp >= $1 AND timestamp <= $2 GROUP BY 1, 2, 3"
        }
        Engine::MySql | Engine::MariaDb => {
            "SELECT provider, model, DATE_FORMAT(timestamp, '%Y-%m-%d') AS day, count(*) AS messages, \
             count(tokens_used) AS counted, CAST(sum(tokens_used >> 32) AS SIGNED) AS tokens_high, \
             CAST(sum(tokens_used & 4294967295) AS SIGNED) AS tokens_low \
             FROM messages WHERE timestamp >= ? AND timestamp <= ? GROUP BY 1, 2, 3"
        }
    }
}

fn add_up(groups: Vec<Group>) -> Analytics {
    let mut total = Analytics::default();
    let mut counted = 0_i64;
    for group in groups {
        total.total_messages += group.messages;
        counted += group.counted;
        total.total_tokens +=
            (i128::from(group.tokens_high.unwrap_or(0)) << 32) + i128::from(group.tokens_low.unwrap_or(0));
        let named = |name: Option<String>| name.unwrap_or_else(|| UNKNOWN.to_owned());
        *total.providers.entry(named(group.provider)).or_default() += group.messages;
        *total.models.entry(named(group.model)).or_default() += group.messages;
        *total.by_date.entry(group.day).or_default() += group.messages;
    }
    total.average_tokens = (counted > 0).then(|| total.total_tokens as f64 / counted as f64);
    total
}
