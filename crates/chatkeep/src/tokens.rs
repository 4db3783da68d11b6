//! API tokens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chatkeep_core::{
    Connection, CreatedToken, PlainToken, Result, Timestamp, TokenCheck, TokenHash, TokenInfo,
    TokenReason, TokenState, tokens,
};
use chatkeep_pool::{OfProcess, PerProcess, Pool};

use crate::background::Calls;
use crate::delete_pace::DeletePace;
use crate::last_use::LastUse;
use crate::revocations::Revocations;
use crate::token_cache::TokenCache;
use crate::write::patiently;

/// Makes, checks and revokes API tokens. Cheap to clone.
#[derive(Clone)]
pub struct TokenManager {
    pool: Arc<Pool>,
    cache: Arc<CachePlace>,
    last_use: Arc<LastUse>,
}

/// Where the cache is, if there is one; a child of a fork begins with an empty one of its own.
struct CachePlace {
    lifetime: Duration,
    cache: PerProcess<TokenCache>,
}

impl CachePlace {
    fn get(&self) -> Option<Arc<OfProcess<TokenCache>>> {
        (!self.lifetime.is_zero()).then(|| self.cache.get(|| TokenCache::new(self.lifetime)))
    }
}

impl TokenManager {
    pub(crate) fn new(pool: Arc<Pool>, lifetime: Duration, calls: Arc<Calls>) -> Self {
        let cache = CachePlace { lifetime, cache: PerProcess::new(TokenCache::new(lifetime)) };
        let last_use = Arc::new(LastUse::new(Arc::clone(&pool), calls));
        Self { pool, cache: Arc::new(cache), last_use }
    }

