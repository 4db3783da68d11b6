//! Users: accounts, passwords, identities of other providers, roles and secrets that are valid
//! once.

mod account;
mod identities;
mod import;
mod lookup;
mod one_time_secrets;
mod personal_data;
mod roles;
mod sign_in;

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{Connection, NewUser, Result, User, users};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

pub use self::lookup::UserFilter;
use crate::app_settings::SettingCache;
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
    setting_cache: Arc<SettingCache>,
    passwords: Arc<PasswordChecker>,
}

/// Users, and how they sign in.
///
/// A user is identified by `user_id`, which is the field `public_id` of its record. Passwords are
/// stored as Argon2id hashes. Hashes of bcrypt and Flask-Security that other programs created are
/// accepted, and replaced when the user signs in.
#[operations(
    name = "users",
    receiver = users,
    parts(SIGN_IN, LOOKUP, ACCOUNT, IDENTITIES, ROLES, ONE_TIME_SECRETS, PERSONAL_DATA)
)]
impl UserManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        let pool = Arc::clone(&parts.pool);
        let salt = parts.settings.password_salt.clone();
        let passwords = PasswordChecker::new(salt, pool.settings().pool_timeout);
        Self {
            pool,
            write: Arc::clone(&parts.write),
            setting_cache: Arc::clone(&parts.setting_cache),
            passwords: Arc::new(passwords),
        }
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
}

impl fmt::Debug for UserManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
