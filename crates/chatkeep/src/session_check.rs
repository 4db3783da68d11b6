//! Checks of sessions, from the cache or from the database.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chatkeep_core::sessions::{self, SessionUse};
use chatkeep_core::{FoundSession, Result, SessionReason, SessionSecret, Timestamp, TokenHash};
use chatkeep_pool::{OfProcess, Pool};

use crate::retry::with_retry;
use crate::revocations::Revocations;
use crate::secret_cache::{ProcessCache, SecretRow};
use crate::use_recorder::{UseRecorder, is_recent};

/// A session that was looked up.
pub(crate) struct KnownSession {
    pub(crate) found: FoundSession,
    /// Time of the last use that is recorded, or submitted for recording, in microseconds.
    seen: AtomicI64,
}

impl KnownSession {
    fn new(found: FoundSession) -> Self {
        let seen = AtomicI64::new(found.info.last_seen_at.as_microsecond());
        Self { found, seen }
    }
}

impl SecretRow for KnownSession {
    fn id(&self) -> i64 {
        self.found.id
    }

    fn revocations() -> Arc<OfProcess<Revocations>> {
        Revocations::of_sessions()
    }
}

/// The reason why a session is valid or invalid, and the session.
type Checked = (SessionReason, Option<Arc<KnownSession>>);

/// Checks sessions, records their use, and ends those whose replaced secret is used. It is cheap to
/// clone.
#[derive(Clone)]
pub(crate) struct SessionChecker {
    pool: Arc<Pool>,
    cache: Arc<ProcessCache<KnownSession>>,
    recorder: Arc<UseRecorder<SessionUse>>,
}

impl SessionChecker {
    pub(crate) fn new(
        pool: Arc<Pool>,
        cache: ProcessCache<KnownSession>,
        recorder: UseRecorder<SessionUse>,
    ) -> Self {
        Self { pool, cache: Arc::new(cache), recorder: Arc::new(recorder) }
    }

    /// Checks a presented text.
    pub(crate) fn check(&self, secret: &str) -> Result<Checked> {
        if !SessionSecret::may_be_secret(secret) {
            return Ok((SessionReason::Malformed, None));
        }
        let is_fresh = Cell::new(false);
        let look_up = || {
            is_fresh.set(true);
            let found = sessions::find(&mut *self.pool.reader()?, secret)?;
            Ok(found.map(KnownSession::new))
        };
        let known = match self.cache.get() {
            Some(cache) => {
                let timeout = self.pool.settings().query_timeout;
                cache.find(TokenHash::of(secret), timeout, look_up)?
            }
            None => look_up()?.map(Arc::new),
        };
        let Some(mut known) = known else { return Ok((SessionReason::Unknown, None)) };
        let mut reason = self.reason(&known);
        if reason == SessionReason::Idle && !is_fresh.get() {
            // A use may have been recorded since the cached lookup.
            let Some(found) = look_up()? else { return Ok((SessionReason::Unknown, None)) };
            known = Arc::new(found);
            reason = self.reason(&known);
        }
        if reason == SessionReason::Rotated {
            return self.end_reused(secret, known.found.id);
        }
        Ok((reason, Some(known)))
    }

    /// Checks a presented text, if that needs no query.
    pub(crate) fn check_cached(&self, secret: &str) -> Option<Checked> {
        if !SessionSecret::may_be_secret(secret) {
            return Some((SessionReason::Malformed, None));
        }
        let Some(known) = self.cache.get()?.get(TokenHash::of(secret))? else {
            return Some((SessionReason::Unknown, None));
        };
        let reason = self.reason(&known);
        let requires_database = matches!(reason, SessionReason::Rotated | SessionReason::Idle);
        (!requires_database).then_some((reason, Some(known)))
    }

    /// Determines whether a session is valid now, and records the use if it is.
    fn reason(&self, known: &KnownSession) -> SessionReason {
        let (now, found) = (Timestamp::now(), &known.found);
        let seen = known.seen.load(Ordering::SeqCst);
        let last_seen = Timestamp::from_microsecond(seen).unwrap_or(now);
        let reason = found.reason(last_seen, now);
        if reason == SessionReason::Valid && !is_recent(last_seen, now) {
            // One of several callers records it.
            let next = now.as_microsecond();
            let first = known.seen.compare_exchange(seen, next, Ordering::SeqCst, Ordering::SeqCst);
            if first.is_ok() {
                let used = SessionUse {
                    used_at: now,
                    idle_expires_at: found.idle_end(now),
                    has_salt: found.has_salt(),
                };
                self.recorder.record(found.id, used);
            }
        }
        reason
    }

    /// Ends a session because a replaced secret was used again. The result is of another lookup, over
    /// a write connection: the first one may have been of an earlier state.
    fn end_reused(&self, secret: &str, id: i64) -> Result<Checked> {
        let found = with_retry(&self.pool, |connection| {
            sessions::find_and_end_reused(connection, secret, Timestamp::now())
        });
        // The cached lookup is outdated, whether the session ended or not.
        Revocations::of_sessions().record(id);
        Ok(match found? {
            Some((reason, found)) => (reason, Some(Arc::new(KnownSession::new(found)))),
            None => (SessionReason::Unknown, None),
        })
    }
}
