//! Import of users from other programs.

use chatkeep_core::users::password::PasswordHash;
use chatkeep_core::users::{self, UserState};
use chatkeep_core::{NewUser, Result, Timestamp, User};

use super::UserManager;
use crate::retry::with_retry;

impl UserManager {
    /// Creates a user of another program, with the state and the creation time there.
    ///
    /// # Arguments
    /// - `user`: The user. Its field `confirmed` is ignored.
    /// - `active`: Whether the user may sign in.
    /// - `confirmed_at`: Time at which the user proved to own the e-mail address.
    /// - `created_at`: Creation time.
    ///
    /// # Errors
    /// - Those of [`UserManager::create_user`].
    /// - `Configuration`: the hash is of Flask-Security and `PASSWORD_SALT` is not set.
    pub fn import_user(
        &self,
        user: &NewUser,
        active: bool,
        confirmed_at: Option<Timestamp>,
        created_at: Timestamp,
    ) -> Result<User> {
        let run = || {
            let checked = user.check()?;
            let hash = self.hash_of(user)?;
            let state = UserState { active, confirmed_at, created_at };
            with_retry(&self.pool, |connection| {
                users::import(connection, &checked, hash.as_ref(), state)
            })
        };
        run().map_err(|error| error.with_operation("import_user"))
    }

    /// Returns the hash to store of a new user's password, if there is one.
    pub(super) fn hash_of(&self, user: &NewUser) -> Result<Option<PasswordHash>> {
        match (&user.password, &user.password_hash) {
            (Some(password), _) => self.passwords.hash(password).map(Some),
            (None, Some(hash)) => self.passwords.import(hash, user.password_scheme).map(Some),
            (None, None) => Ok(None),
        }
    }
}
