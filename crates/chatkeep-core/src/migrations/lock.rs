//! One runner at a time. Each engine has its own lock; all of them are asked for again and again rather than waited for,
//! so that no connection hangs in the server when its program has gone.

use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::lease::{self, Lease};
use crate::connection::{BEGIN_READ_COMMITTED, Connection, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Effect;
use crate::interruption::pause;

/// How long another program may take to run its migrations before we give up waiting.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
pub(super) const PAUSE: Duration = Duration::from_millis(100);
/// `chatkeep`, read as a number; the key of PostgreSQL's advisory lock. It must never change.
pub(super) const POSTGRESQL_KEY: i64 = i64::from_be_bytes(*b"chatkeep");

pub(super) fn give_up() -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!(
            "another program has been running migrations for more than {} s",
            PATIENCE.as_secs()
        ),
    )
}

/// The lock while migrations run, as far as it has to be looked after.
pub(super) enum Held {
    /// It is the session's or the transaction's own, and ends with it.
    BySession,
    /// Another connection holds it.
    Beside(Beside),
    /// It is ours for a time.
    Lease(Lease),
}

impl Held {
    /// Makes sure that the lock is still ours. It is asked before whatever is run, and before what was run is written down; in
    /// a transaction it stays ours until that ends.
    ///
    /// # Errors
    /// `Conflict` when it is not: then nothing more may be run, or written down.
    pub(super) fn check(&mut self, connection: &mut Connection) -> Result<()> {
        match self {
            Self::BySession => Ok(()),
            Self::Beside(beside) => beside.check(),
            Self::Lease(lease) => lease.check(connection),
        }
    }
}

/// A transaction-level advisory lock: it also works through a pooler in transaction mode, and ends with the transaction.
pub(super) fn postgresql<T>(
    connection: &mut Connection,
    mut work: impl FnMut(&mut Connection) -> Result<T>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        let outcome = connection.transaction_under_lock(|connection| {
            if try_advisory_lock(connection)? { work(connection).map(Some) } else { Ok(None) }
        })?;
        match outcome {
            Some(value) => return Ok(value),
            None if start.elapsed() > PATIENCE => return Err(give_up()),
            None => pause(PAUSE)?,
        }
    }
}

/// The same lock, held by the transaction of a connection of its own, so that migrations which cannot be run in a
/// transaction have it too. Nobody waits for it inside the server: `CREATE INDEX CONCURRENTLY` waits for all who do.
pub(super) fn beside<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection, &mut Held) -> Result<T>,
) -> Result<T> {
    let mut held = Held::Beside(Beside::take(connection.opening()?.again(None)?)?);
    let outcome = work(connection, &mut held);
    if let Held::Beside(lock) = held {
        lock.release();
    }
    outcome
}

pub(super) struct Beside {
    holder: Connection,
}

impl Beside {
    fn take(mut holder: Connection) -> Result<Self> {
        let start = Instant::now();
        loop {
            // It is idle for as long as the migrations take. It must keep no snapshot meanwhile: CREATE INDEX CONCURRENTLY
            // waits for every transaction that has an older one.
            let begin = format!(
                "{BEGIN_READ_COMMITTED}; SET LOCAL idle_in_transaction_session_timeout = 0"
            );
            holder.batch(&begin, Effect::None)?;
            if try_advisory_lock(&mut holder)? {
                return Ok(Self { holder });
            }
            holder.batch("ROLLBACK", Effect::None)?;
            if start.elapsed() > PATIENCE {
                return Err(give_up());
            }
            pause(PAUSE)?;
        }
    }

    fn check(&mut self) -> Result<()> {
        self.holder.batch("SELECT 1", Effect::None).map_err(|error| {
            Error::new(
                ErrorKind::Conflict,
                "the connection that held the migrations' lock was lost; run it again",
            )
            .with_source(error)
        })
    }

    fn release(mut self) {
        // The lock ends with the connection in any case.
        let _ = self.holder.batch("ROLLBACK", Effect::None);
    }
}

/// The same, for work that is done once only: whoever else runs migrations just now is not waited for.
pub(super) fn postgresql_once<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T>,
) -> Result<T> {
    connection.transaction_under_lock(|connection| {
        if try_advisory_lock(connection)? {
            work(connection)
        } else {
            Err(Error::new(
                ErrorKind::Conflict,
                "another program runs migrations just now; try again",
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
        return Err(Error::internal("an advisory lock is PostgreSQL's"));
    };
    let answer = sql_query("SELECT pg_try_advisory_xact_lock($1) AS locked")
        .bind::<BigInt, _>(POSTGRESQL_KEY)
        .get_result::<Locked>(session.as_mut());
    answer.map(|row| row.locked).map_err(|error| connection.read_error(error))
}

/// A named lock of the session; on Galera, which has none that its nodes share, a row that its owner holds for a time.
pub(super) fn mysql<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection, &mut Held) -> Result<T>,
) -> Result<T> {
    if is_galera(connection)? {
        lease::hold(connection, lease::TERM, work)
    } else {
        with_named_lock(connection, |connection| work(connection, &mut Held::BySession))
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
}

pub(super) fn number(connection: &mut Connection, sql: &str, name: &str) -> Result<Option<i64>> {
    let Session::MySql(session) = &mut connection.session else {
        return Err(Error::internal("a named lock is MySQL's"));
    };
    let answer = sql_query(sql).bind::<Text, _>(name).load::<Number>(session.as_mut());
    let rows = answer.map_err(|error| connection.read_error(error))?;
    Ok(rows.first().and_then(|row| row.number))
}

fn is_galera(connection: &mut Connection) -> Result<bool> {
    let Session::MySql(session) = &mut connection.session else { return Ok(false) };
    // A server without Galera has no such variable, and answers with no row.
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
    // Named locks are the whole server's; the database's name keeps two databases apart. 64 characters at the most.
    let get =
        "SELECT CAST(GET_LOCK(CONCAT(?, LEFT(SHA2(DATABASE(), 256), 32)), 0) AS SIGNED) AS number";
    let release =
        "SELECT CAST(RELEASE_LOCK(CONCAT(?, LEFT(SHA2(DATABASE(), 256), 32))) AS SIGNED) AS number";
    let name = "chatkeep_migrate_";
    let start = Instant::now();
    while number(connection, get, name)? != Some(1) {
        if start.elapsed() > PATIENCE {
            return Err(give_up());
        }
        pause(PAUSE)?;
    }
    let outcome = work(connection);
    // The lock ends with the session in any case; a failure to give it back early changes nothing.
    if !connection.is_broken() {
        number(connection, release, name)?;
    }
    outcome
}
