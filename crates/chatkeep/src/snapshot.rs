//! Rows that a process keeps in memory, and their renewal after a change.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::interrupt::{self, WaitOutcome};
use chatkeep_core::revisions::{self, RevisedSubject};
use chatkeep_core::{Connection, Error, ErrorKind, Result};
use chatkeep_pool::{PerProcess, Pool};

/// Time for which a revision is used without asking the database.
const FRESH: Duration = Duration::from_millis(if cfg!(test) { 200 } else { 2_000 });
/// Maximum age of a revision, while one call asks the database or the database is down.
const MAX_AGE: Duration = Duration::from_millis(if cfg!(test) { 500 } else { 5_000 });

/// Rows of a subject, as of its last change. They are read again only after a change. One by
/// another process is noticed after 2 s, or after 5 s if the database answers slowly. A forked
/// child starts without rows.
pub(crate) struct Snapshot<T> {
    watch: Arc<RevisionWatch>,
    rows: PerProcess<Shared<Rows<T>>>,
}

struct Rows<T> {
    value: Arc<T>,
    revision: i64,
    /// Time before the revision was read.
    as_of: Instant,
}

impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), ..*self }
    }
}

impl<T> Snapshot<T> {
    pub(crate) fn new(subject: RevisedSubject) -> Self {
        Self::of(&Arc::new(RevisionWatch::new(subject)))
    }

    /// Creates a snapshot of some rows of a subject. Snapshots with the same watch ask for the
    /// revision together.
    pub(crate) fn of(watch: &Arc<RevisionWatch>) -> Self {
        Self { watch: Arc::clone(watch), rows: PerProcess::new(Shared::new()) }
    }

    /// Returns the rows, from memory or from `load`. Concurrent calls share one load.
    ///
    /// # Errors
    /// `Unavailable`, `PoolTimeout`, `Interrupted` or another error of the database. While the
    /// database is down, the rows are returned until their revision is 5 s old.
    pub(crate) fn get(
        &self,
        pool: &Pool,
        load: impl Fn(&mut Connection) -> Result<T>,
    ) -> Result<Arc<T>> {
        let current = self.watch.revision(pool)?;
        let shared = self.rows.get(Shared::new);
        // A node of a cluster may return earlier rows. These are read again after the next look-up
        // of the revision.
        let is_current =
            |rows: &Rows<T>| rows.revision == current.revision || rows.as_of >= current.as_of;
        let rows = shared.get(
            wait_limit(pool),
            is_current,
            |_| false,
            || {
                let as_of = Instant::now();
                let mut connection = pool.reader()?;
                connection.snapshot(|connection| {
                    let revision = revisions::current(connection, self.watch.subject)?;
                    Ok(Rows { value: Arc::new(load(connection)?), revision, as_of })
                })
            },
        );
        rows.map(|rows| rows.value)
    }

    /// Makes the next call ask for the revision. It is called after a write of this process, also
    /// after one whose outcome is unknown.
    pub(crate) fn forget(&self) {
        self.watch.forget();
    }
}

/// The revision of a subject.
pub(crate) struct RevisionWatch {
    subject: RevisedSubject,
    state: PerProcess<Watched>,
}

struct Watched {
    seen: Shared<Seen>,
    /// Time of the last write of this process.
    written_at: Mutex<Option<Instant>>,
}

#[derive(Clone, Copy)]
struct Seen {
    revision: i64,
    /// Time before the revision was read.
    as_of: Instant,
}

impl RevisionWatch {
    pub(crate) fn new(subject: RevisedSubject) -> Self {
        Self { subject, state: PerProcess::new(Watched::new()) }
    }

    fn revision(&self, pool: &Pool) -> Result<Seen> {
        let watched = self.state.get(Watched::new);
        let written_at = *lock(&watched.written_at);
        let is_younger = |seen: &Seen, age| {
            written_at.is_none_or(|at| seen.as_of > at) && seen.as_of.elapsed() < age
        };
        watched.seen.get(
            wait_limit(pool),
            |seen| is_younger(seen, FRESH),
            |seen| is_younger(seen, MAX_AGE),
            || {
                let as_of = Instant::now();
                let revision = revisions::current(&mut *pool.reader()?, self.subject)?;
                Ok(Seen { revision, as_of })
            },
        )
    }

