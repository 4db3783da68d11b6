//! The order in which this process revoked tokens and sessions, shared by all of its open stores.
//!
//! A cached row is valid only if it was looked up after its latest revocation.
//!
//! There is one order per process, not per database. Two URLs may name the same database in ways
//! that a program cannot detect: `localhost` and `127.0.0.1`, or a symbolic link to a file. If two
//! databases have a row with the same id, a revocation in one causes one more lookup in the other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use chatkeep_core::{Error, ErrorKind, Result};
use chatkeep_pool::{OfProcess, PerProcess};

/// Maximum number of rows whose latest revocation is stored. Beyond it, all cached rows are looked
/// up again.
const MAX_ROWS: usize = 10_000;

/// The orders of tokens and of sessions. A forked child starts with its own, and with empty caches.
static TOKENS: Order = LazyLock::new(|| PerProcess::new(Revocations::default()));
static SESSIONS: Order = LazyLock::new(|| PerProcess::new(Revocations::default()));

type Order = LazyLock<PerProcess<Revocations>>;

/// The revocations made by this process, numbered from 1.
#[derive(Default)]
pub(crate) struct Revocations {
    /// Number of the latest revocation. While none is made, nothing else is read.
    latest: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Latest revocation of each row, by its id.
    by_row: HashMap<i64, u64>,
    /// Latest revocation that may affect any row.
    of_any: u64,
}

impl Revocations {
    /// Returns this process's revocations of tokens.
    pub(crate) fn of_tokens() -> Arc<OfProcess<Self>> {
        TOKENS.get(Self::default)
    }

    /// Returns this process's revocations of sessions. A change of a user that ends sessions, such
    /// as a new stamp, is recorded here by [`Revocations::record_any_of`].
    pub(crate) fn of_sessions() -> Arc<OfProcess<Self>> {
        SESSIONS.get(Self::default)
    }

    /// Returns the number of the latest revocation. Callers read it before they look up a row.
    pub(crate) fn latest(&self) -> u64 {
        self.latest.load(Ordering::SeqCst)
    }

    /// Records that a row was revoked, after the database has confirmed it.
    pub(crate) fn record(&self, id: i64) {
        let mut state = self.lock();
        let number = self.latest() + 1;
        if state.by_row.len() >= MAX_ROWS {
            state.by_row.clear();
            state.of_any = number;
        }
        state.by_row.insert(id, number);
        self.latest.store(number, Ordering::SeqCst);
    }

    /// Records a change of an unknown set of rows, if it was or may have been made.
    pub(crate) fn record_any_of<T>(&self, change: &Result<T>, was_made: impl FnOnce(&T) -> bool) {
        match change {
            Ok(value) if was_made(value) => self.record_any(),
            Ok(_) => {}
            Err(error) => self.record_any_if_unknown(error),
        }
    }

    /// Records a failed change of an unknown set of rows, if it may have been made.
    pub(crate) fn record_any_if_unknown(&self, error: &Error) {
        let was_not_made = matches!(
            error.kind(),
            ErrorKind::Unavailable
                | ErrorKind::PoolTimeout
                | ErrorKind::Conflict
                | ErrorKind::StorageFull
                | ErrorKind::ReadOnly
                | ErrorKind::InvalidInput
                | ErrorKind::Configuration
                | ErrorKind::Schema(_)
        );
        if !was_not_made {
            self.record_any();
        }
    }

    /// Records that an unknown set of rows was revoked, changed or deleted.
    pub(crate) fn record_any(&self) {
        let mut state = self.lock();
        let number = self.latest() + 1;
        state.by_row.clear();
        state.of_any = number;
        self.latest.store(number, Ordering::SeqCst);
    }

    /// Returns whether the row was revoked after revocation `since`. If not, sets `since` to the
    /// latest revocation, so that the next call needs no lock.
    pub(crate) fn is_revoked_since(&self, id: i64, since: &AtomicU64) -> bool {
        let seen = since.load(Ordering::SeqCst);
        if seen == self.latest() {
            return false;
        }
        let state = self.lock();
        let revoked = state.of_any.max(state.by_row.get(&id).copied().unwrap_or(0));
        if revoked > seen {
            return true;
        }
        since.fetch_max(self.latest(), Ordering::SeqCst);
        false
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_revoked_since_any_number_before_its_latest_revocation() {
        let order = Revocations::default();
        order.record(7);
        order.record(8);
        for (id, since, revoked) in
            [(7, 0, true), (7, 1, false), (8, 1, true), (8, 2, false), (9, 0, false)]
        {
            assert_eq!(
                order.is_revoked_since(id, &AtomicU64::new(since)),
                revoked,
                "{id} since {since}"
            );
        }
    }

    #[test]
    fn an_unrevoked_token_is_compared_only_with_later_revocations() {
        let order = Revocations::default();
        order.record(7);
        let since = AtomicU64::new(0);
        assert!(!order.is_revoked_since(8, &since));
        assert_eq!(since.load(Ordering::SeqCst), order.latest());
        order.record(8);
        assert!(order.is_revoked_since(8, &since));
    }

    #[test]
    fn a_change_that_was_not_made_affects_no_token() {
        let order = Revocations::default();
        for (outcome, affects) in [
            (Ok(true), true),
            (Ok(false), false),
            (Err(ErrorKind::Unavailable), false),
            (Err(ErrorKind::PoolTimeout), false),
            (Err(ErrorKind::Conflict), false),
            (Err(ErrorKind::OutcomeUnknown), true),
        ] {
            let since = order.latest();
            order.record_any_of(&outcome.map_err(|kind| Error::new(kind, "")), |made| *made);
            assert_eq!(order.is_revoked_since(1, &AtomicU64::new(since)), affects, "{outcome:?}");
        }
    }

    #[test]
    fn deletions_and_discarded_revocations_affect_every_token() {
        let order = Revocations::default();
        order.record_any();
        assert!(order.is_revoked_since(1, &AtomicU64::new(0)));
        let since = order.latest();
        for id in 0..=MAX_ROWS as i64 {
            order.record(id);
        }
        assert!(order.lock().by_row.len() <= MAX_ROWS);
        assert!(
            order.is_revoked_since(0, &AtomicU64::new(since)),
            "its revocation may have been discarded"
        );
        assert!(!order.is_revoked_since(0, &AtomicU64::new(order.latest())));
    }
}
