//! Reading requests.

use std::cmp::Reverse;

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};

use super::new::{MAX_NAME, check_request_id};
use super::record::{RoutingOutcome, RoutingRequest, RoutingRequestPage};
use super::rows::{StoredRoutingRequest, records};
use super::tables::chat_routing_requests::{self, dsl};
use crate::connection::{Connection, MAX_BYTES, on_engine};
use crate::described::Record;
use crate::engine::Engine;
use crate::error::Result;
use crate::message::{Cursor, next_page};
use crate::public_ids::find_user;
use crate::value::{Timestamp, check_limit, check_name, refuse_nul};

/// Number of requests that are read at a time. Each may have 64 KiB.
const CHUNK: usize = 100;
/// Number of requests that a query with a condition without an index considers.
const WINDOW: i64 = 5_000;
/// Maximum number of such queries for a page.
const WINDOWS: usize = 10;

/// Conditions on requests, combined with AND. An empty filter matches all requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct RoutingFilter {
    /// Name of a provider.
    pub provider: Option<String>,
    /// Name of a model.
    pub model: Option<String>,
    /// Outcome of the requests.
    pub outcome: Option<RoutingOutcome>,
    /// Public id of a user, to return only the user's requests.
    pub user_id: Option<String>,
    /// Start of the period, inclusive.
    #[record(name = "start_date")]
    pub start: Option<Timestamp>,
    /// End of the period, inclusive.
    #[record(name = "end_date")]
    pub end: Option<Timestamp>,
}

impl RoutingFilter {
    /// Validates the filter without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        for (field, name) in [("provider", &self.provider), ("model", &self.model)] {
            name.as_deref().map_or(Ok(()), |name| check_name(field, name, MAX_NAME))?;
        }
        self.user_id.as_deref().map_or(Ok(()), |id| refuse_nul("user_id", id))
    }

    /// Returns whether an index does not have one of the conditions.
    fn has_unindexed(&self) -> bool {
        self.provider.is_some() || self.model.is_some() || self.outcome.is_some()
    }
}

/// The requests among which a query looks, newest first.
#[derive(Debug, Clone, Copy)]
struct Range {
    user: Option<i64>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    /// Requests after this position.
    after: Option<Cursor>,
    /// Requests up to this position, inclusive.
    last: Option<Cursor>,
}

