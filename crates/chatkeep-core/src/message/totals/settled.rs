//! Whether an id can still turn up. Ids are given in order, but a message with a smaller id may be committed after one with
//! a greater id. Each engine has its own way to find out that nobody is left who might do that.

use std::thread::sleep;
use std::time::Duration;

use diesel::sql_types::{Array, Text};
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, PgConnection, Session};
use crate::error::Result;

/// How often and how long PostgreSQL's writers are waited for: a commit takes no longer.
const LOOKS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(1);

/// What is known of ids that are smaller than one that was seen before, and are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// They will never turn up.
    Gone,
    /// They may turn up, and must be kept in mind.
    Possible,
    /// They may turn up at any moment: somebody has been writing for long.
    Expected,
}

/// - SQLite has one writer at a time: its ids are committed in their order.
/// - PostgreSQL tells who holds the lock that every insert takes before it gets an id. When all who held it after the
///   greatest id was seen have let it go, the rest gets greater ids. They are waited for as long as a commit takes.
/// - MySQL and MariaDB tell nobody but their administrators.
pub(super) fn missing(connection: &mut Connection) -> Result<Missing> {
    match &mut connection.session {
        Session::Sqlite(_) => Ok(Missing::Gone),
        Session::MySql(_) => Ok(Missing::Possible),
        Session::PostgreSql(c) => match writers_have_gone(c) {
            Ok(true) => Ok(Missing::Gone),
            Ok(false) => Ok(Missing::Expected),
            Err(error) => Err(connection.read_error(error)),
        },
    }
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = Text)]
    holder: String,
}

/// Reading needs no right. A prepared transaction has no process.
macro_rules! holders {
    () => {
        "SELECT DISTINCT virtualtransaction AS holder FROM pg_locks WHERE locktype = 'relation' \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND relation = 'messages'::regclass AND pid IS DISTINCT FROM pg_backend_pid() AND granted \
         AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
    };
}

fn writers_have_gone(c: &mut PgConnection) -> QueryResult<bool> {
    let mut left: Vec<String> = names(sql_query(holders!()).load(c)?);
    for _ in 0..LOOKS {
        if left.is_empty() {
            return Ok(true);
        }
        sleep(PAUSE);
        let still = sql_query(concat!(holders!(), " AND virtualtransaction = ANY($1)"));
        left = names(still.bind::<Array<Text>, _>(left).load(c)?);
    }
    Ok(left.is_empty())
}

fn names(holders: Vec<Holder>) -> Vec<String> {
    holders.into_iter().map(|row| row.holder).collect()
}
