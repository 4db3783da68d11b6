//! Complete rows of the tables.

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::measures::{MEASURES, Measures};
use super::new::{Counts, MAX_NAME, check_attempt, check_reason, check_request_id, check_texts};
use super::record::{RoutingOutcome, RoutingRequest, RoutingSource};
use super::tables::{chat_routing_requests, chat_routing_totals};
use super::totals::{HOUR, MINUTE, SHARDS, start_of};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::public_ids::{public_ids_of_conversations, public_ids_of_users};
use crate::transfer::stored_rows;
use crate::value::{Cost, JsonValue, Timestamp, check_nonempty_name, raw_json};

/// A request with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = chat_routing_requests)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredRoutingRequest {
    /// Internal id.
    pub id: i64,
    /// Id of the request.
    pub request_id: String,
    /// Number of the attempt.
    pub attempt: i32,
    /// Internal id of the user.
    pub user_id: Option<i64>,
    /// Internal id of the conversation.
    pub conversation_id: Option<i64>,
    /// Capability that was needed.
    pub capability: Option<String>,
    /// Name of the provider.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// Name of the outcome.
    pub outcome: String,
    /// Kind of the error.
    pub error_kind: Option<String>,
    /// Duration of the request.
    pub latency_ms: Option<i64>,
    /// Time to the first token.
    pub ttft_ms: Option<i64>,
    /// Number of input tokens.
    pub input_tokens: Option<i64>,
    /// Number of output tokens.
    pub output_tokens: Option<i64>,
    /// Number of cached tokens.
    pub cached_tokens: Option<i64>,
    /// Number of reasoning tokens.
    pub reasoning_tokens: Option<i64>,
    /// Cost.
    pub cost: Option<Cost>,
    /// Why the provider and the model were chosen.
    #[serde(default, with = "raw_json::optional")]
    pub reason: Option<JsonValue>,
    /// Name of the source.
    pub source: String,
    /// Time of the request.
    pub created_at: Timestamp,
}

impl StoredRoutingRequest {
    /// Returns the approximate size of the row, in bytes.
    pub(super) fn size(&self) -> usize {
        500 + self.reason.as_ref().map_or(0, |reason| reason.as_json().len())
    }

    fn into_record(
        self,
        user_id: Option<String>,
        conversation_id: Option<String>,
    ) -> Result<RoutingRequest> {
        Ok(RoutingRequest {
            request_id: self.request_id,
            attempt: self.attempt,
            user_id,
            conversation_id,
            capability: self.capability,
            provider: self.provider,
            model: self.model,
            outcome: RoutingOutcome::from_stored(&self.outcome)?,
            error_kind: self.error_kind,
            latency_ms: self.latency_ms,
            ttft_ms: self.ttft_ms,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cached_tokens: self.cached_tokens,
            reasoning_tokens: self.reasoning_tokens,
            cost: self.cost,
            reason: self.reason,
            source: RoutingSource::from_stored(&self.source)?,
            created_at: self.created_at,
        })
    }
}

/// Converts rows, with the public ids of their users and conversations that still exist.
pub(super) fn records(
    connection: &mut Connection,
    rows: Vec<StoredRoutingRequest>,
) -> Result<Vec<RoutingRequest>> {
    let users = public_ids_of_users(connection, rows.iter().filter_map(|row| row.user_id))?;
    let conversations = rows.iter().filter_map(|row| row.conversation_id);
    let conversations = public_ids_of_conversations(connection, conversations)?;
    let record = |row: StoredRoutingRequest| {
        let user = row.user_id.and_then(|id| users.get(&id).cloned());
        let conversation = row.conversation_id.and_then(|id| conversations.get(&id).cloned());
        row.into_record(user, conversation)
    };
    rows.into_iter().map(record).collect()
}

