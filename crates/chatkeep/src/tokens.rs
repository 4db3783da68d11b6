//! Creating, checking and revoking API tokens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chatkeep_core::{
    Connection, CreatedToken, PlainToken, Result, Timestamp, TokenCheck, TokenHash, TokenInfo,
    TokenReason, TokenState, tokens,
};
use chatkeep_macros::operations;
use chatkeep_pool::{OfProcess, PerProcess, Pool};

use crate::batch_sizer::BatchSizer;
use crate::last_used_recorder::LastUsedRecorder;
use crate::managers::Parts;
use crate::retry::with_retry;
use crate::revocations::Revocations;
use crate::token_cache::TokenCache;

/// Creates, checks and revokes API tokens. It is cheap to clone.
#[derive(Clone)]
pub struct TokenManager {
    pool: Arc<Pool>,
    cache: Arc<ProcessCache>,
    last_used: Arc<LastUsedRecorder>,
}

/// The process's cache. It is disabled if the lifetime is zero. A forked child starts with an empty
/// one.
struct ProcessCache {
    lifetime: Duration,
    cache: PerProcess<TokenCache>,
}

impl ProcessCache {
    fn get(&self) -> Option<Arc<OfProcess<TokenCache>>> {
        (!self.lifetime.is_zero()).then(|| self.cache.get(|| TokenCache::new(self.lifetime)))
    }
}

/// Creates, checks and revokes API tokens.
///
/// Only a hash of a token is stored. Lookups are cached for a few seconds (`TOKEN_CACHE_SECONDS`,
/// 5 by default; 0 disables the cache), but never past the token's expiry.
#[operations(name = "tokens", receiver = tokens)]
impl TokenManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        let (pool, lifetime) = (Arc::clone(&parts.pool), parts.settings.token_cache);
        let cache = ProcessCache { lifetime, cache: PerProcess::new(TokenCache::new(lifetime)) };
        let last_used = LastUsedRecorder::new(Arc::clone(&pool), Arc::clone(&parts.executor));
        Self { pool, cache: Arc::new(cache), last_used: Arc::new(last_used) }
    }

    /// Creates a token. Only its hash is stored, so this is the only time that it can be shown.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let created = chat.tokens().create_token("for the web app", Some(90))?;
    /// assert!(created.token.expose().starts_with("ck_"));
    /// assert!(format!("{created:?}").contains("…")); // debug output shows only its start
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `description`: Purpose of the token, at most 255 characters.
    /// - `expires_days`: Days until the token expires, 1 or more; without it, it does not expire.
    ///
    /// # Returns
    /// The token, with its record.
    ///
    /// # Errors
    /// - `InvalidInput`: `description` is too long, or `expires_days` is less than 1.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn create_token(
        &self,
        #[argument(default = "API Token")] description: &str,
        expires_days: Option<i64>,
    ) -> Result<CreatedToken> {
        let run = || {
            tokens::check_description(description)?;
            expires_days.map(|days| tokens::expiry(Timestamp::now(), days)).transpose()?;
            with_retry(&self.pool, |connection| {
                tokens::create(connection, description, expires_days)
            })
        };
        run().map_err(|error| error.with_operation("create_token"))
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
    /// - `Unavailable`: the database does not answer. The token may be valid: respond with status 503,
    /// not 401.
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

    /// Checks a token, and returns why it is valid or invalid.
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
    /// # Arguments
    /// - `token`: The string that the client presented, valid or not.
    ///
    /// # Returns
    /// Whether the token is valid, the reason, and the stored record.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. The token may be valid: respond with status 503,
    /// not 401.
    #[operation(read, tuned, blocking)]
    pub fn check_token(&self, token: &str) -> Result<TokenCheck> {
        if !PlainToken::may_be_token(token) {
            return Ok(TokenCheck::without_record(TokenReason::Malformed));
        }
        let found = self.find(token).map_err(|error| error.with_operation("check_token"))?;
        Ok(check(found.as_deref()))
    }

    /// Returns the result of [`TokenManager::check_token`] if it is cached; see
    /// [`TokenManager::verify_cached`].
    pub fn check_cached(&self, token: &str) -> Option<TokenCheck> {
        if !PlainToken::may_be_token(token) {
            return Some(TokenCheck::without_record(TokenReason::Malformed));
        }
        let cached = self.cache.get()?.get(TokenHash::of(token))?;
        Some(check(cached.as_deref()))
    }

    /// Returns the token's record, from the cache or from the database.
    fn find(&self, token: &str) -> Result<Option<Arc<TokenInfo>>> {
        let hash = TokenHash::of(token);
        match self.cache.get() {
            Some(cache) => self.find_cached(&cache, hash),
            None => self.look_up(hash, tokens::find).map(|found| found.map(Arc::new)),
        }
    }

    fn find_cached(&self, cache: &TokenCache, hash: TokenHash) -> Result<Option<Arc<TokenInfo>>> {
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
        if let Some(state) =
            state.filter(|state| TokenReason::of(*state, now) == TokenReason::Valid)
        {
            self.last_used.record(state, now);
        }
        Ok(found)
    }

    /// Returns the records of all tokens, newest first. They do not contain the tokens themselves.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_tokens(&self) -> Result<Vec<TokenInfo>> {
        let run = || tokens::list(&mut *self.pool.reader()?);
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
        // Also after a failure, because the token may have been revoked. Also without a cache,
        // because other stores may have one.
        Revocations::of_process().record(token_id);
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
                Ok(0) => break Ok(deleted),
                Ok(count) => deleted += count,
                Err(error) => break Err(error.with_operation("delete_expired_tokens")),
            }
            progress(deleted);
        };
        Revocations::of_process().record_any();
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
        Revocations::of_process().record_any();
        deleted.map_err(|error| error.with_operation("delete_expired_tokens"))
    }
}

fn is_valid(record: Option<impl Into<TokenState>>) -> bool {
    record.is_some_and(|record| TokenReason::of(record, Timestamp::now()) == TokenReason::Valid)
}

fn check(record: Option<&TokenInfo>) -> TokenCheck {
    record.map_or_else(
        || TokenCheck::without_record(TokenReason::Unknown),
        |record| TokenCheck::of(record.clone(), Timestamp::now()),
    )
}

impl fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
