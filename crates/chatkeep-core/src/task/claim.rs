//! Claiming due tasks: each is leased to one worker.
//!
//! PostgreSQL, MySQL and MariaDB lock the tasks that a claim takes. Other claims skip locked tasks,
//! so claims do not wait for each other. SQLite has one writer.
//!
//! Nodes of a Galera cluster share no locks. There, a claim updates tasks only if they are still
//! queued. If two nodes change the same task, the commit of one of them fails with a conflict.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::due::{DueTasks, find_due, next_level};
use super::ended_leases::end_leases;
use super::mysql_claim::DueIds;
use super::new::{check_kind, check_worker};
use super::record::ClaimedTask;
use super::rows::{StoredTask, chat_tasks, records};
use crate::connection::{BatchIds, Connection, Session, on_engine};
use crate::conversation::lease_end;
use crate::error::{Error, Result};
use crate::token::{hex, random_bytes};
use crate::value::Timestamp;

/// Maximum number of kinds of a claim.
const MAX_KINDS: usize = 100;
/// Maximum number of tasks that a claim takes. Each may have an input of 1 MiB.
const MAX_CLAIMED: i64 = 100;
/// Number of first tasks among which claims choose after a conflict between nodes.
const SPREAD: u8 = 32;

/// A request for tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskClaim<'a> {
    /// Kinds of the tasks. Those of the first one come first.
    pub kinds: &'a [String],
    /// Name of the worker.
    pub worker: &'a str,
    /// Seconds after which the lease ends unless it is extended.
    pub lease_seconds: i64,
    /// Maximum number of tasks.
    pub limit: i64,
}

impl<'a> TaskClaim<'a> {
    /// Validates the claim without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        if !(1..=MAX_KINDS).contains(&self.kinds.len()) {
            let message = format!("must have 1 to {MAX_KINDS} kinds, not {}", self.kinds.len());
            return Err(Error::invalid_input("kinds", message));
        }
        for (index, kind) in self.kinds.iter().enumerate() {
            check_kind("kinds", kind)
                .map_err(|error| error.with_field(format!("kinds[{index}]")))?;
        }
        check_worker(self.worker)?;
        lease_end(Timestamp::MIN, self.lease_seconds)?;
        if (1..=MAX_CLAIMED).contains(&self.limit) {
            return Ok(());
        }
        let message = format!("must be between 1 and {MAX_CLAIMED}, not {}", self.limit);
        Err(Error::invalid_input("limit", message))
    }

    /// Returns the kinds in their order, each once.
    pub(super) fn kinds(&self) -> Vec<&'a str> {
        let mut kinds = Vec::new();
        for kind in self.kinds {
            if !kinds.contains(&kind.as_str()) {
                kinds.push(kind.as_str());
            }
        }
        kinds
    }
}

/// The lease that a claim gives to its tasks.
struct Lease<'a> {
    worker: &'a str,
    token: &'a str,
    now: Timestamp,
    until: Timestamp,
}

/// Claims some of the due tasks that [`find_due`] found, in one transaction. Another claim may have
/// taken them since.
///
/// `after_conflict` is set if an earlier attempt failed with a conflict. On a Galera cluster, the
/// claim then chooses at random among the first tasks.
///
/// # Errors
/// `InvalidInput` with the field's name; `OutcomeUnknown` or another error of the database.
pub fn claim(
    connection: &mut Connection,
    claim: &TaskClaim<'_>,
    due: &DueTasks,
    after_conflict: bool,
) -> Result<Vec<ClaimedTask>> {
    claim.check()?;
    let (token, now) = (hex(&random_bytes::<16>()?), Timestamp::now());
    let until = lease_end(now, claim.lease_seconds)?;
    let lease = Lease { worker: claim.worker, token: &token, now, until };
    let spread = if after_conflict { random_bytes::<1>()?[0] % SPREAD } else { 0 };
    connection.transaction_that_reads_first(|connection| {
        let mut found = None;
        if due.has_ended_leases {
            end_leases(connection, now)?;
            found = find_due(connection, claim, now)?;
        }
        let due = found.as_ref().unwrap_or(due);
        let mut rows = Vec::new();
        for kind in claim.kinds() {
            let mut level = due.level(kind);
            while let Some(priority) = level {
                let left = claim.limit - rows.len() as i64;
                rows.extend(take(connection, &lease, (kind, priority), left, spread)?);
                if rows.len() as i64 >= claim.limit {
                    return claimed(connection, rows, &token);
                }
                level = next_level(connection, kind, priority, now)?;
            }
        }
        claimed(connection, rows, &token)
    })
}

