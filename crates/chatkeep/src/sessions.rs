//! Creating, checking, rotating and ending sessions of users.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::check_limit;
use chatkeep_core::sessions::{End, Rotation, SessionUse};
use chatkeep_core::{
    CreatedSession, Cursor, Error, NewSession, Result, RotatedSession, SessionCheck, SessionPage,
    SessionReason, SessionSecret, Timestamp, messages, sessions,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use crate::batch_sizer::in_batches;
use crate::managers::Parts;
use crate::retry::with_retry;
use crate::revocations::Revocations;
use crate::secret_cache::ProcessCache;
use crate::session_check::{KnownSession, SessionChecker};
use crate::use_recorder::UseRecorder;

/// Creates, checks, rotates and ends sessions of users. It is cheap to clone.
#[derive(Clone)]
pub struct SessionManager {
    pool: Arc<Pool>,
    checker: SessionChecker,
}

/// Creates, checks, rotates and ends sessions of users.
///
/// The browser keeps the secret of a session, for example in a cookie. Only a hash of it is stored.
/// Lookups are cached for a few seconds (`TOKEN_CACHE_SECONDS`, 5 by default; 0 disables the cache). A
/// session ends with its lifetime, after `idle_seconds` without a use, by a revocation, and when its
/// user becomes inactive or gets a new stamp.
#[operations(name = "sessions", receiver = sessions)]
impl SessionManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        let pool = Arc::clone(&parts.pool);
        let recorder: UseRecorder<SessionUse> = UseRecorder::new(
            Arc::clone(&pool),
            Arc::clone(&parts.executor),
            |connection, id, used| sessions::touch(connection, id, used).map(drop),
        );
        let cache: ProcessCache<KnownSession> = ProcessCache::new(parts.settings.token_cache);
        Self { checker: SessionChecker::new(Arc::clone(&pool), cache, recorder), pool }
    }

    /// Creates a session of a signed-in user. Only a hash of its secret is stored, so this is
    /// the only time that it can be delivered.
    ///
    /// Pass the field `stamp` of the signed-in user as `user_stamp`. Otherwise a sign-in with an old
    /// password could begin a session after a change of the password has ended all others.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{NewSession, NewUser, Secret};
    ///
    /// let new = NewUser::with_email("ada@example.org").with_password("correct horse");
    /// chat.users().create_user(&new)?;
    /// let user = chat.users().authenticate("ada@example.org", &Secret::from("correct horse"))?;
    /// let created = chat.sessions().create_session(&NewSession::of(&user.unwrap()))?;
    /// assert!(chat.sessions().verify_session(created.secret.expose())?);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The secret, and the session.
    ///
    /// # Errors
    /// - `Conflict`: all sessions of the user ended after the sign-in. It is not retryable then, and its
    /// field is `user_stamp`.
    /// - `InvalidInput`: no active user has the id `user_id`, or another value is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. A session may have been
    /// created, whose secret is lost.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn create_session(
        &self,
        #[argument(flatten)] session: &NewSession,
    ) -> Result<CreatedSession> {
        let run = || {
            session.check()?;
            with_retry(&self.pool, |connection| {
                sessions::create(connection, session, Timestamp::now())
            })
        };
        run().map_err(|error| error.with_operation("create_session"))
    }

    /// Returns whether a session is valid now.
    ///
    /// A session that any store of this process ends is invalid immediately, in other processes within
    /// `TOKEN_CACHE_SECONDS`. The use is recorded in `last_seen_at`, at most once a minute, by a
    /// background thread. If a secret is used that a rotation replaced more than 60 seconds ago, the
    /// session is revoked.
    ///
    /// # Arguments
    /// - `secret`: The string that the client presented, valid or not.
    ///
    /// # Returns
    /// Whether the session is valid. A malformed secret is invalid, not an error.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `StorageFull`: the session could not
    /// be checked. It may be valid: respond with status 503, not 401.
    #[operation(read, blocking)]
    pub fn verify_session(&self, secret: &str) -> Result<bool> {
        let checked = self.checker.check(secret);
        let is_valid = checked.map(|(reason, _)| reason == SessionReason::Valid);
        is_valid.map_err(|error| error.with_operation("verify_session"))
    }

    /// Returns the result of [`SessionManager::verify_session`] if it is cached, for callers that must
    /// not block. `None` means that it requires the database.
    pub fn verify_cached(&self, secret: &str) -> Option<bool> {
        self.checker.check_cached(secret).map(|(reason, _)| reason == SessionReason::Valid)
    }

    /// Checks a session, and returns why it is valid or invalid. It records the use, and revokes the
    /// session, as [`SessionManager::verify_session`] does.
    ///
    /// # Arguments
    /// - `secret`: The string that the client presented, valid or not.
    ///
    /// # Returns
    /// Whether the session is valid, the reason, and the session.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `StorageFull`: the session could not
    /// be checked. It may be valid: respond with status 503, not 401.
    #[operation(read, blocking)]
    pub fn check_session(&self, secret: &str) -> Result<SessionCheck> {
        let checked = self.checker.check(secret);
        checked
            .map(|(reason, known)| answer(reason, known.as_deref()))
            .map_err(|error| error.with_operation("check_session"))
    }

    /// Returns the result of [`SessionManager::check_session`] if it is cached; see
    /// [`SessionManager::verify_cached`].
    pub fn check_cached(&self, secret: &str) -> Option<SessionCheck> {
        let (reason, known) = self.checker.check_cached(secret)?;
        Some(answer(reason, known.as_deref()))
    }

    /// Replaces the secret of a session. The previous secret stays valid for 60 seconds.
    ///
    /// A session is rotated at most once in 60 seconds. Within that time, a call with the previous or
    /// the new secret returns the new secret again, so that concurrent requests of a browser, and a
    /// retry after a lost response, all get the same one. A use of a replaced secret after that time
    /// revokes the session, because the secret may have been stolen.
    ///
    /// # Arguments
    /// - `secret`: The string that the client presented, valid or not.
    ///
    /// # Returns
    /// The secret to use from now on, or `None` if the session is not valid.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. Call it again with the
    /// same secret.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn rotate_session(&self, secret: &str) -> Result<Option<RotatedSession>> {
        let run = || {
            let rotation = with_retry(&self.pool, |connection| {
                sessions::rotate(connection, secret, Timestamp::now())
            });
            let revocations = Revocations::of_sessions();
            match rotation {
                Ok(Rotation::Rotated { id, rotated }) => {
                    if rotated.rotated {
                        // The cached lookup of the previous secret has no end of its validity.
                        revocations.record(id);
                    }
                    Ok(Some(*rotated))
                }
                Ok(Rotation::Invalid(reason, found)) => {
                    if let Some(found) = found.filter(|_| reason == SessionReason::Rotated) {
                        revocations.record(found.id);
                    }
                    Ok(None)
                }
                Err(error) => {
                    revocations.record_any_if_unknown(&error);
                    Err(error)
                }
            }
        };
        run().map_err(|error: Error| error.with_operation("rotate_session"))
    }

    /// Returns a user's sessions, newest first.
    ///
    /// # Arguments
    /// - `user_id`: Id of the user.
    /// - `include_ended`: Whether sessions that have ended are returned, too.
    /// - `limit`: Maximum number of sessions to return (1–10,000).
    /// - `cursor`: The `next_cursor` of the previous page.
    ///
    /// # Returns
    /// A page of sessions; an empty one if the user does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is not 1–10,000, or `cursor` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_sessions(
        &self,
        user_id: &str,
        #[argument(default = false)] include_ended: bool,
        #[argument(default = 100)] limit: i64,
        cursor: Option<&str>,
    ) -> Result<SessionPage> {
        let run = || {
            check_limit(limit)?;
            cursor.map(str::parse::<Cursor>).transpose()?;
            let now = Timestamp::now();
            let mut reader = self.pool.reader()?;
            sessions::list(&mut reader, user_id, include_ended, limit, cursor, now)
        };
        run().map_err(|error| error.with_operation("list_sessions"))
    }

    /// Ends a session.
    ///
    /// It is invalid immediately in this process, and in others within `TOKEN_CACHE_SECONDS`.
    ///
    /// # Arguments
    /// - `session_id`: The session's id.
    ///
    /// # Returns
    /// `false` if the session does not exist, was already revoked, or has expired.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn revoke_session(&self, session_id: &str) -> Result<bool> {
        let ended = with_retry(&self.pool, |connection| {
            sessions::end_by_public_id(connection, session_id, End::Revoked, Timestamp::now())
        });
        has_ended(ended, "revoke_session")
    }

    /// Ends the session to which a secret belongs. Replaced secrets are sufficient.
    ///
    /// # Arguments
    /// - `secret`: The string that the client presented, valid or not.
    ///
    /// # Returns
    /// `false` if there is no such session, or it has already ended.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn logout(&self, secret: &str) -> Result<bool> {
        if !SessionSecret::may_be_secret(secret) {
            return Ok(false);
        }
        let ended = with_retry(&self.pool, |connection| {
            let Some(found) = sessions::find(connection, secret)? else { return Ok(None) };
            let ended = sessions::end_by_id(connection, found.id, End::Logout, Timestamp::now())?;
            Ok(Some((found.id, ended)))
        });
        has_ended(ended, "logout")
    }

    /// Ends all sessions of a user.
    ///
    /// # Arguments
    /// - `user_id`: Id of the user.
    /// - `except_session`: Id of a session that does not end, such as that of the current request.
    ///
    /// # Returns
    /// The number of sessions that ended.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn revoke_all_sessions(&self, user_id: &str, except_session: Option<&str>) -> Result<u64> {
        let ended = with_retry(&self.pool, |connection| {
            sessions::end_of_user(connection, user_id, except_session, Timestamp::now())
        });
        // Also if none ended: another process may have ended them since they were cached.
        Revocations::of_sessions().record_any_of(&ended, |_| true);
        ended.map_err(|error| error.with_operation("revoke_all_sessions"))
    }

    /// Deletes the sessions that ended some time ago, in batches.
    ///
    /// The end is the expiry, the revocation, or the end of `idle_seconds` without a use.
    ///
    /// # Arguments
    /// - `days`: Days since the end, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted sessions.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is not 1–3,650,000.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. Some sessions may have
    /// been deleted: call it again.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: some sessions may have been
    /// deleted: call it again.
    #[operation(write)]
    pub fn prune_sessions(&self, #[argument(default = 30)] days: i64) -> Result<u64> {
        let run = || {
            let cutoff = messages::retention_cutoff(days)?;
            in_batches(&self.pool, |connection, most| {
                sessions::delete_ended_batch(connection, cutoff, most)
            })
        };
        run().map_err(|error| error.with_operation("prune_sessions"))
    }
}

/// Records the end of a session, by the id of its row, and returns whether this call ended it.
/// Another process may have ended it since it was cached.
fn has_ended(ended: Result<Option<(i64, bool)>>, operation: &'static str) -> Result<bool> {
    match ended {
        Ok(Some((id, has_ended))) => {
            Revocations::of_sessions().record(id);
            Ok(has_ended)
        }
        Ok(None) => Ok(false),
        Err(error) => {
            Revocations::of_sessions().record_any_if_unknown(&error);
            Err(error.with_operation(operation))
        }
    }
}

fn answer(reason: SessionReason, known: Option<&KnownSession>) -> SessionCheck {
    known.map_or_else(
        || SessionCheck::without_record(reason),
        |known| SessionCheck::of_found(&known.found, reason),
    )
}

impl fmt::Debug for SessionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
