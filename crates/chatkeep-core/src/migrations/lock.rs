//! The lock that admits one migration runner at a time.
//!
//! Each engine has its own lock. All of them are polled instead of waited for in the server, so
//! that no connection stays blocked there after its program has exited.

use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::lease::{self, Lease};
use crate::connection::{BEGIN_READ_COMMITTED, Connection, Session};
use crate::db_error::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::pause;

/// Maximum time to wait for another program's migrations.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(600);
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Key of PostgreSQL's advisory lock: the bytes of `chatkeep` as a number. It must never change.
pub(super) const POSTGRESQL_KEY: i64 = i64::from_be_bytes(*b"chatkeep");

pub(super) fn timeout_error() -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!(
            "timed out after {} s because another program is running migrations",
            MAX_WAIT.as_secs()
        ),
    )
}

/// The lock that is held while migrations run.
pub(super) enum HeldLock {
    /// A lock of the session or transaction, which ends with it.
    Session,
    /// A lock held by another connection.
    Separate(SeparateLock),
    /// A lease with an expiry time.
    Lease(Lease),
}

impl HeldLock {
    /// Checks that this program still holds the lock. Called before every statement and before
    /// recording its result. In a transaction the lock is then held until its end.
    ///
    /// # Errors
    /// `Conflict` if the lock was lost. Nothing more may be run or recorded then.
    pub(super) fn check(&mut self, connection: &mut Connection) -> Result<()> {
        match self {
            Self::Session => Ok(()),
            Self::Separate(lock) => lock.check(),
            Self::Lease(lease) => lease.check(connection),
        }
    }
}

/// Runs `work` with a transaction-level advisory lock, which also works through a pooler in
/// transaction mode.
pub(super) fn postgresql<T>(
    connection: &mut Connection,
    mut work: impl FnMut(&mut Connection) -> Result<T>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        let outcome = connection.transaction(|connection| {
            if try_advisory_lock(connection)? { work(connection).map(Some) } else { Ok(None) }
        })?;
        match outcome {
            Some(value) => return Ok(value),
            None if start.elapsed() > MAX_WAIT => return Err(timeout_error()),
            None => pause(POLL_INTERVAL)?,
        }
    }
}

/// Runs `work` while the transaction of a separate connection holds the same lock, for migrations
/// that cannot run in a transaction.
///
/// The lock is never waited for inside the server, because `CREATE INDEX CONCURRENTLY` waits for
/// every waiting transaction.
pub(super) fn postgresql_separate<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection, &mut HeldLock) -> Result<T>,
) -> Result<T> {
    let mut held =
        HeldLock::Separate(SeparateLock::acquire(connection.open_params()?.reopen(None)?)?);
    let outcome = work(connection, &mut held);
    if let HeldLock::Separate(lock) = held {
        lock.release();
    }
    outcome
}

/// The lock held by a separate connection.
pub(super) struct SeparateLock {
    holder: Connection,
}

impl SeparateLock {
    fn acquire(mut holder: Connection) -> Result<Self> {
        let start = Instant::now();
        loop {
            // The transaction is idle while migrations run. It must not keep a snapshot, because
            // CREATE INDEX CONCURRENTLY waits for every transaction with an older one.
            let begin = format!(
                "{BEGIN_READ_COMMITTED}; SET LOCAL idle_in_transaction_session_timeout = 0"
            );
            holder.batch(&begin, Effect::None)?;
            if try_advisory_lock(&mut holder)? {
                return Ok(Self { holder });
            }
            holder.batch("ROLLBACK", Effect::None)?;
            if start.elapsed() > MAX_WAIT {
                return Err(timeout_error());
            }
            pause(POLL_INTERVAL)?;
        }
    }

    fn check(&mut self) -> Result<()> {
        self.holder.batch("SELECT 1", Effect::None).map_err(|error| {
            Error::new(
                ErrorKind::Conflict,
                "lost the connection that holds the migration lock; run the migrations again",
            )
            .with_source(error)
        })
    }

    fn release(mut self) {
        // The lock ends with the connection in any case.
        let _ = self.holder.batch("ROLLBACK", Effect::None);
    }
}

/// Runs `work` with the advisory lock, and fails if another program holds it.
pub(super) fn try_postgresql<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T>,
) -> Result<T> {
    connection.transaction(|connection| {
        if try_advisory_lock(connection)? {
            work(connection)
        } else {
            Err(Error::new(
                ErrorKind::Conflict,
                "another program is running migrations; try again later",
            ))
        }
    })
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

fn try_advisory_lock(connection: &mut Connection) -> Result<bool> {
    let Session::PostgreSql(session) = &mut connection.session else {
        return Err(Error::internal("advisory locks are only available on PostgreSQL"));
    };
    let answer = sql_query("SELECT pg_try_advisory_xact_lock($1) AS locked")
        .bind::<BigInt, _>(POSTGRESQL_KEY)
        .get_result::<Locked>(session.as_mut());
    answer.map(|row| row.locked).map_err(|error| connection.read_error(error))
}

/// Runs `work` with a named lock of the session. On Galera, whose nodes do not share named locks,
/// with a lease.
pub(super) fn mysql<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection, &mut HeldLock) -> Result<T>,
) -> Result<T> {
    if is_galera(connection)? {
        lease::hold(connection, lease::TERM, work)
    } else {
        with_named_lock(connection, |connection| work(connection, &mut HeldLock::Session))
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
}

pub(super) fn number(connection: &mut Connection, sql: &str, name: &str) -> Result<Option<i64>> {
    let Session::MySql(session) = &mut connection.session else {
        return Err(Error::internal("named locks are only available on MySQL"));
    };
    let answer = sql_query(sql).bind::<Text, _>(name).load::<Number>(session.as_mut());
    let rows = answer.map_err(|error| connection.read_error(error))?;
    Ok(rows.first().and_then(|row| row.number))
}

fn is_galera(connection: &mut Connection) -> Result<bool> {
    let Session::MySql(session) = &mut connection.session else { return Ok(false) };
    // A server without Galera does not have this variable, and returns no row.
    let answer = sql_query("SHOW VARIABLES LIKE 'wsrep_on'").load::<WsrepOn>(session.as_mut());
    let rows = answer.map_err(|error| connection.read_error(error))?;
    Ok(rows.iter().any(|row| row.value.eq_ignore_ascii_case("on")))
}

#[derive(QueryableByName)]
struct WsrepOn {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

fn with_named_lock<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T>,
) -> Result<T> {
    // Named locks are server-wide, so the name includes a hash of the database name. Names have at
    // most 64 characters.
    let get =
        "SELECT CAST(GET_LOCK(CONCAT(?, LEFT(SHA2(DATABASE(), 256), 32)), 0) AS SIGNED) AS number";
    let release =
        "SELECT CAST(RELEASE_LOCK(CONCAT(?, LEFT(SHA2(DATABASE(), 256), 32))) AS SIGNED) AS number";
    let name = "chatkeep_migrate_";
    let start = Instant::now();
    while number(connection, get, name)? != Some(1) {
        if start.elapsed() > MAX_WAIT {
            return Err(timeout_error());
        }
        pause(POLL_INTERVAL)?;
    }
    let outcome = work(connection);
    // A broken session has already released the lock.
    if !connection.is_broken() {
        number(connection, release, name)?;
    }
    outcome
}
