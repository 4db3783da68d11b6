//! Import of users from other programs.

use chatkeep_core::users::{self, UserState};
use chatkeep_core::{NewUser, Result, Timestamp, User};

use super::UserManager;
use crate::retry::with_retry;

impl UserManager {
    /// Creates a user of another program, with the state and the creation time there.
    ///
    /// # Arguments
    /// - `user`: The user.
    /// - `active`: Whether the user may sign in.
    /// - `confirmed_at`: Time at which the user proved to own the e-mail address.
    /// - `created_at`: Creation time.
    ///
    /// # Errors
    /// The errors of [`UserManager::create_user`]. `Configuration` if `PASSWORD_SALT` is not set,
    /// and the hash is of Flask-Security.
    pub fn import_user(
        &self,
        user: &NewUser,
        active: bool,
        confirmed_at: Option<Timestamp>,
        created_at: Timestamp,
    ) -> Result<User> {
        let run = || {
            let checked = user.check()?;
            let hash = user.password_hash.as_ref();
            let hash = hash.map(|hash| self.passwords.import(hash, user.password_scheme));
            let hash = hash.transpose()?;
            let state = UserState { active, confirmed_at, created_at };
            with_retry(&self.pool, |connection| {
                users::import(connection, &checked, hash.as_ref(), state)
            })
        };
        run().map_err(|error| error.with_operation("import_user"))
    }
}
