//! Storing requests together with their totals.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use diesel::{Insertable, QueryResult, RunQueryDsl};

use super::add_totals::{TotalArrays, add_totals};
use super::new::ResolvedRequest;
use super::tables::chat_routing_requests;
use super::totals::{SHARDS, Totals};
use crate::connection::{Connection, PgConnection, Session, all_stored, insert_many};
use crate::db_error::constraint::{Unique, explain_duplicate};
use crate::error::{Error, Result};
use crate::schema::{Json, UtcTimestamp};
use crate::value::{Cost, JsonValue, Timestamp};

/// Maximum number of requests in one statement on PostgreSQL.
const MAX_ROWS: usize = 1_000;

/// The columns of [`Row`].
const COLUMNS: &str = "request_id, attempt, user_id, conversation_id, capability, provider, model, \
     outcome, error_kind, latency_ms, ttft_ms, input_tokens, output_tokens, cached_tokens, \
     reasoning_tokens, cost, reason, source, created_at";

/// A row to insert.
#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = chat_routing_requests)]
#[diesel(treat_none_as_default_value = false)]
struct Row<'a> {
    request_id: &'a str,
    attempt: i32,
    user_id: Option<i64>,
    conversation_id: Option<i64>,
    capability: Option<&'a str>,
    provider: &'a str,
    model: &'a str,
    outcome: &'static str,
    error_kind: Option<&'a str>,
    latency_ms: Option<i64>,
    ttft_ms: Option<i64>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    cached_tokens: Option<i64>,
    reasoning_tokens: Option<i64>,
    cost: Option<Cost>,
    reason: Option<&'a JsonValue>,
    source: &'static str,
    created_at: Timestamp,
}

impl<'a> Row<'a> {
    fn new(request: &'a ResolvedRequest) -> Self {
        let new = &request.new;
        Self {
            request_id: &new.request_id,
            // It was checked to be in its range.
            attempt: new.attempt as i32,
            user_id: request.user_id,
            conversation_id: request.conversation_id,
            capability: new.capability.as_deref(),
            provider: &new.provider,
            model: &new.model,
            outcome: new.outcome.name(),
            error_kind: new.error_kind.as_deref(),
            latency_ms: new.latency_ms,
            ttft_ms: new.ttft_ms,
            input_tokens: new.input_tokens,
            output_tokens: new.output_tokens,
            cached_tokens: new.cached_tokens,
            reasoning_tokens: new.reasoning_tokens,
            cost: new.cost,
            reason: request.reason(),
            source: request.source().name(),
            created_at: request.created_at,
        }
    }

    fn size(&self) -> usize {
        500 + self.reason.map_or(0, |reason| reason.as_json().len())
    }
}

/// Stores requests that were checked, and adds them to the totals of a shard, all or none.
///
/// On PostgreSQL this is one statement. Elsewhere it is one transaction, in which the totals are
/// changed last: their rows are locked only until the commit.
///
/// # Errors
/// `Conflict`, not retryable, with the field `request_id` if one of the attempts is stored;
/// `OutcomeUnknown` or another error of the database.
pub fn store(connection: &mut Connection, requests: &[&ResolvedRequest], shard: i32) -> Result<()> {
    // On SQLite no other writer adds to totals at the same time.
    let is_server = connection.engine().is_server();
    let shard = if is_server { shard.rem_euclid(SHARDS) } else { 0 };
    for request in requests {
        if let Some(reason) = request.reason() {
            connection.check_bytes("reason", reason.as_json())?;
        }
    }
    if let (Session::PostgreSql(_), 1..=MAX_ROWS) = (&connection.session, requests.len()) {
        return store_arrays(connection, requests, shard);
    }
    connection.transaction(|connection| {
        if let Session::PostgreSql(_) = connection.session {
            // All rows first, so that a transaction that waits for one has locked no totals.
            for requests in requests.chunks(MAX_ROWS) {
                insert_arrays(connection, requests)?;
            }
        } else {
            insert(connection, requests)?;
        }
        add_totals(connection, &Totals::of(requests, shard))
    })
}

fn insert(connection: &mut Connection, requests: &[&ResolvedRequest]) -> Result<()> {
    let rows: Vec<_> = requests.iter().map(|request| Row::new(request)).collect();
    let stored = insert_many!(connection, chat_routing_requests, rows.as_slice(), Row::size);
    stored.map_err(|error| explain(connection.insert_error(error)))
}

fn insert_arrays(connection: &mut Connection, requests: &[&ResolvedRequest]) -> Result<()> {
    let Session::PostgreSql(c) = &mut connection.session else { return Ok(()) };
    let arrays = RequestArrays::new(requests);
    let stored = arrays.execute(c.as_mut());
    let stored = stored.and_then(|count| all_stored(Ok(count), requests.len()));
    stored.map_err(|error| explain(connection.insert_error(error)))
}

