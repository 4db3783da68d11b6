//! Changes of a user's account: its fields, password and state, and its deletion.

use chatkeep_core::{Result, Secret, User, UserChanges, users};
use chatkeep_macros::operations;

use super::UserManager;
use crate::retry::with_retry;

#[operations(part = ACCOUNT, receiver = users)]
impl UserManager {
    /// Changes a user's fields. Those that are not given stay unchanged; an empty text removes the
    /// value.
    ///
    /// A new e-mail address is not confirmed, unless only its spelling differs. Metadata is replaced
    /// as a whole.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    ///
    /// # Returns
    /// The changed user, or `None` if the user does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid.
    /// - `Conflict`: another user has the address or the username, or the user would have no way to sign
    /// in. It is not retryable then, and its field is `email` or `username`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn update_user(
        &self,
        user_id: &str,
        #[argument(flatten)] changes: &UserChanges,
    ) -> Result<Option<User>> {
        let run = || {
            let checked = changes.check()?;
            with_retry(&self.pool, |connection| users::update(connection, user_id, &checked))
        };
        run().map_err(|error| error.with_operation("update_user"))
    }

    /// Sets a user's password.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    /// - `password`: New password, 1 to 1,024 bytes of UTF-8. Its strength is the application's concern.
    /// - `end_sessions`: Whether all sessions of the user end.
    ///
    /// # Returns
    /// `false` if the user does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `password` is empty or too long.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn set_password(
        &self,
        user_id: &str,
        password: &Secret,
        #[argument(default = true, named)] end_sessions: bool,
    ) -> Result<bool> {
        let run = || {
            let hash = self.passwords.hash(password)?;
            let change =
                |connection: &mut _| users::set_password(connection, user_id, &hash, end_sessions);
            if end_sessions { self.end_sessions_by(change) } else { with_retry(&self.pool, change) }
        };
        run().map_err(|error| error.with_operation("set_password"))
    }

    /// Returns whether a user has a password.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    ///
    /// # Returns
    /// `false` if the user has none, or does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn has_password(&self, user_id: &str) -> Result<bool> {
        let run = || users::has_password(&mut *self.pool.reader()?, user_id);
        run().map_err(|error| error.with_operation("has_password"))
    }

    /// Activates or deactivates a user. A deactivated user cannot sign in, and all sessions end.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    /// - `active`: Whether the user may sign in.
    ///
    /// # Returns
    /// `false` if the user does not exist.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn set_active(&self, user_id: &str, #[argument(positional)] active: bool) -> Result<bool> {
        let run =
            || self.change_sign_ins(|connection| users::set_active(connection, user_id, active));
        run().map_err(|error| error.with_operation("set_active"))
    }

    /// Ends all sessions of a user.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    ///
    /// # Returns
    /// `false` if the user does not exist.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn end_sessions(&self, user_id: &str) -> Result<bool> {
        let run = || self.end_sessions_by(|connection| users::new_stamp(connection, user_id));
        run().map_err(|error| error.with_operation("end_sessions"))
    }

    /// Records that a user has proved to own the e-mail address.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    /// - `email`: The address to which the proof was sent. If the user has another one by now, nothing is
    /// changed.
    ///
    /// # Returns
    /// Whether the address is confirmed. `false` if the user does not exist, or has no address or another
    /// one.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn confirm_user(&self, user_id: &str, email: Option<&str>) -> Result<bool> {
        let run = || {
            let key = match email.map(users::email_key) {
                None => None,
                Some(Ok(key)) => Some(key),
                // No user has such an address.
                Some(Err(_)) => return Ok(false),
            };
            with_retry(&self.pool, |connection| users::confirm(connection, user_id, key.as_deref()))
        };
        run().map_err(|error| error.with_operation("confirm_user"))
    }

    /// Deletes a user without conversations.
    ///
    /// The user's password, identities, roles, sessions and API tokens are deleted, too. To delete all
    /// data of the user, call `erase_user`.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    ///
    /// # Returns
    /// `false` if the user does not exist.
    ///
    /// # Errors
    /// - `Conflict`: the user has conversations. It is not retryable then, and its field is `user_id`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_user(&self, user_id: &str) -> Result<bool> {
        let run = || self.change_sign_ins(|connection| users::delete(connection, user_id));
        run().map_err(|error| error.with_operation("delete_user"))
    }
}
