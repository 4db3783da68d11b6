//! The asynchronous [`SessionManager`].

use chatkeep_core::{Result, SessionCheck};

use super::Async;
use crate::sessions::SessionManager;

/// A [`SessionManager`] whose calls are awaited.
pub type AsyncSessionManager = Async<SessionManager>;

impl Async<SessionManager> {
    /// Returns whether a session is valid now. A cached result is returned immediately, without a
    /// background thread.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `StorageFull`: the session could
    ///   not be checked. It may be valid: respond with status 503, not 401.
    pub async fn verify_session(&self, secret: &str) -> Result<bool> {
        if let Some(answer) = self.blocking().verify_cached(secret) {
            return Ok(answer);
        }
        let secret = secret.to_owned();
        self.run(move |sessions| sessions.verify_session(&secret)).await
    }

    /// Checks a session, and returns why it is valid or invalid. A cached result is returned
    /// immediately, without a background thread.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `StorageFull`: the session could
    ///   not be checked. It may be valid: respond with status 503, not 401.
    pub async fn check_session(&self, secret: &str) -> Result<SessionCheck> {
        if let Some(answer) = self.blocking().check_cached(secret) {
            return Ok(answer);
        }
        let secret = secret.to_owned();
        self.run(move |sessions| sessions.check_session(&secret)).await
    }
}
