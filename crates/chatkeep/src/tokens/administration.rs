//! Listing, revoking and deleting tokens.

use chatkeep_core::{Result, Timestamp, TokenInfo, tokens};
use chatkeep_macros::operations;

use super::TokenManager;
use crate::batch_sizer::BatchSizer;
use crate::retry::with_retry;
use crate::revocations::Revocations;

#[operations(part = ADMINISTRATION, receiver = tokens)]
impl TokenManager {
    /// Returns the records of all tokens, newest first; see [`TokenManager::list_tokens_of`].
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    ///   too.
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
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The last batch may
    ///   have been deleted.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: earlier batches were
    ///   deleted. Call it again.
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
