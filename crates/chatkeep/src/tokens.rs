//! Creating, checking and revoking API tokens.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{
    Connection, CreatedToken, FoundToken, NewToken, PlainToken, Result, Timestamp, TokenCheck,
    TokenHash, TokenInfo, TokenReason, TokenState, tokens,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use crate::batch_sizer::BatchSizer;
use crate::managers::Parts;
use crate::retry::with_retry;
use crate::revocations::Revocations;
use crate::secret_cache::{ProcessCache, SecretCache};
use crate::use_recorder::{UseRecorder, cutoff, is_recent};

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
#[operations(name = "tokens", receiver = tokens)]
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

    /// Creates a token without scopes and owner; see [`TokenManager::create_token_with`].
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
    /// The errors of [`TokenManager::create_token_with`].
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

    /// Returns whether a token is valid now.
    ///
    /// A token that any store of this process revokes is invalid immediately, in other processes within
    /// `TOKEN_CACHE_SECONDS`. The use is recorded in `last_used_at`, at most once a minute, by a
    /// background thread.
    ///
    /// # Arguments
    /// - `token`: The string that the client presented, valid or not.
    ///
    /// # Returns
    /// Whether the token is valid. A malformed token is invalid, not an error.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`: the database does not answer, or no connection became free in
    /// time. The token may be valid: respond with status 503, not 401.
    #[operation(read, tuned, blocking)]
    pub fn verify_token(&self, token: &str) -> Result<bool> {
        if !PlainToken::may_be_token(token) {
            return Ok(false);
        }
        let hash = TokenHash::of(token);
        let valid = match self.cache.get() {
            Some(cache) => self.find_cached(&cache, hash).map(|found| is_valid(found.as_deref())),
            None => self.look_up(hash, tokens::find_state).map(|found| is_valid(found.as_ref())),
        };
        valid.map_err(|error| error.with_operation("verify_token"))
    }

    /// Returns the result of [`TokenManager::verify_token`] if it is cached, for callers that must
    /// not block. `None` means that it requires the database.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let created = chat.tokens().create_token("for the web app", None)?;
    /// assert_eq!(chat.tokens().verify_cached(created.token.expose()), None);
    /// assert!(chat.tokens().verify_token(created.token.expose())?);
    /// assert_eq!(chat.tokens().verify_cached(created.token.expose()), Some(true));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    pub fn verify_cached(&self, token: &str) -> Option<bool> {
        if !PlainToken::may_be_token(token) {
            return Some(false);
        }
        let cached = self.cache.get()?.get(TokenHash::of(token))?;
        Some(is_valid(cached.as_deref()))
    }

    /// Checks a token without a required scope; see [`TokenManager::check_token_for`].
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::TokenReason;
    ///
    /// let reason = |token| chat.tokens().check_token(token).map(|check| check.reason);
    /// assert_eq!(reason("no such token")?, TokenReason::Malformed);
    /// assert_eq!(reason("sk-imported-but-unknown")?, TokenReason::Unknown);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`TokenManager::check_token_for`].
    pub fn check_token(&self, token: &str) -> Result<TokenCheck> {
        self.check_token_for(token, None)
    }

    /// Checks a token, and returns why it is valid or invalid.
    ///
    /// # Arguments
    /// - `token`: The string that the client presented, valid or not.
    /// - `scope`: Scope that the token must have; several are separated by spaces. A token without scopes
    /// has none of them.
    ///
    /// # Returns
    /// Whether the token is valid, the reason, and the stored record.
    ///
    /// # Errors
    /// - `InvalidInput`: `scope` is not a scope.
    /// - `Unavailable`, `PoolTimeout`: the database does not answer, or no connection became free in
    /// time. The token may be valid: respond with status 503, not 401.
    #[operation(read, tuned, blocking, name = "check_token")]
    pub fn check_token_for(&self, token: &str, scope: Option<&str>) -> Result<TokenCheck> {
        let run = || {
            scope.map_or(Ok(()), tokens::check_required_scopes)?;
            if !PlainToken::may_be_token(token) {
                return Ok(TokenCheck::without_record(TokenReason::Malformed));
            }
            Ok(check(self.find(token)?.as_deref(), scope))
        };
        run().map_err(|error: chatkeep_core::Error| error.with_operation("check_token"))
    }

    /// Returns the result of [`TokenManager::check_token_for`] if it is cached; see
    /// [`TokenManager::verify_cached`]. `None` also means that `scope` is invalid.
    pub fn check_cached(&self, token: &str, scope: Option<&str>) -> Option<TokenCheck> {
        if scope.is_some_and(|scope| tokens::check_required_scopes(scope).is_err()) {
            return None;
        }
        if !PlainToken::may_be_token(token) {
            return Some(TokenCheck::without_record(TokenReason::Malformed));
        }
        let cached = self.cache.get()?.get(TokenHash::of(token))?;
        Some(check(cached.as_deref(), scope))
    }

    /// Returns the token's record, from the cache or from the database.
    fn find(&self, token: &str) -> Result<Option<Arc<FoundToken>>> {
        let hash = TokenHash::of(token);
        match self.cache.get() {
            Some(cache) => self.find_cached(&cache, hash),
            None => self.look_up(hash, tokens::find).map(|found| found.map(Arc::new)),
        }
    }

    fn find_cached(
        &self,
        cache: &SecretCache<FoundToken>,
        hash: TokenHash,
    ) -> Result<Option<Arc<FoundToken>>> {
        cache.find(hash, self.pool.settings().query_timeout, || self.look_up(hash, tokens::find))
    }

    /// Reads the token from the database with `find`, and records the use if it is valid.
    fn look_up<T>(
        &self,
        hash: TokenHash,
        find: impl FnOnce(&mut Connection, TokenHash) -> Result<Option<T>>,
    ) -> Result<Option<T>>
    where
        for<'a> &'a T: Into<TokenState>,
    {
        let found = find(&mut *self.pool.reader()?, hash)?;
        let now = Timestamp::now();
        let state: Option<TokenState> = found.as_ref().map(Into::into);
        let is_due = |state: &TokenState| {
            TokenReason::of(*state, now) == TokenReason::Valid
                && !state.last_used_at.is_some_and(|last| is_recent(last, now))
        };
        if let Some(state) = state.filter(is_due) {
            self.last_used.record(state.id, now);
        }
        Ok(found)
    }

    /// Returns the records of all tokens, newest first; see [`TokenManager::list_tokens_of`].
    ///
    /// # Errors
    /// The errors of [`TokenManager::list_tokens_of`].
    pub fn list_tokens(&self) -> Result<Vec<TokenInfo>> {
        self.list_tokens_of(None)
    }

    /// Returns the records of all tokens, or of those of a user, newest first. They do not contain the
    /// tokens themselves.
    ///
    /// # Arguments
    /// - `user_id`: Id of the user that owns the tokens; without it, all tokens are returned.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read, name = "list_tokens")]
    pub fn list_tokens_of(&self, user_id: Option<&str>) -> Result<Vec<TokenInfo>> {
        let run = || tokens::list(&mut *self.pool.reader()?, user_id);
        run().map_err(|error| error.with_operation("list_tokens"))
    }

    /// Returns the record of a token.
    ///
    /// # Arguments
    /// - `id`: The token's id.
    ///
    /// # Returns
    /// The record, or `None` if the token does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_token_info(&self, id: i64) -> Result<Option<TokenInfo>> {
        let run = || tokens::get(&mut *self.pool.reader()?, id);
        run().map_err(|error| error.with_operation("get_token_info"))
    }

    /// Revokes a token permanently.
    ///
    /// It is invalid immediately in this process, and in others within `TOKEN_CACHE_SECONDS`.
    ///
    /// # Arguments
    /// - `token_id`: The token's id.
    ///
    /// # Returns
    /// `false` if the token does not exist or was already revoked.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn revoke_token(&self, token_id: i64) -> Result<bool> {
        let revoked = with_retry(&self.pool, |connection| tokens::revoke(connection, token_id));
        // Also after a failure, because the token may have been revoked, now or by another process.
        // Also without a cache, because other stores may have one.
        Revocations::of_tokens().record(token_id);
        revoked.map_err(|error| error.with_operation("revoke_token"))
    }

    /// Returns the number of tokens that [`TokenManager::delete_expired_tokens`] would delete.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn count_expired_tokens(&self) -> Result<i64> {
        let run = || tokens::count_expired(&mut *self.pool.reader()?, Timestamp::now());
        run().map_err(|error| error.with_operation("count_expired_tokens"))
    }

    /// Deletes the expired tokens in batches, each in its own transaction, and passes the number
    /// deleted so far to `progress` after each batch.
    ///
    /// # Errors
    /// The errors of every write. Some tokens may be deleted then; call it again.
    pub fn delete_expired_tokens_with(&self, progress: &mut dyn FnMut(u64)) -> Result<u64> {
        let now = Timestamp::now();
        let mut sizer = BatchSizer::new(self.pool.url().engine());
        let mut deleted = 0;
        let outcome = loop {
            match sizer.run_batch(&self.pool, |connection, most| {
                tokens::delete_expired_batch(connection, now, most)
            }) {
                Ok(None) => break Ok(deleted),
                Ok(Some(count)) => deleted += count,
                Err(error) => break Err(error.with_operation("delete_expired_tokens")),
            }
            progress(deleted);
        };
        match &outcome {
            Err(error) if deleted == 0 => Revocations::of_tokens().record_any_if_unknown(error),
            Ok(0) => {}
            _ => Revocations::of_tokens().record_any(),
        }
        outcome
    }

    /// Deletes all expired tokens.
    ///
    /// # Returns
    /// The number of deleted tokens.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_expired_tokens(&self) -> Result<u64> {
        let deleted = with_retry(&self.pool, |connection| {
            tokens::delete_expired(connection, Timestamp::now())
        });
        Revocations::of_tokens().record_any_of(&deleted, |count| *count > 0);
        deleted.map_err(|error| error.with_operation("delete_expired_tokens"))
    }
}

fn is_valid(record: Option<impl Into<TokenState>>) -> bool {
    record.is_some_and(|record| TokenReason::of(record, Timestamp::now()) == TokenReason::Valid)
}

fn check(found: Option<&FoundToken>, scope: Option<&str>) -> TokenCheck {
    found.map_or_else(
        || TokenCheck::without_record(TokenReason::Unknown),
        |found| TokenCheck::of_found(found, scope, Timestamp::now()),
    )
}

impl fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
