//! Creating, checking and revoking API tokens.

mod administration;
mod checking;

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{CreatedToken, FoundToken, NewToken, Result, Timestamp, tokens};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use crate::managers::Parts;
use crate::retry::with_retry;
use crate::revocations::Revocations;
use crate::secret_cache::ProcessCache;
use crate::use_recorder::{UseRecorder, cutoff};

/// Seconds for which a replaced token stays valid by default.
const DEFAULT_GRACE: i64 = 60;

/// Creates, checks and revokes API tokens. It is cheap to clone.
#[derive(Clone)]
pub struct TokenManager {
    pool: Arc<Pool>,
    cache: Arc<ProcessCache<FoundToken>>,
    last_used: Arc<UseRecorder<Timestamp>>,
}

/// Creates, checks and revokes API tokens.
///
/// Only a hash of a token is stored. Lookups are cached for a few seconds (`TOKEN_CACHE_SECONDS`,
/// 5 by default; 0 disables the cache), but never past the token's expiry.
#[operations(name = "tokens", receiver = tokens, parts(CHECKING, ADMINISTRATION))]
impl TokenManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        let (pool, lifetime) = (Arc::clone(&parts.pool), parts.settings.token_cache);
        let last_used = UseRecorder::new(
            Arc::clone(&pool),
            Arc::clone(&parts.executor),
            |connection, id, used_at| {
                tokens::touch(connection, id, used_at, cutoff(used_at)).map(drop)
            },
        );
        Self { pool, cache: Arc::new(ProcessCache::new(lifetime)), last_used: Arc::new(last_used) }
    }

    /// Creates a token without scopes and without an owner; see
    /// [`TokenManager::create_token_with`].
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let created = chat.tokens().create_token("for the web app", Some(90))?;
    /// assert!(created.token.expose().starts_with("ck_"));
    /// assert!(format!("{created:?}").contains("…")); // debug output shows only its start
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// - `InvalidInput`: `description` is invalid, or `expires_days` is less than 1.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The token may exist.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    pub fn create_token(
        &self,
        description: &str,
        expires_days: Option<i64>,
    ) -> Result<CreatedToken> {
        let token = NewToken { expires_days, ..NewToken::new(description) };
        self.create_token_with(&token)
    }

    /// Creates a token. Only its hash is stored, so this is the only time that it can be shown.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{NewToken, TokenReason};
    ///
    /// let token = NewToken::new("for reports").with_scopes(["reports:read"]);
    /// let created = chat.tokens().create_token_with(&token)?;
    /// let check = chat.tokens().check_token_for(created.token.expose(), Some("messages:write"))?;
    /// assert_eq!(check.reason, TokenReason::MissingScope);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The token, with its record.
    ///
    /// # Errors
    /// - `InvalidInput`: `description` or one of the `scopes` is invalid, `expires_days` is less than 1,
    /// or no active user has the id `user_id`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write, name = "create_token")]
    pub fn create_token_with(&self, #[argument(flatten)] token: &NewToken) -> Result<CreatedToken> {
        let run = || {
            token.check()?;
            with_retry(&self.pool, |connection| tokens::create(connection, token))
        };
        run().map_err(|error| error.with_operation("create_token"))
    }

    /// Replaces a token by a new one with the same id.
    ///
    /// The previous token stays valid for a grace period, so that its users can switch. Another rotation
    /// ends the grace period of the token before.
    ///
    /// # Arguments
    /// - `token_id`: The token's id.
    /// - `grace_seconds`: Seconds for which the previous token stays valid, 0–2,592,000; 60 by default.
    /// With 0, it is invalid immediately in this process, and in others within `TOKEN_CACHE_SECONDS`.
    ///
    /// # Returns
    /// The new token, with its record, or `None` if the token does not exist, was revoked or has expired.
    ///
    /// # Errors
    /// - `InvalidInput`: `grace_seconds` is not 0–2,592,000.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn rotate_token(
        &self,
        token_id: i64,
        grace_seconds: Option<i64>,
    ) -> Result<Option<CreatedToken>> {
        let run = || {
            let grace_seconds = grace_seconds.unwrap_or(DEFAULT_GRACE);
            tokens::grace_end(Timestamp::now(), grace_seconds)?;
            let rotated = with_retry(&self.pool, |connection| {
                tokens::rotate(connection, token_id, grace_seconds, Timestamp::now())
            });
            // The cached lookup of the previous token has no end of its validity. It is one row, so
            // it does not matter whether the token was rotated.
            Revocations::of_tokens().record(token_id);
            rotated
        };
        run().map_err(|error| error.with_operation("rotate_token"))
    }
}

impl fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
