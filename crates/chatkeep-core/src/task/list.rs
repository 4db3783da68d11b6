//! Reading tasks.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use diesel::dsl::count_star;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::new::MAX_KIND;
use super::record::{Task, TaskCounts, TaskPage, TaskStatus};
use super::rows::{StoredTask, chat_tasks, records};
use crate::connection::{Connection, MAX_BYTES, on_engine};
use crate::error::Result;
use crate::message::{Cursor, next_page};
use crate::public_ids::find_user;
use crate::value::{Timestamp, check_limit, check_name, public_id, refuse_nul};

/// Number of tasks that are read at a time. Each may have 2 MiB.
const CHUNK: usize = 20;

/// Conditions on tasks, combined with AND. An empty filter matches all tasks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskFilter<'a> {
    /// State.
    pub status: Option<TaskStatus>,
    /// Kind.
    pub kind: Option<&'a str>,
    /// Public id of the user.
    pub user_id: Option<&'a str>,
}

impl TaskFilter<'_> {
    /// Validates the filter without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        self.kind.map_or(Ok(()), |kind| check_name("kind", kind, MAX_KIND))?;
        self.user_id.map_or(Ok(()), |id| refuse_nul("user_id", id))
    }
}

/// Returns the task with this public id, or `None` if it does not exist.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn get(connection: &mut Connection, task_id: &str) -> Result<Option<Task>> {
    if !public_id::may_exist(task_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_tasks::table
        .filter(chat_tasks::public_id.eq(task_id))
        .select(chat_tasks::all_columns)
        .get_result::<StoredTask>(c)
        .optional());
    match found.map_err(|error| connection.read_error(error))? {
        Some(row) => Ok(records(connection, vec![row])?.pop()),
        None => Ok(None),
    }
}

/// Returns a page of the matching tasks, newest first. It has fewer than `limit` if they are large.
///
/// # Errors
/// `InvalidInput` with the field's name; `Unavailable` or another error of the database.
pub fn list(
    connection: &mut Connection,
    filter: &TaskFilter<'_>,
    limit: i64,
    cursor: Option<&str>,
) -> Result<TaskPage> {
    check_limit(limit)?;
    filter.check()?;
    let before = cursor.map(str::parse::<Cursor>).transpose()?.map(Cursor::id);
    let user = match filter.user_id {
        Some(id) => match find_user(connection, id)? {
            Some(id) => Some(id),
            None => return Ok(TaskPage { tasks: Vec::new(), next_cursor: None }),
        },
        None => None,
    };
    // Only the ids are sorted: MySQL cannot sort rows whose JSON exceeds the sort buffer.
    let found = on_engine!(connection, c => {
        let mut query = chat_tasks::table
            .select((chat_tasks::id, chat_tasks::created_at))
            .order(chat_tasks::id.desc())
            .limit(limit + 1)
            .into_boxed();
        if let Some(status) = filter.status {
            query = query.filter(chat_tasks::status.eq(status.name()));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(chat_tasks::kind.eq(kind));
        }
        if let Some(user) = user {
            query = query.filter(chat_tasks::user_id.eq(user));
        }
        if let Some(before) = before {
            query = query.filter(chat_tasks::id.lt(before));
        }
        query.load::<(i64, Timestamp)>(c)
    });
    let mut found = found.map_err(|error| connection.read_error(error))?;
    let after = |&(id, created_at): &(i64, Timestamp)| Cursor::after(created_at, id);
    let mut next_cursor = next_page(&mut found, limit, after);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for (index, chunk) in found.chunks(CHUNK).enumerate() {
        let chunk = with_ids(connection, chunk.iter().map(|(id, _)| *id))?;
        bytes += chunk.iter().map(StoredTask::size).sum::<usize>();
        rows.extend(chunk);
        let read = (index + 1) * CHUNK;
        if bytes > MAX_BYTES && read < found.len() {
            next_cursor = Some(after(&found[read - 1]).to_string());
            break;
        }
    }
    Ok(TaskPage { tasks: records(connection, rows)?, next_cursor })
}

/// Returns the tasks with these internal ids, newest first.
fn with_ids(
    connection: &mut Connection,
    ids: impl Iterator<Item = i64>,
) -> Result<Vec<StoredTask>> {
    let ids: Vec<_> = ids.collect();
    let rows = on_engine!(connection, c => chat_tasks::table
        .filter(chat_tasks::id.eq_any(&ids))
        .select(chat_tasks::all_columns)
        .load::<StoredTask>(c));
    let mut rows = rows.map_err(|error| connection.read_error(error))?;
    rows.sort_unstable_by_key(|row| Reverse(row.id));
    Ok(rows)
}

/// Returns the numbers of tasks by kind and state. It reads the index of all tasks.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count(connection: &mut Connection) -> Result<BTreeMap<String, TaskCounts>> {
    let rows = on_engine!(connection, c => chat_tasks::table
        .group_by((chat_tasks::status, chat_tasks::kind))
        .select((chat_tasks::status, chat_tasks::kind, count_star()))
        .load::<(String, String, i64)>(c));
    let mut counts = BTreeMap::<_, TaskCounts>::new();
    for (status, kind, count) in rows.map_err(|error| connection.read_error(error))? {
        *counts.entry(kind).or_default().of(TaskStatus::from_stored(&status)?) += count;
    }
    Ok(counts)
}
