//! Usage of providers and models: requests, tokens and costs.

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde::Serialize;

use super::measures::Measures;
use super::sums_sql::{marks, of_requests, of_totals};
use super::totals::{HOUR, next_start, start_of};
use crate::connection::{Connection, on_engine};
use crate::described::Record;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::public_ids::{find_user, public_ids_of_users};
use crate::schema::UtcTimestamp;
use crate::value::{Timestamp, TotalCost, check_limit, refuse_nul};

/// Length of a day, in minutes.
const DAY: i32 = 24 * HOUR;
/// Number of days of the default period.
const DEFAULT_DAYS: i64 = 30;

/// By what usage is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[record(argument)]
pub enum RoutingUsageBy {
    /// By provider.
    Provider,
    /// By provider and model.
    Model,
    /// By UTC day.
    Day,
    /// By hour.
    Hour,
    /// By user. The requests are read one by one.
    User,
}

/// Usage of a provider, a model, a day, an hour or a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct RoutingUsage {
    /// Name of the provider, in usage by provider and by model.
    pub provider: Option<String>,
    /// Name of the model, in usage by model.
    pub model: Option<String>,
    /// Start of the day or of the hour, in usage by day and by hour.
    pub start: Option<Timestamp>,
    /// Public id of the user, in usage by user. `None` for requests without a user.
    pub user_id: Option<String>,
    /// Number of requests, with failed and cancelled ones.
    pub requests: i64,
    /// Number of requests that failed.
    pub failures: i64,
    /// Number of requests that were cancelled.
    pub cancelled: i64,
    /// Number of input tokens, including the cached ones.
    #[record(wide)]
    pub input_tokens: i64,
    /// Number of output tokens, including the reasoning.
    #[record(wide)]
    pub output_tokens: i64,
    /// Number of input tokens that providers read from their caches.
    #[record(wide)]
    pub cached_tokens: i64,
    /// Number of output tokens of reasoning.
    #[record(wide)]
    pub reasoning_tokens: i64,
    /// Cost in US dollars, as decimal text.
    pub cost: TotalCost,
}

/// The usage to return.
#[derive(Debug, Clone, Copy)]
pub struct UsageQuery<'a> {
    /// By what usage is added up.
    pub by: RoutingUsageBy,
    /// Start of the period; by default 30 days before its end.
    pub start: Option<Timestamp>,
    /// End of the period, exclusive; by default now.
    pub end: Option<Timestamp>,
    /// Public id of the user.
    pub user_id: Option<&'a str>,
    /// Maximum number of rows.
    pub limit: i64,
}

impl UsageQuery<'_> {
    /// Validates the query without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        check_limit(self.limit)?;
        self.user_id.map_or(Ok(()), |id| refuse_nul("user_id", id))?;
        match (self.start, self.end) {
            (Some(start), Some(end)) if start > end => {
                Err(Error::invalid_input("end_date", "must not be before start_date"))
            }
            _ => Ok(()),
        }
    }

    /// Returns the period in whole hours: its start, and its end, which is not part of it.
    fn hours(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let end = self.end.unwrap_or(now);
        let default = || end.checked_add_days(-DEFAULT_DAYS).unwrap_or(Timestamp::MIN);
        let start = self.start.unwrap_or_else(default);
        (start_of(start, HOUR), next_start(end, HOUR))
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = Text)]
    model: String,
    #[diesel(sql_type = UtcTimestamp)]
    start: Timestamp,
    #[diesel(sql_type = Nullable<BigInt>)]
    user_id: Option<i64>,
    #[diesel(embed)]
    sums: Measures,
}

