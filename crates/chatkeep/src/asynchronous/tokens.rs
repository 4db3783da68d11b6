//! The asynchronous [`TokenManager`].

use chatkeep_core::{CreatedToken, NewToken, Result, TokenCheck, TokenInfo};

use super::Async;
use crate::tokens::TokenManager;

/// A [`TokenManager`] whose calls are awaited.
pub type AsyncTokenManager = Async<TokenManager>;

impl Async<TokenManager> {
    /// Returns whether a token is valid now. A cached result is returned immediately, without a
    /// background thread.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?.asynchronous();
    /// let created = chat.tokens().create_token("web app", Some(90)).await?;
    /// assert!(chat.tokens().verify_token(created.token.expose()).await?);
    /// # Ok::<(), chatkeep::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`: the database does not answer, or no connection became free in
    ///   time. The token may be valid: respond with status 503, not 401.
    pub async fn verify_token(&self, token: &str) -> Result<bool> {
        if let Some(answer) = self.blocking().verify_cached(token) {
            return Ok(answer);
        }
        let token = token.to_owned();
        self.run(move |tokens| tokens.verify_token(&token)).await
    }

    /// Creates a token without scopes and without an owner.
    ///
    /// # Errors
    /// - `InvalidInput`: `description` is invalid, or `expires_days` is less than 1.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The token may exist.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    pub async fn create_token(
        &self,
        description: &str,
        expires_days: Option<i64>,
    ) -> Result<CreatedToken> {
        let token = NewToken { expires_days, ..NewToken::new(description) };
        self.create_token_with(&token).await
    }

    /// Returns the records of all tokens, newest first.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    ///   too.
    pub async fn list_tokens(&self) -> Result<Vec<TokenInfo>> {
        self.list_tokens_of(None).await
    }

    /// Checks a token without a required scope.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`: the database does not answer, or no connection became free
    ///   in time. The token may be valid: respond with status 503, not 401.
    pub async fn check_token(&self, token: &str) -> Result<TokenCheck> {
        self.check_token_for(token, None).await
    }

    /// Checks a token, and returns why it is valid or invalid. A cached result is returned
    /// immediately, without a background thread.
    ///
    /// # Errors
    /// - `InvalidInput`: `scope` is not a scope.
    /// - `Unavailable`, `PoolTimeout`: the database does not answer, or no connection became free in
    ///   time. The token may be valid: respond with status 503, not 401.
    pub async fn check_token_for(&self, token: &str, scope: Option<&str>) -> Result<TokenCheck> {
        if let Some(answer) = self.blocking().check_cached(token, scope) {
            return Ok(answer);
        }
        let (token, scope) = (token.to_owned(), scope.map(str::to_owned));
        self.run(move |tokens| tokens.check_token_for(&token, scope.as_deref())).await
    }
}