fn claimed(
    connection: &mut Connection,
    rows: Vec<StoredTask>,
    token: &str,
) -> Result<Vec<ClaimedTask>> {
    let tasks = records(connection, rows)?.into_iter();
    Ok(tasks.map(|task| ClaimedTask { task, lease_token: token.to_owned() }).collect())
}

/// Takes up to `limit` due tasks of a kind and priority, the earliest ones first.
fn take(
    connection: &mut Connection,
    lease: &Lease<'_>,
    (kind, priority): (&str, i32),
    limit: i64,
    spread: u8,
) -> Result<Vec<StoredTask>> {
    let is_cluster = has_no_common_locks(connection);
    let mut offset = if is_cluster { i64::from(spread) } else { 0 };
    let mut taken = Vec::new();
    loop {
        let left = limit - taken.len() as i64;
        let ids = due_ids(connection, (kind, priority), lease.now, left, offset)?;
        if ids.is_empty() {
            if std::mem::take(&mut offset) == 0 {
                return Ok(taken);
            }
            continue;
        }
        let mut rows = lease_to(connection, lease, &ids)?;
        rows.sort_unstable_by_key(|row| (row.run_at, row.id));
        taken.extend(rows);
        // Locked tasks do not change, so all of them are taken. Without locks, another claim of the
        // same node may have taken some, which are no longer queued.
        if !is_cluster || taken.len() as i64 >= limit {
            return Ok(taken);
        }
    }
}

/// Returns whether the database has several nodes that share no locks.
pub(super) fn has_no_common_locks(connection: &Connection) -> bool {
    matches!(connection.session, Session::MySql(_))
        && matches!(connection.batch_ids(), BatchIds::Returned | BatchIds::Single)
}

fn due_ids(
    connection: &mut Connection,
    (kind, priority): (&str, i32),
    now: Timestamp,
    limit: i64,
    offset: i64,
) -> Result<Vec<i64>> {
    let locked = !has_no_common_locks(connection);
    let due = || {
        chat_tasks::table
            .filter(chat_tasks::status.eq("queued"))
            .filter(chat_tasks::kind.eq(kind))
            .filter(chat_tasks::priority.eq(priority))
            .filter(chat_tasks::run_at.le(now))
            .order((chat_tasks::run_at.asc(), chat_tasks::id.asc()))
            .select(chat_tasks::id)
            .limit(limit)
    };
    let ids = match &mut connection.session {
        // The transaction is the only writer.
        Session::Sqlite(c) => due().load::<i64>(c),
        Session::PostgreSql(c) => due().for_no_key_update().skip_locked().load::<i64>(c.as_mut()),
        Session::MySql(c) => {
            DueIds { kind, priority, now, limit, offset, locked }.load::<i64>(c.as_mut())
        }
    };
    ids.map_err(|error| connection.read_error(error))
}

/// Leases those of the tasks that are queued, and returns them.
fn lease_to(
    connection: &mut Connection,
    lease: &Lease<'_>,
    ids: &[i64],
) -> Result<Vec<StoredTask>> {
    let queued = || {
        chat_tasks::table
            .filter(chat_tasks::id.eq_any(ids))
            .filter(chat_tasks::status.eq("queued"))
            .filter(chat_tasks::lease_token.is_null())
    };
    let values = || {
        (
            chat_tasks::status.eq("running"),
            chat_tasks::attempts.eq(chat_tasks::attempts + 1),
            chat_tasks::lease_token.eq(Some(lease.token)),
            chat_tasks::lease_until.eq(Some(lease.until)),
            chat_tasks::worker.eq(Some(lease.worker)),
            chat_tasks::started_at.eq(Some(lease.now)),
        )
    };
    let leased = on_engine!(connection, c => diesel::update(queued()).set(values()).execute(c));
    leased.map_err(|error| connection.write_error(error))?;
    let rows = on_engine!(connection, c => chat_tasks::table
        .filter(chat_tasks::id.eq_any(ids))
        .filter(chat_tasks::lease_token.eq(Some(lease.token)))
        .select(chat_tasks::all_columns)
        .load::<StoredTask>(c));
    rows.map_err(|error| connection.read_error(error))
}
