//! Sign-in of users.

use chatkeep_core::users::password::{self, PasswordHash};
use chatkeep_core::users::{self, Login};
use chatkeep_core::{Connection, ErrorKind, Result, Secret, Timestamp, User};
use chatkeep_macros::operations;

use super::UserManager;
use crate::retry::with_retry;

#[operations(part = SIGN_IN, receiver = users)]
impl UserManager {
    /// Checks a name and a password, and records the sign-in.
    ///
    /// The check takes as long for an unknown name as for a wrong password, if the user's hash is of
    /// Argon2id with the current parameters. Other hashes are replaced at the first sign-in; until then
    /// their check takes a different time.
    ///
    /// If recording the sign-in fails, for example because the database is read-only, the user is
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
}
