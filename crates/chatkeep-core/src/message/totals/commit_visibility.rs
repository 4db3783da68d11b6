//! Visibility of commits: whether messages with smaller ids than a visible one can still appear.
//!
//! Ids are assigned in order, but a message with a smaller id may be committed after one with a
//! greater id. Each engine has its own way to determine that no such transaction is left.

use std::thread::sleep;
use std::time::Duration;

use diesel::sql_types::{Array, Text};
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, PgConnection, Session};
use crate::error::Result;

/// Maximum number of polls for PostgreSQL's writers, 40 ms in total: commits take no longer.
const MAX_POLLS: u32 = 40;
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// State of missing ids that are smaller than an id seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MissingIds {
    /// They will never appear.
    Final,
    /// They may appear, and must be recorded.
    Possible,
    /// They may appear soon: a long transaction is writing.
    Pending,
}

/// Determines whether missing ids can still appear.
///
/// - SQLite has one writer at a time, so ids are committed in order.
/// - PostgreSQL lists the holders of the lock that every insert takes before it gets an id. Once
///   all holders at the time of the greatest id have released it, later inserts get greater ids.
///   This waits for them as long as a commit takes.
/// - MySQL and MariaDB list lock holders only for administrators.
pub(super) fn missing_ids(connection: &mut Connection) -> Result<MissingIds> {
    match &mut connection.session {
        Session::Sqlite(_) => Ok(MissingIds::Final),
        Session::MySql(_) => Ok(MissingIds::Possible),
        Session::PostgreSql(c) => match wait_for_writers(c) {
            Ok(true) => Ok(MissingIds::Final),
            Ok(false) => Ok(MissingIds::Pending),
            Err(error) => Err(connection.read_error(error)),
        },
    }
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = Text)]
    holder: String,
}

/// Selects the holders of the insert lock. Reading `pg_locks` needs no privilege. The pid of a
/// prepared transaction is NULL.
macro_rules! holders {
    () => {
        "SELECT DISTINCT virtualtransaction AS holder FROM pg_locks WHERE locktype = 'relation' \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND relation = 'messages'::regclass AND pid IS DISTINCT FROM pg_backend_pid() AND granted \
         AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', \
         'AccessExclusiveLock')"
    };
}

/// Waits until all current writers have ended, and returns whether they have.
fn wait_for_writers(c: &mut PgConnection) -> QueryResult<bool> {
    let mut remaining: Vec<String> = names(sql_query(holders!()).load(c)?);
    for _ in 0..MAX_POLLS {
        if remaining.is_empty() {
            return Ok(true);
        }
        sleep(POLL_INTERVAL);
        let query = sql_query(concat!(holders!(), " AND virtualtransaction = ANY($1)"));
        remaining = names(query.bind::<Array<Text>, _>(remaining).load(c)?);
    }
    Ok(remaining.is_empty())
}

fn names(holders: Vec<Holder>) -> Vec<String> {
    holders.into_iter().map(|row| row.holder).collect()
}
