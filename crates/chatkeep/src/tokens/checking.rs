//! Checks of tokens that clients present.

use std::sync::Arc;

use chatkeep_core::{
    Connection, FoundToken, PlainToken, Result, Timestamp, TokenCheck, TokenHash, TokenReason,
    TokenState, tokens,
};
use chatkeep_macros::operations;

use super::TokenManager;
use crate::secret_cache::SecretCache;
use crate::use_recorder::is_recent;

#[operations(part = CHECKING, receiver = tokens)]
impl TokenManager {
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
    /// - `Unavailable`, `PoolTimeout`: the database does not answer, or no connection became free
    ///   in time. The token may be valid: respond with status 503, not 401.
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
