//! Health of providers and their models.

use diesel::sql_types::{Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde::Serialize;

use super::measures::Measures;
use super::sums_sql::{marks, of_totals};
use super::totals::{HOUR, MINUTE, Total, next_start, start_of};
use crate::connection::{Connection, on_engine};
use crate::described::Record;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::schema::UtcTimestamp;
use crate::value::Timestamp;

/// Maximum number of minutes: a day.
const MAX_MINUTES: i64 = 1_440;

/// Health of a provider: the outcomes and latencies of its requests in the last minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct ProviderHealth {
    /// Name of the provider.
    pub provider: String,
    /// Number of requests, with failed and cancelled ones.
    pub requests: i64,
    /// Number of requests that failed.
    pub failures: i64,
    /// Number of requests that were cancelled.
    pub cancelled: i64,
    /// Failures per thousand requests that were not cancelled, rounded down. `None` if all were
    /// cancelled.
    pub failures_per_thousand: Option<i64>,
    /// Mean latency in milliseconds, rounded down. `None` if no request has a latency.
    pub average_latency_ms: Option<i64>,
    /// Upper bound of the median latency in milliseconds. `None` if no request has a latency, or if
    /// the median is more than 60,000.
    pub median_latency_ms: Option<i64>,
    /// Upper bound of the latency of 95 % of the requests in milliseconds. `None` if no request has
    /// a latency, or if the bound is more than 60,000.
    pub p95_latency_ms: Option<i64>,
    /// Mean time to the first token in milliseconds, rounded down. `None` if no request has one.
    pub average_ttft_ms: Option<i64>,
    /// Time of the last request.
    pub last_request_at: Timestamp,
    /// Time of the last request that failed, if any.
    pub last_failure_at: Option<Timestamp>,
    /// Health of the provider's models, ordered by name.
    pub models: Vec<ModelHealth>,
}

/// Health of a model: the outcomes and latencies of its requests in the last minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct ModelHealth {
    /// Name of the model.
    pub model: String,
    /// Number of requests, with failed and cancelled ones.
    pub requests: i64,
    /// Number of requests that failed.
    pub failures: i64,
    /// Number of requests that were cancelled.
    pub cancelled: i64,
    /// Failures per thousand requests that were not cancelled, rounded down. `None` if all were
    /// cancelled.
    pub failures_per_thousand: Option<i64>,
    /// Mean latency in milliseconds, rounded down. `None` if no request has a latency.
    pub average_latency_ms: Option<i64>,
    /// Upper bound of the median latency in milliseconds. `None` if no request has a latency, or if
    /// the median is more than 60,000.
    pub median_latency_ms: Option<i64>,
    /// Upper bound of the latency of 95 % of the requests in milliseconds. `None` if no request has
    /// a latency, or if the bound is more than 60,000.
    pub p95_latency_ms: Option<i64>,
    /// Mean time to the first token in milliseconds, rounded down. `None` if no request has one.
    pub average_ttft_ms: Option<i64>,
    /// Time of the last request.
    pub last_request_at: Timestamp,
    /// Time of the last request that failed, if any.
    pub last_failure_at: Option<Timestamp>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = Text)]
    model: String,
    #[diesel(embed)]
    sums: Measures,
    #[diesel(sql_type = UtcTimestamp)]
    last_request_at: Timestamp,
    #[diesel(sql_type = Nullable<UtcTimestamp>)]
    last_failure_at: Option<Timestamp>,
}

/// Checks a number of minutes.
///
/// # Errors
/// `InvalidInput` with the field `minutes`.
pub fn check_minutes(minutes: i64) -> Result<()> {
    if (1..=MAX_MINUTES).contains(&minutes) {
        return Ok(());
    }
    let message = format!("must be between 1 and {MAX_MINUTES}, not {minutes}");
    Err(Error::invalid_input("minutes", message))
}

/// Returns the health of the providers that had requests since the minute that was a number of
/// minutes before `now`, ordered by name.
///
/// # Errors
/// `InvalidInput` with the field `minutes`; `Unavailable` or another error of the database.
pub fn provider_health(
    connection: &mut Connection,
    minutes: i64,
    now: Timestamp,
) -> Result<Vec<ProviderHealth>> {
    check_minutes(minutes)?;
    let since = now.checked_add_microseconds(-minutes * 60_000_000).unwrap_or(Timestamp::MIN);
    let since = start_of(since, MINUTE);
    let hours = next_start(since, HOUR);
    let sql = sql(connection.engine());
    let rows = on_engine!(connection, c => sql_query(sql)
        .bind::<UtcTimestamp, _>(since)
        .bind::<UtcTimestamp, _>(hours)
        .bind::<UtcTimestamp, _>(hours)
        .load::<Row>(c));
    let mut rows = rows.map_err(|error| connection.read_error(error))?;
    rows.sort_unstable_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
    Ok(by_provider(rows))
}

/// Returns the query: minutes up to the next whole hour, and hours from there. So it reads at most
/// 60 minutes and 25 hours.
fn sql(engine: Engine) -> String {
    let [since, end, hours] = marks(engine);
    let part = |condition: String| format!("SELECT * FROM chat_routing_totals WHERE {condition}");
    let minutes = part(format!("minutes = {MINUTE} AND start >= {since} AND start < {end}"));
    let hours = part(format!("minutes = {HOUR} AND start >= {hours}"));
    format!(
        "SELECT provider, model, {}, max(last_request_at) AS last_request_at, \
         max(last_failure_at) AS last_failure_at FROM ({minutes} UNION ALL {hours}) AS parts \
         GROUP BY provider, model",
        of_totals(engine)
    )
}

/// Adds up the models of each provider. The rows are ordered.
fn by_provider(rows: Vec<Row>) -> Vec<ProviderHealth> {
    let mut providers: Vec<(String, Total, Vec<ModelHealth>)> = Vec::new();
    for row in rows {
        let Row { provider, model, sums, last_request_at, last_failure_at } = row;
        let total = Total { sums, last_request_at, last_failure_at };
        let health = model_health(model, &total);
        match providers.last_mut().filter(|(name, ..)| *name == provider) {
            Some((_, sum, models)) => {
                sum.add(&total);
                models.push(health);
            }
            None => providers.push((provider, total, vec![health])),
        }
    }
    let health = |(provider, total, models): (String, Total, Vec<ModelHealth>)| {
        let all = model_health(String::new(), &total);
        ProviderHealth {
            provider,
            requests: all.requests,
            failures: all.failures,
            cancelled: all.cancelled,
            failures_per_thousand: all.failures_per_thousand,
            average_latency_ms: all.average_latency_ms,
            median_latency_ms: all.median_latency_ms,
            p95_latency_ms: all.p95_latency_ms,
            average_ttft_ms: all.average_ttft_ms,
            last_request_at: all.last_request_at,
            last_failure_at: all.last_failure_at,
            models,
        }
    };
    providers.into_iter().map(health).collect()
}

fn model_health(model: String, total: &Total) -> ModelHealth {
    let sums = &total.sums;
    ModelHealth {
        model,
        requests: sums.requests,
        failures: sums.failures,
        cancelled: sums.cancelled,
        failures_per_thousand: sums.failures_per_thousand(),
        average_latency_ms: sums.average_latency_ms(),
        median_latency_ms: sums.latency_percentile_ms(50),
        p95_latency_ms: sums.latency_percentile_ms(95),
        average_ttft_ms: sums.average_ttft_ms(),
        last_request_at: total.last_request_at,
        last_failure_at: total.last_failure_at,
    }
}
