//! Queries on the audit log.

use std::cmp::Reverse;

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};

use super::record::{AuditEntry, AuditFilter, AuditPage, NewAuditEntry};
use super::redaction::redacted;
use super::rows::chat_audit_log;
use crate::connection::{Connection, insert_one, on_engine};
use crate::delete_rows::delete_rows;
use crate::error::Result;
use crate::message::{Cursor, next_page};
use crate::value::{Timestamp, check_limit};

/// Number of entries that are read at a time.
const CHUNK: usize = 100;
/// Size at which a page ends, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// Records an action, without the values of keys that name a secret.
///
/// # Errors
/// `InvalidInput` with the field's name; or an error of the database.
pub fn record(connection: &mut Connection, new: &NewAuditEntry) -> Result<AuditEntry> {
    // The stored values are checked, because a redacted one may be longer.
    let new = NewAuditEntry {
        before: new.before.as_ref().map(redacted).transpose()?,
        after: new.after.as_ref().map(redacted).transpose()?,
        ..new.clone()
    };
    new.check()?;
    let created_at = Timestamp::now();
    let row = (
        chat_audit_log::created_at.eq(created_at),
        chat_audit_log::action.eq(&new.action),
        chat_audit_log::actor.eq(new.actor.as_deref()),
        chat_audit_log::object.eq(new.object.as_deref()),
        chat_audit_log::before_values.eq(new.before.as_ref()),
        chat_audit_log::after_values.eq(new.after.as_ref()),
        chat_audit_log::ip.eq(new.ip.as_deref()),
    );
    let id = insert_one!(connection, chat_audit_log, row);
    let id = id.map_err(|error| connection.insert_error(error))?;
    let NewAuditEntry { action, actor, object, before, after, ip } = new;
    Ok(AuditEntry { id, created_at, action, actor, object, before, after, ip })
}

/// Returns a page of the matching entries, newest first.
///
/// # Errors
/// `InvalidInput` with the field `limit` or `cursor`; or an error of the database.
pub fn list(
    connection: &mut Connection,
    filter: &AuditFilter,
    limit: i64,
    cursor: Option<&str>,
) -> Result<AuditPage> {
    check_limit(limit)?;
    let after = cursor.map(str::parse::<Cursor>).transpose()?;
    // Only the ids are sorted: MySQL cannot sort rows whose JSON exceeds the sort buffer.
    let ids = on_engine!(connection, c => {
        let mut query = chat_audit_log::table
            .select(chat_audit_log::id)
            .order((chat_audit_log::created_at.desc(), chat_audit_log::id.desc()))
            .limit(limit + 1)
            .into_boxed();
        if let Some(actor) = &filter.actor {
            query = query.filter(chat_audit_log::actor.eq(actor));
        }
        if let Some(object) = &filter.object {
            query = query.filter(chat_audit_log::object.eq(object));
        }
        if let Some(action) = &filter.action {
            query = query.filter(chat_audit_log::action.eq(action));
        }
        if let Some(start) = filter.start {
            query = query.filter(chat_audit_log::created_at.ge(start));
        }
        if let Some(end) = filter.end {
            query = query.filter(chat_audit_log::created_at.le(end));
        }
        // The bound on the time alone is redundant, but lets the engine seek in the index.
        if let Some((time, id)) = after.map(|cursor| (cursor.timestamp(), cursor.id())) {
            query = query.filter(chat_audit_log::created_at.le(time).and(
                chat_audit_log::created_at.lt(time).or(chat_audit_log::id.lt(id)),
            ));
        }
        query.load::<i64>(c)
    });
    let ids = ids.map_err(|error| connection.read_error(error))?;
    let position = |last: &AuditEntry| Cursor::after(last.created_at, last.id);
    let (mut entries, mut bytes) = (Vec::new(), 0);
    for ids in ids.chunks(CHUNK) {
        if bytes > MAX_BYTES {
            let next_cursor = entries.last().map(|last| position(last).to_string());
            return Ok(AuditPage { entries, next_cursor });
        }
        let chunk = with_ids(connection, ids)?;
        bytes += chunk.iter().map(AuditEntry::size).sum::<usize>();
        entries.extend(chunk);
    }
    let next_cursor = next_page(&mut entries, limit, position);
    Ok(AuditPage { entries, next_cursor })
}

/// Returns the entries with these ids, newest first.
fn with_ids(connection: &mut Connection, ids: &[i64]) -> Result<Vec<AuditEntry>> {
    let rows = on_engine!(connection, c => chat_audit_log::table
        .filter(chat_audit_log::id.eq_any(ids))
        .load::<AuditEntry>(c));
    let mut entries = rows.map_err(|error| connection.read_error(error))?;
    entries.sort_unstable_by_key(|entry| Reverse((entry.created_at, entry.id)));
    Ok(entries)
}

/// Deletes up to `limit` entries older than `cutoff`, and returns their number; `None` if there is
/// none.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_batch_older_than(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    let filter = chat_audit_log::created_at.lt(cutoff);
    let oldest = chat_audit_log::created_at.asc();
    delete_rows!(connection, chat_audit_log, filter; oldest, limit)
}
