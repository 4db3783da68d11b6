//! The lock of Galera, whose nodes have none in common: a row that its owner holds for a time, and renews.
//!
//! It is renewed before everything that is run, and before that is written down, on the connection that runs the
//! migrations, which finds out that way whether it is still the owner. One statement may take longer than the time: meanwhile
//! a thread renews it, over a connection of its own that is opened when it is first wanted. Whoever dies renews nothing.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::lock::{Held, PATIENCE, PAUSE, give_up, number};
use crate::connection::{Connection, Opening};
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Effect;
use crate::interruption::pause;

/// How long a lease holds when its owner has gone without giving it back.
pub(super) const TERM: Duration = Duration::from_secs(300);
/// The thread tries again after this part of the time when it could not renew it.
const SOON: u32 = 60;
/// Nodes that change the same row at once refuse one of them, who may ask again.
const TRIES: u32 = 5;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS chatkeep_migration_lease (id INT NOT NULL PRIMARY KEY, \
    owner CHAR(36) NOT NULL, expires_at DATETIME(6) NOT NULL) ENGINE = InnoDB";
const TABLES: &str = "SELECT COUNT(*) AS number FROM information_schema.tables \
    WHERE table_schema = DATABASE() AND table_name = ?";
const IS_MINE: &str =
    "SELECT COUNT(*) AS number FROM chatkeep_migration_lease WHERE id = 1 AND owner = ?";
/// The same of what is there just now, and not when the transaction began.
const IS_STILL_MINE: &str =
    "SELECT COUNT(*) AS number FROM chatkeep_migration_lease WHERE id = 1 AND owner = ? FOR UPDATE";

/// Does this while holding the lease for so long at a time.
pub(super) fn hold<T>(
    connection: &mut Connection,
    term: Duration,
    work: impl FnOnce(&mut Connection, &mut Held) -> Result<T>,
) -> Result<T> {
    // An account that may not create tables checks migrations too, and would be refused even with IF NOT EXISTS.
    if number(connection, TABLES, "chatkeep_migration_lease")? != Some(1) {
        connection.batch(TABLE, Effect::None)?;
    }
    let row = LeaseRow { owner: crate::token::hex(&crate::token::random_bytes::<16>()?), term };
    row.take(connection)?;
    let give_back =
        format!("DELETE FROM chatkeep_migration_lease WHERE id = 1 AND owner = '{}'", row.owner);
    // The thread that renews it ends with `held`, before it is given back, or left to whoever comes next.
    let outcome = Lease::renewed(connection, row).and_then(|mut held| work(connection, &mut held));
    if !connection.is_broken() {
        // It ends by itself; what was run is run all the same.
        let _ = insist(connection, &give_back);
    }
    outcome
}

/// What is ours for a time.
pub(super) struct Lease {
    row: LeaseRow,
    /// Renews it for as long as this lives.
    _renewal: Renewal,
}

impl Lease {
    fn renewed(connection: &Connection, row: LeaseRow) -> Result<Held> {
        let renewal = Renewal::start(connection.opening()?, row.clone())?;
        Ok(Held::Lease(Self { row, _renewal: renewal }))
    }

    /// Renews it, and makes sure that it is still ours.
    pub(super) fn check(&mut self, connection: &mut Connection) -> Result<()> {
        insist(connection, &self.row.renewal())?;
        if number(connection, IS_STILL_MINE, &self.row.owner)? == Some(1) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Conflict,
            "the lease on running migrations could not be renewed in time, and another program has it now; nothing more was \
             run; look at `chatkeep migrate history`, and run it again",
        ))
    }
}

/// The row that says who has it.
#[derive(Clone)]
struct LeaseRow {
    owner: String,
    term: Duration,
}

impl LeaseRow {
    /// Waits until nobody else has it.
    fn take(&self, connection: &mut Connection) -> Result<()> {
        // Inserting a row that is there, or changing one that another node changes, is refused: the one who gets through
        // owns it.
        let take = format!(
            "DELETE FROM chatkeep_migration_lease WHERE id = 1 AND expires_at < UTC_TIMESTAMP(6); \
             INSERT IGNORE INTO chatkeep_migration_lease (id, owner, expires_at) VALUES (1, '{}', {})",
            self.owner,
            self.end()
        );
        let start = Instant::now();
        loop {
            match connection.batch(&take, Effect::None) {
                Ok(()) => {}
                // Two nodes certified the same row: one of them is told so here.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
            if number(connection, IS_MINE, &self.owner)? == Some(1) {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                return Err(give_up());
            }
            pause(PAUSE)?;
        }
    }

    /// The end of the time that begins now, by the server's clock.
    fn end(&self) -> String {
        format!("UTC_TIMESTAMP(6) + INTERVAL {} MICROSECOND", self.term.as_micros())
    }

    fn renewal(&self) -> String {
        let Self { owner, .. } = self;
        format!(
            "UPDATE chatkeep_migration_lease SET expires_at = {} WHERE id = 1 AND owner = '{owner}'",
            self.end()
        )
    }
}

/// Does this again when another node was in the way; not in a transaction, which is gone then.
fn insist(connection: &mut Connection, sql: &str) -> Result<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        match connection.batch(sql, Effect::None) {
            Err(error)
                if error.kind() == ErrorKind::Conflict
                    && tries < TRIES
                    && !connection.is_in_transaction() =>
            {
                pause(PAUSE)?;
            }
            outcome => return outcome,
        }
    }
}

/// A thread that renews a lease until this goes.
struct Renewal(Arc<End>);

/// Whether the thread is to end.
#[derive(Default)]
struct End {
    has_come: Mutex<bool>,
    changed: Condvar,
}

impl Renewal {
    fn start(opening: Arc<Opening>, row: LeaseRow) -> Result<Self> {
        let end = Arc::new(End::default());
        let theirs = Arc::clone(&end);
        let thread = thread::Builder::new().name("chatkeep-lease".to_owned());
        let started = thread.spawn(move || renew_until(&theirs, &opening, &row));
        started.map_err(|cause| {
            Error::new(
                ErrorKind::Unavailable,
                "no thread can be started to renew the lease on migrations",
            )
            .with_source(cause)
        })?;
        Ok(Self(end))
    }
}

impl Drop for Renewal {
    /// The thread is not waited for: what it has under way changes a row of its owner's only, and so nothing once that is
    /// gone.
    fn drop(&mut self) {
        *self.0.has_come.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

impl End {
    fn comes_within(&self, time: Duration) -> bool {
        let guard = self.has_come.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(guard, time, |has_come| !*has_come);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

fn renew_until(end: &End, opening: &Opening, row: &LeaseRow) {
    let often = row.term / 3;
    let mut connection = None;
    let mut wait = often;
    while !end.comes_within(wait) {
        // Whoever runs the migrations finds out by himself when it is not his any more.
        wait = if renew(&mut connection, opening, row).is_ok() { often } else { row.term / SOON };
    }
}

fn renew(connection: &mut Option<Connection>, opening: &Opening, row: &LeaseRow) -> Result<()> {
    let open = match connection {
        Some(open) if !open.is_broken() => open,
        place => place.insert(opening.again(Some(row.term / 3))?),
    };
    open.batch(&row.renewal(), Effect::None)
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
