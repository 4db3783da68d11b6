//! API tokens.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{CreatedToken, Result, TokenCheck, TokenInfo};

use crate::background::Calls;
use crate::chatkeep::Chatkeep;
use crate::tokens::TokenManager;

/// [`TokenManager`], awaited.
#[derive(Clone)]
pub struct AsyncTokenManager {
    tokens: TokenManager,
    calls: Arc<Calls>,
}

impl AsyncTokenManager {
    pub(super) fn new(chat: &Chatkeep) -> Self {
        Self { tokens: chat.tokens().clone(), calls: Arc::clone(chat.calls()) }
    }

    /// See [`TokenManager::create_token`].
    ///
    /// # Errors
    /// As there.
    pub async fn create_token(
        &self,
        description: impl Into<String>,
        expires_days: Option<i64>,
    ) -> Result<CreatedToken> {
        let description = description.into();
        self.run(move |tokens| tokens.create_token(&description, expires_days)).await
    }

    /// Whether this token may be used now. A token that was checked within the last seconds is answered for at once,
    /// without a thread in between.
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
    /// As [`TokenManager::verify_token`].
    pub async fn verify_token(&self, token: &str) -> Result<bool> {
        if let Some(answer) = self.tokens.verify_at_once(token) {
            return Ok(answer);
        }
        let token = token.to_owned();
        self.run(move |tokens| tokens.verify_token(&token)).await
    }

    /// See [`TokenManager::check_token`]; at once as [`AsyncTokenManager::verify_token`].
    ///
    /// # Errors
    /// As there.
    pub async fn check_token(&self, token: &str) -> Result<TokenCheck> {
        if let Some(answer) = self.tokens.check_at_once(token) {
            return Ok(answer);
        }
        let token = token.to_owned();
        self.run(move |tokens| tokens.check_token(&token)).await
    }

    /// See [`TokenManager::list_tokens`].
    ///
    /// # Errors
    /// As there.
    pub async fn list_tokens(&self) -> Result<Vec<TokenInfo>> {
        self.run(TokenManager::list_tokens).await
    }

    /// See [`TokenManager::get_token_info`].
    ///
    /// # Errors
    /// As there.
    pub async fn get_token_info(&self, id: i64) -> Result<Option<TokenInfo>> {
        self.run(move |tokens| tokens.get_token_info(id)).await
    }

    /// See [`TokenManager::revoke_token`].
    ///
    /// # Errors
    /// As there.
    pub async fn revoke_token(&self, id: i64) -> Result<bool> {
        self.run(move |tokens| tokens.revoke_token(id)).await
    }

    /// See [`TokenManager::delete_expired_tokens`].
    ///
    /// # Errors
    /// As there.
    pub async fn delete_expired_tokens(&self) -> Result<u64> {
        self.run(TokenManager::delete_expired_tokens).await
    }

    async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&TokenManager) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let tokens = self.tokens.clone();
        self.calls.run(move || call(&tokens)).await
    }
}

impl fmt::Debug for AsyncTokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncTokenManager").field(&self.tokens).finish()
    }
}