/// Sums of requests with all their columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = chat_routing_totals)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredRoutingTotal {
    /// Internal id.
    pub id: i64,
    /// Length of the period: 1 or 60.
    pub minutes: i32,
    /// Start of the period.
    pub start: Timestamp,
    /// Name of the provider.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// Name of the requests' source.
    pub source: String,
    /// Number of the shard.
    pub shard: i32,
    /// Number of requests.
    pub requests: i64,
    /// Number of failed requests.
    pub failures: i64,
    /// Number of cancelled requests.
    pub cancelled: i64,
    /// Sum of the latencies.
    pub latency_ms: i64,
    /// Number of requests with a time to the first token.
    pub with_ttft: i64,
    /// Sum of the times to the first token.
    pub ttft_ms: i64,
    /// Sum of the input tokens.
    pub input_tokens: i64,
    /// Sum of the output tokens.
    pub output_tokens: i64,
    /// Sum of the cached tokens.
    pub cached_tokens: i64,
    /// Sum of the reasoning tokens.
    pub reasoning_tokens: i64,
    /// Sum of the costs, in multiples of 2^32 billionths of a US dollar.
    pub cost_high: i64,
    /// Sum of the remainders of the costs.
    pub cost_low: i64,
    /// Number of requests with a latency of at most 100 ms.
    pub within_100_ms: i64,
    /// Number of requests with a latency of more than 100, up to 250 ms.
    pub within_250_ms: i64,
    /// Number of requests with a latency of more than 250, up to 500 ms.
    pub within_500_ms: i64,
    /// Number of requests with a latency of more than 500, up to 1,000 ms.
    pub within_1000_ms: i64,
    /// Number of requests with a latency of more than 1,000, up to 2,000 ms.
    pub within_2000_ms: i64,
    /// Number of requests with a latency of more than 2,000, up to 4,000 ms.
    pub within_4000_ms: i64,
    /// Number of requests with a latency of more than 4,000, up to 8,000 ms.
    pub within_8000_ms: i64,
    /// Number of requests with a latency of more than 8,000, up to 15,000 ms.
    pub within_15000_ms: i64,
    /// Number of requests with a latency of more than 15,000, up to 30,000 ms.
    pub within_30000_ms: i64,
    /// Number of requests with a latency of more than 30,000, up to 60,000 ms.
    pub within_60000_ms: i64,
    /// Number of requests with a latency of more than 60,000 ms.
    pub over_60000_ms: i64,
    /// Time of the last request.
    pub last_request_at: Timestamp,
    /// Time of the last request that failed.
    pub last_failure_at: Option<Timestamp>,
}

stored_rows! {
    StoredRoutingRequest: chat_routing_requests by id,
        Self::size,
        check_request;
    StoredRoutingTotal: chat_routing_totals by id,
        |_| 500,
        check_total;
}

/// Validates a request as for recording it.
fn check_request(row: &StoredRoutingRequest) -> Result<()> {
    check_request_id(&row.request_id)?;
    check_attempt(row.attempt.into())?;
    check_names(&row.provider, &row.model, &row.source)?;
    RoutingOutcome::from_stored(&row.outcome).map_err(|error| invalid("outcome", &error))?;
    check_texts(row.capability.as_deref(), row.error_kind.as_deref())?;
    let counts = Counts {
        latency_ms: row.latency_ms,
        ttft_ms: row.ttft_ms,
        input_tokens: row.input_tokens,
        output_tokens: row.output_tokens,
        cached_tokens: row.cached_tokens,
        reasoning_tokens: row.reasoning_tokens,
    };
    counts.check()?;
    row.reason.as_ref().map_or(Ok(()), check_reason)
}

/// Validates sums: a period and a shard that exist, and no negative numbers.
fn check_total(row: &StoredRoutingTotal) -> Result<()> {
    check_names(&row.provider, &row.model, &row.source)?;
    if ![MINUTE, HOUR].contains(&row.minutes) {
        let message = format!("must be 1 or 60, not {}", row.minutes);
        return Err(Error::invalid_input("minutes", message));
    }
    if row.start != start_of(row.start, row.minutes) {
        return Err(Error::invalid_input("start", "is not the start of a period"));
    }
    if !(0..SHARDS).contains(&row.shard) {
        let message = format!("must be between 0 and {}, not {}", SHARDS - 1, row.shard);
        return Err(Error::invalid_input("shard", message));
    }
    let sums = Measures::of_row(row).values();
    match MEASURES.iter().zip(sums).find(|(_, sum)| *sum < 0) {
        Some((field, sum)) => {
            Err(Error::invalid_input(*field, format!("must be 0 or more, not {sum}")))
        }
        None => Ok(()),
    }
}

fn check_names(provider: &str, model: &str, source: &str) -> Result<()> {
    check_nonempty_name("provider", provider, MAX_NAME)?;
    check_nonempty_name("model", model, MAX_NAME)?;
    RoutingSource::from_stored(source).map(drop).map_err(|error| invalid("source", &error))
}

fn invalid(field: &'static str, error: &Error) -> Error {
    Error::invalid_input(field, error.message().to_owned())
}