    /// Makes the next call ask for the revision.
    pub(crate) fn forget(&self) {
        *lock(&self.state.get(Watched::new).written_at) = Some(Instant::now());
    }
}

impl Watched {
    fn new() -> Self {
        Self { seen: Shared::new(), written_at: Mutex::new(None) }
    }
}

/// A value that one call loads for all.
pub(crate) struct Shared<T> {
    cached: Mutex<Cached<T>>,
    /// Notified when a load ends.
    loaded: Condvar,
}

struct Cached<T> {
    value: Option<T>,
    is_loading: bool,
}

impl<T: Clone> Shared<T> {
    pub(crate) fn new() -> Self {
        let cached = Cached { value: None, is_loading: false };
        Self { cached: Mutex::new(cached), loaded: Condvar::new() }
    }

    /// Returns the value if it is current, or loads it. While another call loads it, and if the
    /// load fails because the database is down, a value is returned that may be used `meanwhile`.
    pub(crate) fn get(
        &self,
        timeout: Duration,
        is_current: impl Fn(&T) -> bool,
        meanwhile: impl Fn(&T) -> bool,
        load: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let (mut cached, outcome) = interrupt::wait_while(
            &self.loaded,
            &self.cached,
            lock(&self.cached),
            Some(timeout),
            |cached| {
                let is_usable = |value: &T| is_current(value) || meanwhile(value);
                cached.is_loading && cached.value_if(is_usable).is_none()
            },
        );
        match outcome {
            WaitOutcome::Interrupted => return Err(interrupt::interrupted()),
            WaitOutcome::TimedOut => return Err(load_takes_long(timeout)),
            WaitOutcome::Done => {}
        }
        let is_loading = cached.is_loading;
        let usable = cached.value_if(|value| is_current(value) || (is_loading && meanwhile(value)));
        if let Some(value) = usable {
            return Ok(value);
        }
        cached.is_loading = true;
        drop(cached);
        let loading = Loading(self);
        let loaded = load();
        let mut cached = lock(&self.cached);
        let result = match loaded {
            Ok(value) => {
                cached.value = Some(value.clone());
                Ok(value)
            }
            Err(error) => {
                let is_down =
                    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::PoolTimeout);
                cached.value_if(meanwhile).filter(|_| is_down).ok_or(error)
            }
        };
        drop(cached);
        drop(loading);
        result
    }
}

impl<T: Clone> Cached<T> {
    fn value_if(&self, is_usable: impl Fn(&T) -> bool) -> Option<T> {
        self.value.as_ref().filter(|value| is_usable(value)).cloned()
    }
}

/// A load that is running. When it is dropped, also after a panic, it wakes the waiting calls.
struct Loading<'a, T>(&'a Shared<T>);

impl<T> Drop for Loading<'_, T> {
    fn drop(&mut self) {
        lock(&self.0.cached).is_loading = false;
        self.0.loaded.notify_all();
    }
}

/// Returns the maximum time of a load: a wait for a connection, and the query.
pub(crate) fn wait_limit(pool: &Pool) -> Duration {
    pool.settings().pool_timeout + pool.settings().query_timeout
}

