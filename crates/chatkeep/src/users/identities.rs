//! Accounts of users at other providers.

use chatkeep_core::users;
use chatkeep_core::{Result, UserIdentity};
use chatkeep_macros::operations;

use super::UserManager;
use crate::retry::with_retry;

#[operations(part = IDENTITIES, receiver = users)]
impl UserManager {
    /// Links an account of another provider to a user. Linking it again updates its e-mail address.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    /// - `provider`: The provider, such as `google`, at most 50 characters.
    /// - `subject`: The user's id at the provider, at most 255 characters.
    /// - `email`: The user's e-mail address at the provider.
    ///
    /// # Returns
    /// The identity.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, or the user does not exist.
    /// - `Conflict`: the account belongs to another user. It is not retryable then, and its field is
    /// `subject`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn link_identity(
        &self,
        user_id: &str,
        provider: &str,
        subject: &str,
        email: Option<&str>,
    ) -> Result<UserIdentity> {
        let run = || {
            users::check_identity(provider, subject)?;
            with_retry(&self.pool, |connection| {
                users::link(connection, user_id, provider, subject, email)
            })
        };
        run().map_err(|error| error.with_operation("link_identity"))
    }

    /// Removes an account of another provider, unless it is the user's last way to sign in.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    /// - `provider`: The provider, such as `google`.
    /// - `subject`: The user's id at the provider.
    ///
    /// # Returns
    /// `false` if the user does not have the identity, or does not exist.
    ///
    /// # Errors
    /// - `Conflict`: the user has no other identity, and no password with an e-mail address or a username.
    /// It is not retryable then, and its field is `subject`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn unlink_identity(&self, user_id: &str, provider: &str, subject: &str) -> Result<bool> {
        let run = || {
            with_retry(&self.pool, |connection| {
                users::unlink(connection, user_id, provider, subject)
            })
        };
        run().map_err(|error| error.with_operation("unlink_identity"))
    }

    /// Returns the accounts of other providers that a user signs in with, oldest first.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    ///
    /// # Returns
    /// The identities. The list is empty if the user does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_identities(&self, user_id: &str) -> Result<Vec<UserIdentity>> {
        let run = || users::list_identities(&mut *self.pool.reader()?, user_id);
        run().map_err(|error| error.with_operation("list_identities"))
    }
}
