//! The asynchronous [`TokenManager`].

use chatkeep_core::{Result, TokenCheck};

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
    /// - `Unavailable`: the database does not answer. The token may be valid: respond with status
    ///   503, not 401.
    pub async fn verify_token(&self, token: &str) -> Result<bool> {
        if let Some(answer) = self.blocking().verify_cached(token) {
            return Ok(answer);
        }
        let token = token.to_owned();
        self.run(move |tokens| tokens.verify_token(&token)).await
    }

    /// Checks a token, and returns why it is valid or invalid. A cached result is returned
    /// immediately, without a background thread.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. The token may be valid: respond with status
    ///   503, not 401.
    pub async fn check_token(&self, token: &str) -> Result<TokenCheck> {
        if let Some(answer) = self.blocking().check_cached(token) {
            return Ok(answer);
        }
        let token = token.to_owned();
        self.run(move |tokens| tokens.check_token(&token)).await
    }
}
