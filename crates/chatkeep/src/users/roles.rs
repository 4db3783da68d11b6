//! Roles of users.

use chatkeep_core::{Result, Timestamp, UserRole, users};
use chatkeep_macros::operations;

use super::UserManager;
use crate::retry::with_retry;

#[operations(part = ROLES, receiver = users)]
impl UserManager {
    /// Grants a role to a user. If the user has it, the expiry is replaced.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    /// - `role`: Name of the role, at most 100 characters.
    /// - `expires_at`: Time from which the user does not have the role; without it, the role does not
    /// expire.
    /// - `granted_by`: The account that grants it, at most 255 characters.
    ///
    /// # Returns
    /// The role.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, `expires_at` is not in the future, or the user does not
    /// exist.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn grant_role(
        &self,
        user_id: &str,
        role: &str,
        expires_at: Option<Timestamp>,
        granted_by: Option<&str>,
    ) -> Result<UserRole> {
        let run = || {
            users::check_grant(role, expires_at, granted_by)?;
            with_retry(&self.pool, |connection| {
                users::grant(connection, user_id, role, expires_at, granted_by)
            })
        };
        run().map_err(|error| error.with_operation("grant_role"))
    }

    /// Revokes a role of a user.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    /// - `role`: Name of the role.
    ///
    /// # Returns
    /// `false` if the user does not have the role, or does not exist.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn revoke_role(&self, user_id: &str, role: &str) -> Result<bool> {
        let run = || with_retry(&self.pool, |connection| users::revoke(connection, user_id, role));
        run().map_err(|error| error.with_operation("revoke_role"))
    }

    /// Returns the roles of a user that have not expired, by name.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    ///
    /// # Returns
    /// The roles. The list is empty if the user does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_roles(&self, user_id: &str) -> Result<Vec<UserRole>> {
        let run = || users::list_roles(&mut *self.pool.reader()?, user_id);
        run().map_err(|error| error.with_operation("list_roles"))
    }

    /// Returns whether a user has a role that has not expired. It does not matter whether the user is
    /// active.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    /// - `role`: Name of the role.
    ///
    /// # Returns
    /// `false` if the user does not have the role, or does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn has_role(&self, user_id: &str, role: &str) -> Result<bool> {
        let run = || users::has_role(&mut *self.pool.reader()?, user_id, role);
        run().map_err(|error| error.with_operation("has_role"))
    }
}
