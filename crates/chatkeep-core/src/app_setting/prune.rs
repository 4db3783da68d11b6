//! Deletion of old versions.

use diesel::dsl::exists;
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};

use super::rows::app_setting_versions;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::value::Timestamp;

diesel::alias!(app_setting_versions as newer_versions: NewerVersions);

/// The result of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// Number of deleted versions.
    pub deleted: u64,
    /// Position after the last examined version, for the next batch. `None` at the end.
    pub next: Option<(Timestamp, i64)>,
}

/// Examines up to `limit` versions older than `cutoff` after a position, and deletes those that are
/// not the newest one of their setting.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn prune_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    after: Option<(Timestamp, i64)>,
    limit: u32,
) -> Result<Pruned> {
    use app_setting_versions::dsl;
    let limit = i64::from(limit);
    let candidates = on_engine!(connection, c => {
        let mut query = app_setting_versions::table
            .filter(dsl::changed_at.lt(cutoff))
            .select((dsl::changed_at, dsl::id))
            .order((dsl::changed_at.asc(), dsl::id.asc()))
            .limit(limit)
            .into_boxed();
        // The bound on the time alone is redundant, but lets the engine seek in the index.
        if let Some((time, id)) = after {
            query = query.filter(
                dsl::changed_at.ge(time).and(dsl::changed_at.gt(time).or(dsl::id.gt(id))),
            );
        }
        query.load::<(Timestamp, i64)>(c)
    });
    let candidates = candidates.map_err(|error| connection.read_error(error))?;
    let next = candidates.last().copied().filter(|_| candidates.len() as i64 == limit);
    let ids: Vec<i64> = candidates.iter().map(|(_, id)| *id).collect();
    // MySQL cannot delete from a table that a subquery reads. A version that is not the newest one
    // never becomes it, so it can be deleted by its id.
    let superseded = on_engine!(connection, c => app_setting_versions::table
        .filter(dsl::id.eq_any(&ids))
        .filter(exists(
            newer_versions
                .filter(newer_versions.field(dsl::scope).eq(dsl::scope))
                .filter(newer_versions.field(dsl::setting_key).eq(dsl::setting_key))
                .filter(newer_versions.field(dsl::version).gt(dsl::version)),
        ))
        .select(dsl::id)
        .load::<i64>(c));
    let superseded = superseded.map_err(|error| connection.read_error(error))?;
    if superseded.is_empty() {
        return Ok(Pruned { deleted: 0, next });
    }
    let deleted = on_engine!(connection, c => diesel::delete(
        app_setting_versions::table.filter(dsl::id.eq_any(&superseded))).execute(c));
    let deleted = deleted.map_err(|error| connection.write_error(error))? as u64;
    Ok(Pruned { deleted, next })
}