fn load_takes_long(timeout: Duration) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!(
            "timed out after {} s (DB_POOL_TIMEOUT and DB_QUERY_TIMEOUT) waiting for another \
             call's read of the same rows",
            timeout.as_secs_f64()
        ),
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use chatkeep_core::{DatabaseUrl, migrations};
    use chatkeep_pool::PoolSettings;

    use super::*;

    const SUBJECT: RevisedSubject = RevisedSubject::Providers;

    fn pool() -> Pool {
        let ensure = |connection: &mut Connection| {
            migrations::ensure(connection, true, Duration::from_secs(30))
        };
        Pool::with_initializer(
            DatabaseUrl::sqlite_memory(),
            PoolSettings::default(),
            Box::new(ensure),
        )
        .expect("the settings are valid")
    }

    /// Changes the subject, as another process does.
    fn change(pool: &Pool) {
        revisions::advance(&mut pool.writer().unwrap(), SUBJECT).unwrap();
    }

    /// Returns the revision that was current at the load.
    fn get(snapshot: &Snapshot<i64>, pool: &Pool) -> i64 {
        *snapshot.get(pool, |connection| revisions::current(connection, SUBJECT)).unwrap()
    }

    #[test]
    fn rows_are_read_again_only_after_a_change() {
        let (pool, snapshot, loads) = (pool(), Snapshot::new(SUBJECT), AtomicUsize::new(0));
        let load = |_: &mut Connection| Ok(loads.fetch_add(1, Ordering::SeqCst));
        for expected in [0, 0, 0] {
            assert_eq!(*snapshot.get(&pool, load).unwrap(), expected);
            thread::sleep(FRESH);
        }
        change(&pool);
        thread::sleep(FRESH);
        assert_eq!(*snapshot.get(&pool, load).unwrap(), 1);
        assert_eq!(*snapshot.get(&pool, load).unwrap(), 1);
    }

    #[test]
    fn a_change_by_another_process_is_seen_later_and_an_own_one_at_once() {
        let (pool, snapshot) = (pool(), Snapshot::new(SUBJECT));
        assert_eq!(get(&snapshot, &pool), 0);
        change(&pool);
        assert_eq!(get(&snapshot, &pool), 0);
        snapshot.forget();
        assert_eq!(get(&snapshot, &pool), 1);
        change(&pool);
        thread::sleep(FRESH);
        assert_eq!(get(&snapshot, &pool), 2);
    }

    #[test]
    fn a_load_that_began_before_an_own_change_is_not_kept() {
        let (pool, snapshot) = (pool(), Snapshot::new(SUBJECT));
        let stale = snapshot.get(&pool, |connection| {
            let revision = revisions::current(connection, SUBJECT);
            snapshot.forget();
            revision
        });
        assert_eq!(*stale.unwrap(), 0);
        change(&pool);
        assert_eq!(get(&snapshot, &pool), 1);
    }

    #[test]
    fn snapshots_with_the_same_watch_ask_for_the_revision_together() {
        let (pool, watch) = (pool(), Arc::new(RevisionWatch::new(SUBJECT)));
        let snapshots = [Snapshot::of(&watch), Snapshot::of(&watch)];
        for snapshot in &snapshots {
            assert_eq!(get(snapshot, &pool), 0);
        }
        change(&pool);
        snapshots[0].forget();
        for snapshot in &snapshots {
            assert_eq!(get(snapshot, &pool), 1);
        }
    }

    #[test]
    fn concurrent_calls_share_one_load() {
        let (pool, snapshot, loads) = (pool(), Snapshot::new(SUBJECT), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let loaded = snapshot.get(&pool, |_| {
                        loads.fetch_add(1, Ordering::SeqCst);
                        thread::sleep(Duration::from_millis(20));
                        Ok(7)
                    });
                    assert_eq!(*loaded.unwrap(), 7);
                });
            }
        });
        assert_eq!(loads.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_failed_load_wakes_the_waiting_calls_and_is_not_kept() {
        let (pool, snapshot, loads) = (pool(), Snapshot::new(SUBJECT), AtomicUsize::new(0));
        let failed: Vec<bool> = thread::scope(|scope| {
            let call = || {
                snapshot.get(&pool, |_| match loads.fetch_add(1, Ordering::SeqCst) {
                    0 => Err(Error::internal("it fails")),
                    number => Ok(number),
                })
            };
            let calls: Vec<_> = (0..4).map(|_| scope.spawn(call)).collect();
            calls.into_iter().map(|call| call.join().unwrap().is_err()).collect()
        });
        assert_eq!(failed.iter().filter(|failed| **failed).count(), 1);
        assert_eq!(loads.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_value_is_returned_until_it_is_too_old_while_the_database_is_down() {
        let shared = Shared::new();
        let call = |load: Result<Instant>| {
            shared.get(
                Duration::from_secs(1),
                |_| false,
                |at: &Instant| at.elapsed() < MAX_AGE,
                move || load,
            )
        };
        let down = || Err(Error::new(ErrorKind::Unavailable, "down"));
        let at = Instant::now();
        assert_eq!(call(Ok(at)).unwrap(), at);
        assert_eq!(call(down()).unwrap(), at);
        assert_eq!(call(Err(Error::internal("a bug"))).unwrap_err().kind(), ErrorKind::Internal);
        thread::sleep(MAX_AGE);
        assert_eq!(call(down()).unwrap_err().kind(), ErrorKind::Unavailable);
    }
}