/// Returns the attempts of a request, in their order.
///
/// # Errors
/// `InvalidInput` with the field `request_id`; `Unavailable` or another error of the database.
pub fn attempts(connection: &mut Connection, request_id: &str) -> Result<Vec<RoutingRequest>> {
    check_request_id(request_id)?;
    let rows = on_engine!(connection, c => chat_routing_requests::table
        .filter(dsl::request_id.eq(request_id))
        .order(dsl::attempt.asc())
        .select(chat_routing_requests::all_columns)
        .limit(crate::value::MAX_LIMIT)
        .load::<StoredRoutingRequest>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    records(connection, rows)
}

/// Returns a page of the matching requests, newest first.
///
/// It has fewer than `limit` if they are large, or if few of the next 50,000 requests match.
///
/// # Errors
/// `InvalidInput` with the field's name; `Unavailable` or another error of the database.
pub fn list(
    connection: &mut Connection,
    filter: &RoutingFilter,
    limit: i64,
    cursor: Option<&str>,
) -> Result<RoutingRequestPage> {
    check_limit(limit)?;
    filter.check()?;
    let after = cursor.map(str::parse::<Cursor>).transpose()?;
    let user = match filter.user_id.as_deref() {
        Some(id) => match find_user(connection, id)? {
            Some(id) => Some(id),
            None => return Ok(RoutingRequestPage { requests: Vec::new(), next_cursor: None }),
        },
        None => None,
    };
    let range = Range { user, start: filter.start, end: filter.end, after, last: None };
    let (found, mut next_cursor) = if filter.has_unindexed() {
        search(connection, filter, range, limit)?
    } else {
        let mut found = positions(connection, filter, range, limit + 1, 0)?;
        let next = next_page(&mut found, limit, |at| *at);
        (found, next)
    };
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for (index, chunk) in found.chunks(CHUNK).enumerate() {
        let chunk = at(connection, chunk)?;
        bytes += chunk.iter().map(StoredRoutingRequest::size).sum::<usize>();
        rows.extend(chunk);
        let read = (index + 1) * CHUNK;
        if bytes > MAX_BYTES && read < found.len() {
            next_cursor = Some(found[read - 1].to_string());
            break;
        }
    }
    Ok(RoutingRequestPage { requests: records(connection, rows)?, next_cursor })
}

/// Returns the positions of matching requests, and the cursor of the next page. It considers a
/// limited number of requests, however few match.
fn search(
    connection: &mut Connection,
    filter: &RoutingFilter,
    mut range: Range,
    limit: i64,
) -> Result<(Vec<Cursor>, Option<String>)> {
    let mut found = Vec::new();
    for _ in 0..WINDOWS {
        let all = RoutingFilter::default();
        let last = positions(connection, &all, Range { last: None, ..range }, 1, WINDOW - 1)?;
        range.last = last.first().copied();
        let left = limit - found.len() as i64;
        let mut next = positions(connection, filter, range, left + 1, 0)?;
        let cursor = next_page(&mut next, left, |at| *at);
        found.extend(next);
        if cursor.is_some() || range.last.is_none() {
            return Ok((found, cursor));
        }
        range.after = range.last;
        if found.len() as i64 == limit {
            break;
        }
    }
    Ok((found, range.after.map(|after| after.to_string())))
}

/// Returns the positions of the matching requests in a range, newest first.
fn positions(
    connection: &mut Connection,
    filter: &RoutingFilter,
    range: Range,
    limit: i64,
    offset: i64,
) -> Result<Vec<Cursor>> {
    // For the equality with a value, MariaDB looks up the value alone, and reads all of its rows up
    // to the page. As a range of one value, the condition lets it seek to the page.
    let is_mariadb = connection.engine() == Engine::MariaDb;
    let rows = on_engine!(connection, c => {
        let mut query = chat_routing_requests::table
            .select((dsl::created_at, dsl::id))
            .limit(limit)
            .into_boxed();
        if let Some(provider) = &filter.provider {
            query = query.filter(dsl::provider.eq(provider));
        }
        if let Some(model) = &filter.model {
            query = query.filter(dsl::model.eq(model));
        }
        if let Some(outcome) = filter.outcome {
            query = query.filter(dsl::outcome.eq(outcome.name()));
        }
        if let Some(start) = range.start {
            query = query.filter(dsl::created_at.ge(start));
        }
        if let Some(end) = range.end {
            query = query.filter(dsl::created_at.le(end));
        }
        // The bound on the time alone is redundant, but lets the engine seek in the index.
        if let Some((time, id)) = range.after.map(|after| (after.timestamp(), after.id())) {
            query = query.filter(
                dsl::created_at.le(time).and(dsl::created_at.lt(time).or(dsl::id.lt(id))),
            );
        }
        if let Some((time, id)) = range.last.map(|last| (last.timestamp(), last.id())) {
            query = query.filter(
                dsl::created_at.ge(time).and(dsl::created_at.gt(time).or(dsl::id.ge(id))),
            );
        }
        query = match range.user {
            Some(user) if is_mariadb => query
                .filter(dsl::user_id.ge(user).and(dsl::user_id.le(user)))
                .order(dsl::user_id.desc()),
            Some(user) => query.filter(dsl::user_id.eq(user)),
            None => query,
        };
        if offset > 0 {
            query = query.offset(offset);
        }
        query
            .then_order_by((dsl::created_at.desc(), dsl::id.desc()))
            .load::<(Timestamp, i64)>(c)
    });
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().map(|(time, id)| Cursor::after(time, id)).collect())
}

/// Returns the requests at these positions, in their order. One that was deleted is left out.
fn at(connection: &mut Connection, positions: &[Cursor]) -> Result<Vec<StoredRoutingRequest>> {
    let ids: Vec<_> = positions.iter().map(|at| at.id()).collect();
    let rows = on_engine!(connection, c => chat_routing_requests::table
        .filter(dsl::id.eq_any(&ids))
        .select(chat_routing_requests::all_columns)
        .load::<StoredRoutingRequest>(c));
    let mut rows = rows.map_err(|error| connection.read_error(error))?;
    rows.sort_unstable_by_key(|row| Reverse((row.created_at, row.id)));
    Ok(rows)
}