/// Stores requests and totals in one statement, which commits automatically.
fn store_arrays(
    connection: &mut Connection,
    requests: &[&ResolvedRequest],
    shard: i32,
) -> Result<()> {
    let totals = Totals::of(requests, shard);
    let totals: Vec<_> = totals.0.iter().collect();
    let both =
        BothArrays { requests: RequestArrays::new(requests), totals: TotalArrays::new(&totals) };
    let Session::PostgreSql(c) = &mut connection.session else { return Ok(()) };
    let stored = both.execute(c.as_mut());
    let stored = stored.and_then(|count| all_stored(Ok(count), requests.len()));
    stored.map_err(|error| explain(connection.insert_error(error)))
}

/// Explains that an attempt is stored.
fn explain(error: Error) -> Error {
    let message = "the attempt of the request is recorded already";
    explain_duplicate(error, &[Unique { column: "request_id", field: "request_id", message }])
}

/// The insert of any number of requests on PostgreSQL, which stays prepared, because each column is
/// sent as one array.
struct RequestArrays<'a> {
    request_id: Vec<&'a str>,
    attempt: Vec<i32>,
    user_id: Vec<Option<i64>>,
    conversation_id: Vec<Option<i64>>,
    capability: Vec<Option<&'a str>>,
    provider: Vec<&'a str>,
    model: Vec<&'a str>,
    outcome: Vec<&'static str>,
    error_kind: Vec<Option<&'a str>>,
    /// The columns from `latency_ms` to `reasoning_tokens`.
    counts: [Vec<Option<i64>>; 6],
    cost: Vec<Option<Cost>>,
    reason: Vec<Option<&'a JsonValue>>,
    source: Vec<&'static str>,
    created_at: Vec<Timestamp>,
}

impl<'a> RequestArrays<'a> {
    fn new(requests: &[&'a ResolvedRequest]) -> Self {
        let rows: Vec<_> = requests.iter().map(|request| Row::new(request)).collect();
        let counts = |count: fn(&Row<'a>) -> Option<i64>| rows.iter().map(count).collect();
        Self {
            request_id: rows.iter().map(|row| row.request_id).collect(),
            attempt: rows.iter().map(|row| row.attempt).collect(),
            user_id: counts(|row| row.user_id),
            conversation_id: counts(|row| row.conversation_id),
            capability: rows.iter().map(|row| row.capability).collect(),
            provider: rows.iter().map(|row| row.provider).collect(),
            model: rows.iter().map(|row| row.model).collect(),
            outcome: rows.iter().map(|row| row.outcome).collect(),
            error_kind: rows.iter().map(|row| row.error_kind).collect(),
            counts: [
                counts(|row| row.latency_ms),
                counts(|row| row.ttft_ms),
                counts(|row| row.input_tokens),
                counts(|row| row.output_tokens),
                counts(|row| row.cached_tokens),
                counts(|row| row.reasoning_tokens),
            ],
            cost: rows.iter().map(|row| row.cost).collect(),
            reason: rows.iter().map(|row| row.reason).collect(),
            source: rows.iter().map(|row| row.source).collect(),
            created_at: rows.iter().map(|row| row.created_at).collect(),
        }
    }
}

impl QueryId for RequestArrays<'_> {
    type QueryId = RequestArrays<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for RequestArrays<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("INSERT INTO chat_routing_requests (");
        out.push_sql(COLUMNS);
        out.push_sql(") SELECT * FROM unnest(");
        out.push_bind_param::<Array<Text>, _>(&self.request_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.attempt)?;
        for ids in [&self.user_id, &self.conversation_id] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Nullable<BigInt>>, _>(ids)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.capability)?;
        for texts in [&self.provider, &self.model] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Text>, _>(texts)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.outcome)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.error_kind)?;
        for counts in &self.counts {
            out.push_sql(", ");
            out.push_bind_param::<Array<Nullable<BigInt>>, _>(counts)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.cost)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Json>>, _>(&self.reason)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.source)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<UtcTimestamp>, _>(&self.created_at)?;
        out.push_sql(")");
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for RequestArrays<'_> {}

/// The inserts of requests and totals as one statement. PostgreSQL runs the one that returns nothing
/// to the other after it, so the rows of the totals are locked last.
struct BothArrays<'a> {
    requests: RequestArrays<'a>,
    totals: TotalArrays<'a>,
}

impl QueryId for BothArrays<'_> {
    type QueryId = BothArrays<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for BothArrays<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH totals AS (");
        self.totals.walk_ast(out.reborrow())?;
        out.push_sql(") ");
        self.requests.walk_ast(out.reborrow())
    }
}

impl RunQueryDsl<PgConnection> for BothArrays<'_> {}
