//! The migration lock on Galera, whose nodes do not share locks: a lease, stored in a row.
//!
//! The owner renews the lease before every statement and before recording its result, and so checks
//! that it is still the owner. For statements that outlast the term, a thread renews the lease,
//! over a connection that it opens when first needed. If the owner dies, the lease expires.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::lock::{HeldLock, MAX_WAIT, POLL_INTERVAL, number, timeout_error};
use crate::connection::{Connection, OpenParams};
use crate::db_error::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::pause;

/// Time after which a lease expires unless it is renewed.
pub(super) const TERM: Duration = Duration::from_secs(300);
/// Divisor of the term: the thread retries a failed renewal after `term / RETRY_DIVISOR`.
const RETRY_DIVISOR: u32 = 60;
/// Maximum number of attempts at a statement. If two nodes change the same row concurrently, one of
/// them gets a conflict and can retry.
const MAX_ATTEMPTS: u32 = 5;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS chatkeep_migration_lease \
    (id INT NOT NULL PRIMARY KEY, owner CHAR(36) NOT NULL, expires_at DATETIME(6) NOT NULL) \
    ENGINE = InnoDB";
const TABLES: &str = "SELECT COUNT(*) AS number FROM information_schema.tables \
    WHERE table_schema = DATABASE() AND table_name = ?";
const IS_OWNER: &str =
    "SELECT COUNT(*) AS number FROM chatkeep_migration_lease WHERE id = 1 AND owner = ?";
/// Like [`IS_OWNER`], but reads the current row instead of the transaction's snapshot.
const IS_STILL_OWNER: &str =
    "SELECT COUNT(*) AS number FROM chatkeep_migration_lease WHERE id = 1 AND owner = ? FOR UPDATE";

/// Runs `work` while holding the lease, which expires after `term` unless it is renewed.
pub(super) fn hold<T>(
    connection: &mut Connection,
    term: Duration,
    work: impl FnOnce(&mut Connection, &mut HeldLock) -> Result<T>,
) -> Result<T> {
    // An account that may not create tables also checks migrations. It would be denied even with IF
    // NOT EXISTS.
    if number(connection, TABLES, "chatkeep_migration_lease")? != Some(1) {
        connection.batch(TABLE, Effect::None)?;
    }
    let row = LeaseRow { owner: crate::token::hex(&crate::token::random_bytes::<16>()?), term };
    row.acquire(connection)?;
    let release =
        format!("DELETE FROM chatkeep_migration_lease WHERE id = 1 AND owner = '{}'", row.owner);
    // Dropping `held` stops the renewal thread before the lease is released or expires.
    let outcome = Lease::renewed(connection, row).and_then(|mut held| work(connection, &mut held));
    if !connection.is_broken() {
        // A lease that is not released expires, so an error does not change the outcome.
        let _ = retry_conflicts(connection, &release);
    }
    outcome
}

/// A held lease.
pub(super) struct Lease {
    row: LeaseRow,
    /// Renews the lease until it is dropped.
    _renewal: Renewal,
}

impl Lease {
    fn renewed(connection: &Connection, row: LeaseRow) -> Result<HeldLock> {
        let renewal = Renewal::start(connection.open_params()?, row.clone())?;
        Ok(HeldLock::Lease(Self { row, _renewal: renewal }))
    }

    /// Renews the lease, and checks that this program still owns it.
    pub(super) fn check(&mut self, connection: &mut Connection) -> Result<()> {
        retry_conflicts(connection, &self.row.renewal())?;
        if number(connection, IS_STILL_OWNER, &self.row.owner)? == Some(1) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Conflict,
            "the migration lease was not renewed in time, and another program now holds it; \
             no further statement was run; check `chatkeep migrate history`, \
             and run the migrations again",
        ))
    }
}

/// The row with the owner of the lease.
#[derive(Clone)]
struct LeaseRow {
    owner: String,
    term: Duration,
}