    /// Makes a token. Only its hash is stored, so this is the only time that it can be shown.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let created = chat.tokens().create_token("for the web app", Some(90))?;
    /// assert!(created.token.expose().starts_with("ck_"));
    /// assert!(format!("{created:?}").contains("…")); // debug output shows its start alone
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` with the field `description` (at most 255 characters) or `expires_days` (at least 1).
    pub fn create_token(
        &self,
        description: &str,
        expires_days: Option<i64>,
    ) -> Result<CreatedToken> {
        let run = || {
            tokens::check_description(description)?;
            expires_days.map(|days| tokens::expiry(Timestamp::now(), days)).transpose()?;
            patiently(&self.pool, |connection| {
                tokens::create(connection, description, expires_days)
            })
        };
        run().map_err(|error| error.with_operation("create_token"))
    }

    /// Whether this token may be used now.
    ///
    /// An answer of the database is good for a few seconds (`TOKEN_CACHE_SECONDS`, 5 by default; 0 asks every time), but
    /// never past the token's expiry. A token that is revoked in this process, by whichever store, is invalid at once. The use is noted in
    /// `last_used_at` at most once a minute, by a thread of chatkeep's: nobody waits for it.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer. That is never `false`: answer with status 503, not 401.
    pub fn verify_token(&self, token: &str) -> Result<bool> {
        if !PlainToken::may_be_token(token) {
            return Ok(false);
        }
        let hash = TokenHash::of(token);
        let valid = match self.cache.get() {
            Some(cache) => self.find_in(&cache, hash).map(|found| is_valid(found.as_deref())),
            None => self.look_up(hash, tokens::find_state).map(|found| is_valid(found.as_ref())),
        };
        valid.map_err(|error| error.with_operation("verify_token"))
    }

    /// What [`TokenManager::verify_token`] answers, if it can without asking the database: for who must not wait, and
    /// then asks in another way.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let created = chat.tokens().create_token("for the web app", None)?;
    /// assert_eq!(chat.tokens().verify_at_once(created.token.expose()), None);
    /// assert!(chat.tokens().verify_token(created.token.expose())?);
    /// assert_eq!(chat.tokens().verify_at_once(created.token.expose()), Some(true));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    pub fn verify_at_once(&self, token: &str) -> Option<bool> {
        if !PlainToken::may_be_token(token) {
            return Some(false);
        }
        let known = self.cache.get()?.get(TokenHash::of(token))?;
        Some(is_valid(known.as_deref()))
    }

    /// Whether this token may be used now, and why or why not.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::TokenReason;
    ///
    /// assert_eq!(chat.tokens().check_token("no such token")?.reason, TokenReason::Malformed);
    /// assert_eq!(chat.tokens().check_token("sk-imported-but-unknown")?.reason, TokenReason::Unknown);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`TokenManager::verify_token`].
    pub fn check_token(&self, token: &str) -> Result<TokenCheck> {
        if !PlainToken::may_be_token(token) {
            return Ok(TokenCheck::without_record(TokenReason::Malformed));
        }
        let found = self.find(token).map_err(|error| error.with_operation("check_token"))?;
        Ok(check(found.as_deref()))
    }

    /// What [`TokenManager::check_token`] answers, if it can without asking the database; see
    /// [`TokenManager::verify_at_once`].
    pub fn check_at_once(&self, token: &str) -> Option<TokenCheck> {
        if !PlainToken::may_be_token(token) {
            return Some(TokenCheck::without_record(TokenReason::Malformed));
        }
        let known = self.cache.get()?.get(TokenHash::of(token))?;
        Some(check(known.as_deref()))
    }

    /// The token's record, from the cache or from the database.
    fn find(&self, token: &str) -> Result<Option<Arc<TokenInfo>>> {
        let hash = TokenHash::of(token);
        match self.cache.get() {
            Some(cache) => self.find_in(&cache, hash),
            None => self.look_up(hash, tokens::find).map(|found| found.map(Arc::new)),
        }
    }

    fn find_in(&self, cache: &TokenCache, hash: TokenHash) -> Result<Option<Arc<TokenInfo>>> {
        cache.find(hash, self.pool.settings().query_timeout, || self.look_up(hash, tokens::find))
    }

    /// What the database knows of the token, as `find` reads it; a valid one is used thereby.
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
            self.last_use.note(state, now);
        }
        Ok(found)
    }

    /// All tokens, newest first: never the tokens themselves.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer.
    pub fn list_tokens(&self) -> Result<Vec<TokenInfo>> {
        let run = || tokens::list(&mut *self.pool.reader()?);
        run().map_err(|error| error.with_operation("list_tokens"))
    }

    /// The token with this number, if there is one.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer.
    pub fn get_token_info(&self, id: i64) -> Result<Option<TokenInfo>> {
        let run = || tokens::get(&mut *self.pool.reader()?, id);
        run().map_err(|error| error.with_operation("get_token_info"))
    }

    /// Makes a token invalid for good. False when there is no such token, or it was revoked before.
    ///
    /// # Errors
    /// As every change: `OutcomeUnknown` when the connection breaks before the database has confirmed.
    pub fn revoke_token(&self, id: i64) -> Result<bool> {
        let revoked = patiently(&self.pool, |connection| tokens::revoke(connection, id));
        // After a failure as well: it may have been revoked all the same. Without a cache too: other stores may have one.
        Revocations::of_process().record(id);
        revoked.map_err(|error| error.with_operation("revoke_token"))
    }

    /// How many tokens [`TokenManager::delete_expired_tokens`] would delete.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer.
    pub fn count_expired_tokens(&self) -> Result<i64> {
        let run = || tokens::count_expired(&mut *self.pool.reader()?, Timestamp::now());
        run().map_err(|error| error.with_operation("count_expired_tokens"))
    }

    /// [`TokenManager::delete_expired_tokens`] in batches that each stand by themselves, telling after each how many are
    /// deleted so far.
    ///
    /// # Errors
    /// As every change. A part may be deleted; call it again.
    pub fn delete_expired_tokens_with(&self, progress: &mut dyn FnMut(u64)) -> Result<u64> {
        let now = Timestamp::now();
        let mut pace = DeletePace::on(self.pool.url().engine());
        let mut deleted = 0;
        let outcome = loop {
            match pace.batch(&self.pool, |connection, most| {
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

    /// Deletes the tokens whose time is over, and says how many.
    ///
    /// # Errors
    /// As every change.
    pub fn delete_expired_tokens(&self) -> Result<u64> {
        let deleted = patiently(&self.pool, |connection| {
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
