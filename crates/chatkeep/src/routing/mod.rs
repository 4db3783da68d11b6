//! Requests to models of providers: their outcomes, the health of providers, and usage.

mod choose;
mod chooser;
mod health_cache;
mod policies;

mod recorder;
mod statistics;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use chatkeep_core::routing_requests;
use chatkeep_core::{
    Cursor, Error, NewRoutingRequest, Result, RoutingFilter, RoutingOutcome, RoutingRequest,
    RoutingRequestPage, check_limit,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use self::chooser::Chooser;
use self::recorder::Recorder;
use crate::managers::Parts;

/// Maximum number of requests in one call.
const MAX_REQUESTS: usize = 10_000;

/// Records requests to models. It is cheap to clone.
#[derive(Clone)]
pub struct RoutingManager {
    pool: Arc<Pool>,
    recorder: Arc<Recorder>,
    chooser: Arc<Chooser>,
}

/// Records requests to models of providers, with their outcomes, latencies, tokens and costs.
///
/// The health of providers and the usage are totals that are advanced in the transaction of the
/// requests. So they are exact, and do not become slower with the number of requests.
#[operations(name = "routing", receiver = routing, parts(STATISTICS, POLICIES, CHOICES))]
impl RoutingManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        let chooser = Arc::new(Chooser::new(&parts.providers));
        Self { pool: Arc::clone(&parts.pool), recorder: Arc::new(Recorder::new(parts)), chooser }
    }
    /// Records an attempt of a request to a model, and returns after the commit.
    ///
    /// Requests that are recorded concurrently share a transaction. Their users and conversations
    /// are looked up once a minute, so recording does not read from the database.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{NewRoutingRequest, RoutingOutcome};
    ///
    /// let failed = NewRoutingRequest {
    ///     error_kind: Some("rate_limit".to_owned()),
    ///     ..NewRoutingRequest::new("r-1", "openai", "gpt-4o", RoutingOutcome::Failure)
    /// };
    /// chat.routing().record_request(&failed)?;
    /// let second = NewRoutingRequest {
    ///     attempt: 2,
    ///     latency_ms: Some(850),
    ///     cost: Some("0.00125".parse()?),
    ///     ..NewRoutingRequest::new("r-1", "mistral", "large", RoutingOutcome::Success)
    /// };
    /// chat.routing().record_request(&second)?;
    ///
    /// assert_eq!(chat.routing().get_request_attempts("r-1")?.len(), 2);
    /// let health = chat.routing().get_provider_health(5)?;
    /// assert_eq!((&*health[0].provider, health[0].median_latency_ms), ("mistral", Some(1_000)));
    /// assert_eq!((&*health[1].provider, health[1].failures_per_thousand), ("openai", Some(1_000)));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, or there is no such user or conversation.
    /// - `Conflict`: the attempt of the request is recorded already. It is not retryable then, and
    /// its field is `request_id`. After an unknown outcome, it means that the request is stored.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The request may be
    /// stored; calling again is safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write)]
    pub fn record_request(&self, #[argument(flatten)] request: &NewRoutingRequest) -> Result<()> {
        let run = || {
            request.check()?;
            self.recorder.record(request)?;
            if request.outcome == RoutingOutcome::Failure {
                self.chooser.note_failure();
            }
            Ok(())
        };
        run().map_err(|error: Error| error.with_operation("record_request"))
    }

    /// Records attempts of requests, all or none.
    ///
    /// # Arguments
    /// - `requests`: The attempts, at most 10,000.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, such as `requests[3].provider`, or there is no such
    /// user or conversation.
    /// - `Conflict`: one of the attempts is recorded already. It is not retryable then, and its
    /// field is `request_id`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. All requests may be
    /// stored; calling again is safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write)]
    pub fn record_requests(&self, requests: &[NewRoutingRequest]) -> Result<()> {
        let run = || {
            check_all(requests)?;
            if requests.is_empty() {
                return Ok(());
            }
            self.recorder.record_all(requests, in_request)
        };
        run().map_err(|error: Error| error.with_operation("record_requests"))
    }

    /// Returns the attempts of a request, in their order.
    ///
    /// # Arguments
    /// - `request_id`: Id of the request.
    ///
    /// # Returns
    /// The attempts, at most 10,000. The list is empty if none is recorded, or if they were deleted.
    ///
    /// # Errors
    /// - `InvalidInput`: `request_id` is empty or too long.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn get_request_attempts(&self, request_id: &str) -> Result<Vec<RoutingRequest>> {
        let run = || {
            routing_requests::check_request_id(request_id)?;
            routing_requests::attempts(&mut *self.pool.reader()?, request_id)
        };
        run().map_err(|error: Error| error.with_operation("get_request_attempts"))
    }

    /// Returns recorded requests, newest first.
    ///
    /// A page of a search by provider, model or outcome considers at most 50,000 requests, however
    /// few match. So it may have fewer requests than `limit`, or none, and a further page.
    ///
    /// # Arguments
    /// - `limit`: Maximum number of requests to return (1–10,000). A page may have fewer if they are
    ///   large.
    /// - `cursor`: The `next_cursor` of the previous page.
    ///
    /// # Returns
    /// A page of requests. It is empty if there is no such user.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range, or another argument is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn list_routing_requests(
        &self,
        #[argument(flatten)] filter: &RoutingFilter,
        #[argument(default = 100)] limit: i64,
        cursor: Option<&str>,
    ) -> Result<RoutingRequestPage> {
        let run = || {
            check_limit(limit)?;
            filter.check()?;
            cursor.map(str::parse::<Cursor>).transpose()?;
            routing_requests::list(&mut *self.pool.reader()?, filter, limit, cursor)
        };
        run().map_err(|error: Error| error.with_operation("list_routing_requests"))
    }
}

/// Checks requests that are recorded together.
fn check_all(requests: &[NewRoutingRequest]) -> Result<()> {
    if requests.len() > MAX_REQUESTS {
        let message =
            format!("has {} requests; at most {MAX_REQUESTS} are allowed", requests.len());
        return Err(Error::invalid_input("requests", message));
    }
    let mut keys = HashSet::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        request.check().map_err(|error| in_request(index, error))?;
        if !keys.insert((&request.request_id, request.attempt)) {
            let error = Error::invalid_input("request_id", "is given twice with the same attempt");
            return Err(in_request(index, error));
        }
    }
    Ok(())
}

/// Adds the index of a request to the field of an error about it, such as `requests[3].provider`.
fn in_request(index: usize, error: Error) -> Error {
    match error.field() {
        Some(field) => {
            let field = format!("requests[{index}].{field}");
            error.with_field(field)
        }
        None => error,
    }
}

impl fmt::Debug for RoutingManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutingManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