impl LeaseRow {
    /// Waits until no other program holds the lease, and acquires it.
    fn acquire(&self, connection: &mut Connection) -> Result<()> {
        // Inserting an existing row, or changing a row that another node changes, fails. The
        // program that succeeds is the owner.
        let acquire = format!(
            "DELETE FROM chatkeep_migration_lease WHERE id = 1 AND expires_at < UTC_TIMESTAMP(6); \
             INSERT IGNORE INTO chatkeep_migration_lease (id, owner, expires_at) \
             VALUES (1, '{}', {})",
            self.owner,
            self.end()
        );
        let start = Instant::now();
        loop {
            match connection.batch(&acquire, Effect::None) {
                Ok(()) => {}
                // Two nodes changed the same row, and certification failed on this one.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
            if number(connection, IS_OWNER, &self.owner)? == Some(1) {
                return Ok(());
            }
            if start.elapsed() > MAX_WAIT {
                return Err(timeout_error());
            }
            pause(POLL_INTERVAL)?;
        }
    }

    /// Returns the SQL of the end of a term that starts now, by the server's clock.
    fn end(&self) -> String {
        format!("UTC_TIMESTAMP(6) + INTERVAL {} MICROSECOND", self.term.as_micros())
    }

    fn renewal(&self) -> String {
        let Self { owner, .. } = self;
        format!(
            "UPDATE chatkeep_migration_lease SET expires_at = {} \
             WHERE id = 1 AND owner = '{owner}'",
            self.end()
        )
    }
}

/// Runs a statement, and retries it after a conflict with another node. In a transaction there is
/// no retry, because a conflict rolls it back.
fn retry_conflicts(connection: &mut Connection, sql: &str) -> Result<()> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match connection.batch(sql, Effect::None) {
            Err(error)
                if error.kind() == ErrorKind::Conflict
                    && attempts < MAX_ATTEMPTS
                    && !connection.is_in_transaction() =>
            {
                pause(POLL_INTERVAL)?;
            }
            outcome => return outcome,
        }
    }
}

/// A thread that renews a lease until this is dropped.
struct Renewal(Arc<StopSignal>);

/// A signal that stops the thread.
#[derive(Default)]
struct StopSignal {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Renewal {
    fn start(params: Arc<OpenParams>, row: LeaseRow) -> Result<Self> {
        let signal = Arc::new(StopSignal::default());
        let thread_signal = Arc::clone(&signal);
        let thread = thread::Builder::new().name("chatkeep-lease".to_owned());
        let started = thread.spawn(move || renew_until(&thread_signal, &params, &row));
        started.map_err(|cause| {
            Error::new(
                ErrorKind::Unavailable,
                "failed to start the thread that renews the migration lease",
            )
            .with_source(cause)
        })?;
        Ok(Self(signal))
    }
}

impl Drop for Renewal {
    /// Signals the thread, and does not wait for it. A statement in progress only changes the row
    /// of its owner, and so has no effect after that row is deleted.
    fn drop(&mut self) {
        *self.0.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

impl StopSignal {
    /// Waits for the signal, and returns whether it was sent within this time.
    fn wait(&self, time: Duration) -> bool {
        let guard = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(guard, time, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

fn renew_until(signal: &StopSignal, params: &OpenParams, row: &LeaseRow) {
    let interval = row.term / 3;
    let mut connection = None;
    let mut wait = interval;
    while !signal.wait(wait) {
        // The migration runner itself detects a lost lease.
        wait = match renew(&mut connection, params, row) {
            Ok(()) => interval,
            Err(_) => row.term / RETRY_DIVISOR,
        };
    }
}

fn renew(connection: &mut Option<Connection>, params: &OpenParams, row: &LeaseRow) -> Result<()> {
    let open = match connection {
        Some(open) if !open.is_broken() => open,
        closed => closed.insert(params.reopen(Some(row.term / 3))?),
    };
    open.batch(&row.renewal(), Effect::None)
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
