//! Secrets that are valid once.

use chatkeep_core::{OneTimeSecret, Result, Secret, Timestamp, users};
use chatkeep_macros::operations;

use super::UserManager;
use crate::batch_sizer::in_batches;
use crate::retry::with_retry;

#[operations(part = ONE_TIME_SECRETS, receiver = users)]
impl UserManager {
    /// Creates a secret that is valid once.
    ///
    /// For example, it confirms an address or permits a password reset.
    ///
    /// Only its hash is stored, so this is the only time that it can be delivered.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::Secret;
    ///
    /// let created = chat.users().create_one_time_secret("reset", "user-1", 3600)?;
    /// let presented = Secret::from(created.secret.expose());
    /// let subject = chat.users().consume_one_time_secret(&presented, "reset")?;
    /// assert_eq!(subject.as_deref(), Some("user-1"));
    /// assert_eq!(chat.users().consume_one_time_secret(&presented, "reset")?, None);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `purpose`: Purpose, at most 50 characters. The secret is valid for no other one.
    /// - `subject`: Text that the use of the secret returns, such as the user's public id; at most 255
    /// characters.
    /// - `lifetime_seconds`: Seconds until the secret expires (1–31,622,400).
    ///
    /// # Returns
    /// The secret, with its record.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn create_one_time_secret(
        &self,
        purpose: &str,
        subject: &str,
        #[argument(default = 3600)] lifetime_seconds: i64,
    ) -> Result<OneTimeSecret> {
        let run = || {
            users::check_purpose(purpose)?;
            users::check_subject(subject)?;
            users::secret_expiry(Timestamp::now(), lifetime_seconds)?;
            with_retry(&self.pool, |connection| {
                users::create_secret(connection, purpose, subject, lifetime_seconds)
            })
        };
        run().map_err(|error| error.with_operation("create_one_time_secret"))
    }

    /// Uses a secret. Of all calls with it, in any process, exactly one gets the subject.
    ///
    /// # Arguments
    /// - `secret`: The string that the client presented, valid or not.
    /// - `purpose`: The purpose for which it was created.
    ///
    /// # Returns
    /// The subject. `None` if the secret does not exist, was created for another purpose, has expired, or
    /// was used before.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The secret may have been
    /// used up.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: the secret is unchanged.
    #[operation(write)]
    pub fn consume_one_time_secret(
        &self,
        secret: &Secret,
        purpose: &str,
    ) -> Result<Option<String>> {
        let run = || {
            with_retry(&self.pool, |connection| {
                users::consume(connection, secret.expose(), purpose)
            })
        };
        run().map_err(|error| error.with_operation("consume_one_time_secret"))
    }

    /// Deletes the unused secrets of a purpose and subject.
    ///
    /// For example, after a password was reset.
    ///
    /// # Arguments
    /// - `purpose`: The purpose for which they were created.
    /// - `subject`: The subject for which they were created.
    ///
    /// # Returns
    /// The number of deleted secrets.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_one_time_secrets(&self, purpose: &str, subject: &str) -> Result<u64> {
        let run = || {
            users::check_purpose(purpose)?;
            users::check_subject(subject)?;
            with_retry(&self.pool, |connection| users::delete_secrets(connection, purpose, subject))
        };
        run().map_err(|error| error.with_operation("delete_one_time_secrets"))
    }

    /// Deletes all expired secrets, in batches.
    ///
    /// # Returns
    /// The number of deleted secrets.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`, `OutcomeUnknown`: some
    /// secrets may be deleted; call it again.
    #[operation(write)]
    pub fn prune_one_time_secrets(&self) -> Result<u64> {
        let now = Timestamp::now();
        let run = || {
            in_batches(&self.pool, |connection, most| {
                users::delete_expired_secrets_batch(connection, now, most)
            })
        };
        run().map_err(|error| error.with_operation("prune_one_time_secrets"))
    }
}
