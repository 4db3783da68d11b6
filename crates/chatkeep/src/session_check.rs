//! Checks of sessions, from the cache or from the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chatkeep_core::sessions::{self, End, SessionUse};
use chatkeep_core::{
    ErrorKind, FoundSession, Result, SessionReason, SessionSecret, Timestamp, TokenHash,
};
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
        let look_up = || {
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
        let Some(known) = known else { return Ok((SessionReason::Unknown, None)) };
        let reason = self.reason(&known);
        if reason == SessionReason::Rotated {
            self.end_reused(known.found.id)?;
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
        (reason != SessionReason::Rotated).then_some((reason, Some(known)))
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

    /// Ends a session because a replaced secret was used again.
    ///
    /// # Errors
    /// The errors of every write, except `ReadOnly`: the secret is invalid all the same.
    pub(crate) fn end_reused(&self, id: i64) -> Result<()> {
        let ended = with_retry(&self.pool, |connection| {
            sessions::end_by_id(connection, id, End::Reuse, Timestamp::now())
        });
        Revocations::of_sessions().record(id);
        match ended {
            Err(error) if error.kind() != ErrorKind::ReadOnly => Err(error),
            _ => Ok(()),
        }
    }
}
