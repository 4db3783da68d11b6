//! API tokens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chatkeep_core::{
    CreatedToken, PlainToken, Result, Timestamp, TokenCheck, TokenHash, TokenInfo, TokenReason, tokens,
};
use chatkeep_pool::{OfProcess, PerProcess, Pool};

use crate::token_cache::TokenCache;
use crate::write::patiently;

/// A token's last use is noted at most this often, in microseconds: a minute.
const TOUCH_EVERY: i64 = 60_000_000;

/// Makes, checks and revokes API tokens. Cheap to clone.
#[derive(Clone)]
pub struct TokenManager {
    pool: Arc<Pool>,
    cache: Arc<CachePlace>,
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
    pub(crate) fn new(pool: Arc<Pool>, lifetime: Duration) -> Self {
        let cache = CachePlace { lifetime, cache: PerProcess::new(TokenCache::new(lifetime)) };
        Self { pool, cache: Arc::new(cache) }
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
    pub fn create_token(&self, description: &str, expires_days: Option<i64>) -> Result<CreatedToken> {
        let run = || {
            tokens::check_description(description)?;
            expires_days.map(|days| tokens::expiry(Timestamp::now(), days)).transpose()?;
            patiently(&self.pool, |connection| tokens::create(connection, description, expires_days))
        };
        run().map_err(|error| error.with_operation("create_token"))
    }

    /// Whether this token may be used now.
    ///
    /// An answer of the database is good for a few seconds (`TOKEN_CACHE_SECONDS`, 5 by default; 0 asks every time), but
    /// never past the token's expiry. A token that is revoked in this process is invalid at once.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer. That is never `false`: answer with status 503, not 401.
    pub fn verify_token(&self, token: &str) -> Result<bool> {
        if !PlainToken::may_be_token(token) {
            return Ok(false);
        }
        let found = self.find(token).map_err(|error| error.with_operation("verify_token"))?;
        Ok(found.is_some_and(|record| TokenReason::of(&record, Timestamp::now()) == TokenReason::Valid))
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
        Ok(found.map_or_else(
            || TokenCheck::without_record(TokenReason::Unknown),
            |record| TokenCheck::of(TokenInfo::clone(&record), Timestamp::now()),
        ))
    }

    /// The token's record, from the cache or from the database.
    fn find(&self, token: &str) -> Result<Option<Arc<TokenInfo>>> {
        let hash = TokenHash::of(token);
        match self.cache.get() {
            Some(cache) => cache.find(hash, self.pool.settings().query_timeout, || self.look_up(hash)),
            None => self.look_up(hash).map(|found| found.map(Arc::new)),
        }
    }

    fn look_up(&self, hash: TokenHash) -> Result<Option<TokenInfo>> {
        let mut found = tokens::find(&mut *self.pool.reader()?, hash)?;
        let now = Timestamp::now();
        if let Some(record) =
            found.as_mut().filter(|record| TokenReason::of(record, now) == TokenReason::Valid)
        {
            self.note_use(record, now);
        }
        Ok(found)
    }

    fn forget(&self, id: i64) {
        if let Some(cache) = self.cache.get() {
            cache.forget(id);
        }
    }

    /// Notes the last use, if that is due. The check stands whether or not it can be noted: a database that accepts no
    /// changes still verifies.
    fn note_use(&self, record: &mut TokenInfo, now: Timestamp) {
        let not_since = now.checked_add_microseconds(-TOUCH_EVERY).unwrap_or(Timestamp::MIN);
        if record.last_used_at.is_none_or(|last| last <= not_since)
            && let Ok(mut connection) = self.pool.writer()
            && let Ok(true) = tokens::touch(&mut connection, record.id, now, not_since)
        {
            record.last_used_at = Some(now);
        }
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
        // After a failure as well: it may have been revoked all the same.
        self.forget(id);
        revoked.map_err(|error| error.with_operation("revoke_token"))
    }

    /// Deletes the tokens whose time is over, and says how many.
    ///
    /// # Errors
    /// As every change.
    pub fn delete_expired_tokens(&self) -> Result<u64> {
        let deleted =
            patiently(&self.pool, |connection| tokens::delete_expired(connection, Timestamp::now()));
        if let Some(cache) = self.cache.get() {
            cache.forget_all();
        }
        deleted.map_err(|error| error.with_operation("delete_expired_tokens"))
    }
}

impl fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
