//! The asynchronous [`TokenManager`].

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{CreatedToken, Result, TokenCheck, TokenInfo};

use crate::background::BlockingExecutor;
use crate::chatkeep::Chatkeep;
use crate::tokens::TokenManager;

/// A [`TokenManager`] whose calls are awaited.
#[derive(Clone)]
pub struct AsyncTokenManager {
    tokens: TokenManager,
    executor: Arc<BlockingExecutor>,
}

impl AsyncTokenManager {
    pub(super) fn new(chat: &Chatkeep) -> Self {
        Self { tokens: chat.tokens().clone(), executor: Arc::clone(chat.executor()) }
    }

    /// Calls [`TokenManager::create_token`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`TokenManager::create_token`].
    pub async fn create_token(
        &self,
        description: impl Into<String>,
        expires_days: Option<i64>,
    ) -> Result<CreatedToken> {
        let description = description.into();
        self.run(move |tokens| tokens.create_token(&description, expires_days)).await
    }

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
    /// The errors of [`TokenManager::verify_token`].
    pub async fn verify_token(&self, token: &str) -> Result<bool> {
        if let Some(answer) = self.tokens.verify_cached(token) {
            return Ok(answer);
        }
        let token = token.to_owned();
        self.run(move |tokens| tokens.verify_token(&token)).await
    }

    /// Calls [`TokenManager::check_token`] on a background thread, unless its result is cached.
    ///
    /// # Errors
    /// The errors of [`TokenManager::check_token`].
    pub async fn check_token(&self, token: &str) -> Result<TokenCheck> {
        if let Some(answer) = self.tokens.check_cached(token) {
            return Ok(answer);
        }
        let token = token.to_owned();
        self.run(move |tokens| tokens.check_token(&token)).await
    }

    /// Calls [`TokenManager::list_tokens`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`TokenManager::list_tokens`].
    pub async fn list_tokens(&self) -> Result<Vec<TokenInfo>> {
        self.run(TokenManager::list_tokens).await
    }

    /// Calls [`TokenManager::get_token_info`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`TokenManager::get_token_info`].
    pub async fn get_token_info(&self, id: i64) -> Result<Option<TokenInfo>> {
        self.run(move |tokens| tokens.get_token_info(id)).await
    }

    /// Calls [`TokenManager::revoke_token`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`TokenManager::revoke_token`].
    pub async fn revoke_token(&self, id: i64) -> Result<bool> {
        self.run(move |tokens| tokens.revoke_token(id)).await
    }

    /// Calls [`TokenManager::delete_expired_tokens`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`TokenManager::delete_expired_tokens`].
    pub async fn delete_expired_tokens(&self) -> Result<u64> {
        self.run(TokenManager::delete_expired_tokens).await
    }

    async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&TokenManager) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let tokens = self.tokens.clone();
        self.executor.run(move || call(&tokens)).await
    }
}

impl fmt::Debug for AsyncTokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncTokenManager").field(&self.tokens).finish()
    }
}
