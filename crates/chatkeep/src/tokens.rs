//! API tokens.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{
    CreatedToken, PlainToken, Result, Timestamp, TokenCheck, TokenHash, TokenInfo, TokenReason, tokens,
};
use chatkeep_pool::Pool;

/// A token's last use is noted at most this often, in microseconds: a minute.
const TOUCH_EVERY: i64 = 60_000_000;

/// Makes, checks and revokes API tokens. Cheap to clone.
#[derive(Clone)]
pub struct TokenManager {
    pool: Arc<Pool>,
}

impl TokenManager {
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        Self { pool }
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
            tokens::create(&mut *self.pool.writer()?, description, expires_days)
        };
        run().map_err(|error| error.with_operation("create_token"))
    }

    /// Whether this token may be used now.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer. That is never `false`: answer with status 503, not 401.
    pub fn verify_token(&self, token: &str) -> Result<bool> {
        self.check(token).map(|check| check.valid).map_err(|error| error.with_operation("verify_token"))
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
        self.check(token).map_err(|error| error.with_operation("check_token"))
    }

    fn check(&self, token: &str) -> Result<TokenCheck> {
        if !PlainToken::may_be_token(token) {
            return Ok(TokenCheck::without_record(TokenReason::Malformed));
        }
        let found = tokens::find(&mut *self.pool.reader()?, TokenHash::of(token))?;
        let now = Timestamp::now();
        let check = found.map_or_else(
            || TokenCheck::without_record(TokenReason::Unknown),
            |record| TokenCheck::of(record, now),
        );
        if check.valid {
            self.note_use(&check, now);
        }
        Ok(check)
    }

    /// Notes the last use, if that is due. The check stands whether or not it can be noted: a database that accepts no
    /// changes still verifies.
    fn note_use(&self, check: &TokenCheck, now: Timestamp) {
        let Some(token) = &check.token else { return };
        let not_since = now.checked_add_microseconds(-TOUCH_EVERY).unwrap_or(Timestamp::MIN);
        if token.last_used_at.is_none_or(|last| last <= not_since)
            && let Ok(mut connection) = self.pool.writer()
        {
            let _ = tokens::touch(&mut connection, token.id, now, not_since);
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
        let run = || tokens::revoke(&mut *self.pool.writer()?, id);
        run().map_err(|error| error.with_operation("revoke_token"))
    }

    /// Deletes the tokens whose time is over, and says how many.
    ///
    /// # Errors
    /// As every change.
    pub fn delete_expired_tokens(&self) -> Result<u64> {
        let run = || tokens::delete_expired(&mut *self.pool.writer()?, Timestamp::now());
        run().map_err(|error| error.with_operation("delete_expired_tokens"))
    }
}

impl fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
