//! Queries for users.

use chatkeep_core::described::Record;
use chatkeep_core::users::{self, UserKey};
use chatkeep_core::{Result, User, UserPage};
use chatkeep_macros::operations;

use super::UserManager;

/// Conditions on users, combined with AND. An empty filter matches all users.
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct UserFilter {
    /// Whether the users may sign in.
    pub active: Option<bool>,
    /// Role that the users have.
    pub role: Option<String>,
}

#[operations(part = LOOKUP, receiver = users)]
impl UserManager {
    /// Returns a user.
    ///
    /// # Arguments
    /// - `user_id`: The user's public id.
    ///
    /// # Returns
    /// The user, or `None` if there is none.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_user(&self, user_id: &str) -> Result<Option<User>> {
        let run = || users::find(&mut *self.pool.reader()?, UserKey::PublicId(user_id));
        run().map_err(|error| error.with_operation("get_user"))
    }

    /// Returns the user with an e-mail address. Letter case and surrounding whitespace do not matter.
    ///
    /// # Arguments
    /// - `email`: E-mail address.
    ///
    /// # Returns
    /// The user, active or not. `None` if there is none.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn find_by_email(&self, email: &str) -> Result<Option<User>> {
        let run = || match users::email_key(email) {
            Ok(key) => users::find(&mut *self.pool.reader()?, UserKey::Email(&key)),
            Err(_) => Ok(None),
        };
        run().map_err(|error| error.with_operation("find_by_email"))
    }

    /// Returns the user with a username. Letter case and surrounding whitespace do not matter.
    ///
    /// # Arguments
    /// - `username`: Username.
    ///
    /// # Returns
    /// The user, active or not. `None` if there is none.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn find_by_username(&self, username: &str) -> Result<Option<User>> {
        let run = || match users::username_key(username) {
            Ok(key) => users::find(&mut *self.pool.reader()?, UserKey::Username(&key)),
            Err(_) => Ok(None),
        };
        run().map_err(|error| error.with_operation("find_by_username"))
    }

    /// Returns the user with an account of another provider.
    ///
    /// # Arguments
    /// - `provider`: The provider, such as `google`.
    /// - `subject`: The user's id at the provider.
    ///
    /// # Returns
    /// The user, active or not. `None` if the account is not linked.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn find_by_identity(&self, provider: &str, subject: &str) -> Result<Option<User>> {
        let run = || users::find_by_identity(&mut *self.pool.reader()?, provider, subject);
        run().map_err(|error| error.with_operation("find_by_identity"))
    }

    /// Returns a page of users, newest first.
    ///
    /// # Arguments
    /// - `limit`: Maximum number of users to return (1–10,000).
    /// - `cursor`: The field `next_cursor` of the page before.
    ///
    /// # Returns
    /// The users, and the position of the next page.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range, or `cursor` or `role` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_users(
        &self,
        #[argument(flatten)] filter: &UserFilter,
        #[argument(default = 100, named)] limit: i64,
        cursor: Option<&str>,
    ) -> Result<UserPage> {
        let run = || {
            let UserFilter { active, role } = filter;
            if let Some(role) = role {
                users::check_role(role)?;
            }
            users::check_page(limit, cursor)?;
            users::list(&mut *self.pool.reader()?, *active, role.as_deref(), limit, cursor)
        };
        run().map_err(|error| error.with_operation("list_users"))
    }
}
