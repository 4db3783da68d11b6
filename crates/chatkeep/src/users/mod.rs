//! Users: accounts, passwords, identities of other providers, roles and secrets that are valid
//! once.

mod identities;
mod import;
mod one_time_secrets;
mod personal_data;
mod roles;

use std::fmt;
use std::sync::Arc;

use chatkeep_core::described::Record;
use chatkeep_core::users::password::{self, PasswordHash};
use chatkeep_core::users::{self, Login, UserKey};
use chatkeep_core::{
    Connection, ErrorKind, NewUser, Result, Secret, Timestamp, User, UserChanges, UserPage,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use crate::managers::Parts;
use crate::password_checker::PasswordChecker;
use crate::retry::with_retry;
use crate::revocations::Revocations;
use crate::write::WritePath;

/// Creates users and checks how they sign in. It is cheap to clone.
#[derive(Clone)]
pub struct UserManager {
    pool: Arc<Pool>,
    write: Arc<WritePath>,
    passwords: Arc<PasswordChecker>,
}

/// Conditions on users, combined with AND. An empty filter matches all users.
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct UserFilter {
    /// Whether the users may sign in.
    pub active: Option<bool>,
    /// Role that the users have.
    pub role: Option<String>,
}

/// Users, and how they sign in.
///
/// A user is identified by `user_id`, which is the field `public_id` of its record. Passwords are
/// stored as Argon2id hashes. Hashes of bcrypt and Flask-Security that other programs created are
/// accepted, and replaced when the user signs in.
#[operations(
    name = "users",
    receiver = users,
    parts(IDENTITIES, ROLES, ONE_TIME_SECRETS, PERSONAL_DATA)
)]
impl UserManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        let pool = Arc::clone(&parts.pool);
        let salt = parts.settings.password_salt.clone();
        let passwords = PasswordChecker::new(salt, pool.settings().pool_timeout);
        Self { pool, write: Arc::clone(&parts.write), passwords: Arc::new(passwords) }
    }

    /// Runs a change that ends sessions of a user.
    fn end_sessions_by(&self, change: impl Fn(&mut Connection) -> Result<bool>) -> Result<bool> {
        let outcome = with_retry(&self.pool, change);
        Revocations::of_sessions().record_any_of(&outcome, |made| *made);
        outcome
    }

    /// Runs a change of the validity of a user's sessions and tokens.
    fn change_sign_ins(&self, change: impl Fn(&mut Connection) -> Result<bool>) -> Result<bool> {
        let outcome = self.end_sessions_by(change);
        Revocations::of_tokens().record_any_of(&outcome, |made| *made);
        outcome
    }

    /// Creates a user. An e-mail address, a username or an identity is required.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{ErrorKind, NewUser, Secret};
    ///
    /// let new = NewUser::with_email("ada@example.org").with_password("correct horse");
    /// let user = chat.users().create_user(&new)?;
    /// let found = chat.users().authenticate("Ada@Example.org", &Secret::from("correct horse"))?;
    /// assert_eq!(found.map(|found| found.public_id), Some(user.public_id));
    ///
    /// let taken = chat.users().create_user(&NewUser::with_email("ADA@example.org")).unwrap_err();
    /// assert_eq!((taken.kind(), taken.field()), (ErrorKind::Conflict, Some("email")));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The user.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid or missing.
    /// - `Conflict`: another user has the address, the username, the id or the identity. It is not
    /// retryable then, and its field is `email`, `username`, `public_id` or `identity_subject`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn create_user(&self, #[argument(flatten)] user: &NewUser) -> Result<User> {
        let run = || {
            let checked = user.check()?;
            let hash = self.hash_of(user)?;
            with_retry(&self.pool, |connection| users::create(connection, &checked, hash.as_ref()))
        };
        run().map_err(|error| error.with_operation("create_user"))
    }

    /// Checks a name and a password, and records the sign-in.
    ///
    /// The check takes as long for an unknown name as for a wrong password, if the user's hash is of
    /// Argon2id with the current parameters. Other hashes are replaced at the first sign-in; until then
    /// their check takes a different time.
    ///
    /// If the sign-in cannot be recorded, for example because the database is read-only, the user is
    /// returned with the former `last_login_at`.
    ///
    /// # Arguments
    /// - `login`: E-mail address or username.
    /// - `password`: Password.
    ///
    /// # Returns
    /// The user. `None` if the name is unknown, the password is wrong, or the user is not active.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. The password may be right: respond with status
    /// 503, not 401.
    /// - `PoolTimeout`: no connection, or no thread for the check, was free in time.
    /// - `Configuration`: `PASSWORD_SALT` is not set, or is not the one with which Flask-Security
    /// hashed the password.
    #[operation(write)]
    pub fn authenticate(&self, login: &str, password: &Secret) -> Result<Option<User>> {
        let run = || -> Result<Option<User>> {
            if !password::is_possible(password) {
                return Ok(None);
            }
            let found = match Login::of(login) {
                Some(login) => users::find_credentials(&mut *self.pool.reader()?, &login)?,
                None => None,
            };
            let (user, stored) = found.map_or((None, None), |found| (Some(found.user), found.hash));
            let is_active = user.as_ref().is_some_and(|user| user.active);
            let stored = stored.unwrap_or_else(PasswordHash::dummy);
            let checked = self.passwords.check(password, &stored, is_active)?;
            let Some(mut user) = user.filter(|_| checked.matches && is_active) else {
                return Ok(None);
            };
            let rehashed = checked.rehashed.as_ref().map(|rehashed| (&stored, rehashed));
            self.record(&mut user, |connection, id, now| {
                users::record_login(connection, id, now, rehashed)
            })?;
            Ok(Some(user))
        };
        run().map_err(|error| error.with_operation("authenticate"))
    }

    /// Signs in a user after authentication by another provider.
    ///
    /// # Arguments
    /// - `provider`: The provider, such as `google`.
    /// - `subject`: The user's id at the provider.
    ///
    /// # Returns
    /// The user. `None` if the account is not linked, or the user is not active.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(write)]
    pub fn authenticate_identity(&self, provider: &str, subject: &str) -> Result<Option<User>> {
        let run = || -> Result<Option<User>> {
            let found = users::find_by_identity(&mut *self.pool.reader()?, provider, subject)?;
            let Some(mut user) = found.filter(|user| user.active) else { return Ok(None) };
            self.record(&mut user, |connection, id, now| {
                users::record_login(connection, id, now, None)?;
                users::record_identity_login(connection, provider, subject, now)
            })?;
            Ok(Some(user))
        };
        run().map_err(|error| error.with_operation("authenticate_identity"))
    }

    /// Records a sign-in. Only an interrupt is an error, because the sign-in itself is decided.
    fn record(
        &self,
        user: &mut User,
        write: impl Fn(&mut Connection, i64, Timestamp) -> Result<()>,
    ) -> Result<()> {
        let now = Timestamp::now();
        let recorded = with_retry(&self.pool, |connection| {
            connection.transaction(|connection| write(connection, user.id, now))
        });
        match recorded {
            Ok(()) => user.last_login_at = Some(now),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(_) => {}
        }
        Ok(())
    }

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

impl fmt::Debug for UserManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