/// Returns usage in whole hours: that of most requests first, or of days and hours in their order.
///
/// Usage by user, or of one user, is computed from the requests, the other from the totals.
///
/// # Errors
/// `InvalidInput` with the field's name; `Unavailable` or another error of the database.
pub fn usage(
    connection: &mut Connection,
    query: &UsageQuery<'_>,
    now: Timestamp,
) -> Result<Vec<RoutingUsage>> {
    query.check()?;
    let user = match query.user_id {
        Some(id) => match find_user(connection, id)? {
            Some(id) => Some(id),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let (start, end) = query.hours(now);
    let sql = sql(connection.engine(), query, user);
    let rows = on_engine!(connection, c => sql_query(sql)
        .bind::<UtcTimestamp, _>(start)
        .bind::<UtcTimestamp, _>(end)
        .bind::<BigInt, _>(query.limit)
        .load::<Row>(c));
    let mut rows = rows.map_err(|error| connection.read_error(error))?;
    if matches!(query.by, RoutingUsageBy::Day | RoutingUsageBy::Hour) {
        rows.sort_unstable_by_key(|row| row.start);
    }
    let users = match query.by {
        RoutingUsageBy::User => rows.iter().filter_map(|row| row.user_id).collect(),
        _ => Vec::new(),
    };
    let users = public_ids_of_users(connection, users.into_iter())?;
    let by = query.by;
    let usage = |row: Row| {
        let is_by_name = matches!(by, RoutingUsageBy::Provider | RoutingUsageBy::Model);
        let sums = row.sums;
        RoutingUsage {
            provider: is_by_name.then_some(row.provider),
            model: (by == RoutingUsageBy::Model).then_some(row.model),
            start: match by {
                RoutingUsageBy::Day => Some(start_of(row.start, DAY)),
                RoutingUsageBy::Hour => Some(start_of(row.start, HOUR)),
                _ => None,
            },
            user_id: row.user_id.and_then(|id| users.get(&id).cloned()),
            requests: sums.requests,
            failures: sums.failures,
            cancelled: sums.cancelled,
            input_tokens: sums.input_tokens,
            output_tokens: sums.output_tokens,
            cached_tokens: sums.cached_tokens,
            reasoning_tokens: sums.reasoning_tokens,
            cost: sums.cost(),
        }
    };
    Ok(rows.into_iter().map(usage).collect())
}

/// Returns the query. Each row has the values of one of its requests or totals that identify it.
fn sql(engine: Engine, query: &UsageQuery<'_>, user: Option<i64>) -> String {
    let by = query.by;
    let reads_requests = user.is_some() || by == RoutingUsageBy::User;
    let (table, time, sums, owner) = match reads_requests {
        true => ("chat_routing_requests", "created_at", of_requests(engine), "min(user_id)"),
        false => ("chat_routing_totals", "start", of_totals(engine), "CAST(NULL AS BIGINT)"),
    };
    let owner = if !reads_requests && engine.is_mysql() { "CAST(NULL AS SIGNED)" } else { owner };
    let [start, end, limit] = marks(engine);
    // Integers need no binding.
    let condition = match (reads_requests, user) {
        (true, Some(user)) => format!("user_id = {user} AND "),
        (true, None) => String::new(),
        (false, _) => format!("minutes = {HOUR} AND "),
    };
    let group = match (by, engine) {
        (RoutingUsageBy::Provider, _) => "provider".to_owned(),
        (RoutingUsageBy::Model, _) => "provider, model".to_owned(),
        (RoutingUsageBy::User, _) => "user_id".to_owned(),
        (RoutingUsageBy::Day, Engine::Sqlite) => format!("substr({time}, 1, 10)"),
        (RoutingUsageBy::Day, Engine::PostgreSql) => format!("date_trunc('day', {time})"),
        (RoutingUsageBy::Day, _) => format!("TO_DAYS({time})"),
        (RoutingUsageBy::Hour, Engine::Sqlite) => format!("substr({time}, 1, 13)"),
        (RoutingUsageBy::Hour, Engine::PostgreSql) => format!("date_trunc('hour', {time})"),
        (RoutingUsageBy::Hour, _) => format!("TO_DAYS({time}) * 24 + HOUR({time})"),
    };
    let order = match by {
        RoutingUsageBy::Day | RoutingUsageBy::Hour => format!("min({time}) DESC"),
        _ => {
            let count = if reads_requests { "count(*)" } else { "sum(requests)" };
            format!("{count} DESC, min(provider), min(model), {owner}")
        }
    };
    format!(
        "SELECT min(provider) AS provider, min(model) AS model, min({time}) AS start, \
         {owner} AS user_id, {sums} FROM {table} \
         WHERE {condition}{time} >= {start} AND {time} < {end} \
         GROUP BY {group} ORDER BY {order} LIMIT {limit}"
    )
}
