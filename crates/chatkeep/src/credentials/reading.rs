//! Reading credentials, with and without their secrets.

use chatkeep_core::credentials::{FoundCredential, SoughtCredential};
use chatkeep_core::{
    Credential, CredentialPage, Cursor, Error, Result, RevealedCredential, Timestamp, check_limit,
    credentials,
};
use chatkeep_macros::operations;

use super::CredentialManager;
use crate::use_recorder::is_recent;

#[operations(part = READING, receiver = credentials)]
impl CredentialManager {
    /// Returns the newest usable credential of an owner, with its secret.
    ///
    /// It is active, has not expired and does not cool down. The owner must match exactly: without
    /// `provider` and `user_id`, it is the application. An unreadable credential is an error; no
    /// earlier version is returned instead. The use is recorded in `last_used_at`, at most once a
    /// minute, by a background thread.
    ///
    /// # Arguments
    /// - `name`: Name of the credential.
    /// - `provider`: Name of the provider for which the credential is.
    /// - `user_id`: Id of the user that owns the credential.
    /// - `scope`: Scopes that the credential must have, separated by spaces.
    ///
    /// # Returns
    /// `None` if no credential is usable, also if the provider or the user does not exist.
    ///
    /// # Errors
    /// - `Configuration`: there are no keys, or the credential's key is not among them.
    /// - `Corrupt`: the credential was changed, or belongs to another row.
    /// - `InvalidInput`: a value is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn find_credential(
        &self,
        name: &str,
        provider: Option<&str>,
        user_id: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Option<RevealedCredential>> {
        let sought = SoughtCredential { name, provider, user_id, scope };
        let run = || {
            let keys = self.keys()?;
            sought.check()?;
            let mut reader = self.pool.reader()?;
            // After the wait for a connection, in which a credential may have expired.
            let now = Timestamp::now();
            let found = credentials::find(&mut reader, keys, &sought, now)?;
            Ok(found.map(|found| self.used(found)))
        };
        run().map_err(|error: Error| error.with_operation("find_credential"))
    }

    /// Returns a credential by its id, with its secret, whatever its state is. The use is recorded,
    /// as by [`CredentialManager::find_credential`].
    ///
    /// # Arguments
    /// - `credential_id`: The credential's id.
    ///
    /// # Returns
    /// `None` if the credential does not exist.
    ///
    /// # Errors
    /// - `Configuration`: there are no keys, or the credential's key is not among them.
    /// - `Corrupt`: the credential was changed, or belongs to another row.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn reveal_credential(&self, credential_id: &str) -> Result<Option<RevealedCredential>> {
        let run = || {
            let keys = self.keys()?;
            let found = credentials::reveal(&mut *self.pool.reader()?, keys, credential_id)?;
            Ok(found.map(|found| self.used(found)))
        };
        run().map_err(|error: Error| error.with_operation("reveal_credential"))
    }

    /// Records the use of a credential, unless a recorded one is recent.
    fn used(&self, found: FoundCredential) -> RevealedCredential {
        let now = Timestamp::now();
        let last = found.revealed.credential.last_used_at;
        if !last.is_some_and(|last| is_recent(last, now)) {
            self.last_used.record(found.id, now);
        }
        found.revealed
    }

    /// Returns a credential without its secret, which is not decrypted.
    ///
    /// # Arguments
    /// - `credential_id`: The credential's id.
    ///
    /// # Returns
    /// `None` if the credential does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn get_credential(&self, credential_id: &str) -> Result<Option<Credential>> {
        let run = || credentials::get(&mut *self.pool.reader()?, credential_id);
        run().map_err(|error| error.with_operation("get_credential"))
    }

    /// Returns credentials without their secrets, newest first. Nothing is decrypted.
    ///
    /// # Arguments
    /// - `provider`: Name of a provider, to return only its credentials, those of users included.
    /// - `user_id`: Id of a user, to return only the user's credentials.
    /// - `name`: Name of credentials, to return only these.
    /// - `limit`: Maximum number of credentials to return (1–10,000).
    /// - `cursor`: The `next_cursor` of the previous page.
    ///
    /// # Returns
    /// A page of credentials; an empty one if the provider or the user does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is not 1–10,000, or another value is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn list_credentials(
        &self,
        provider: Option<&str>,
        user_id: Option<&str>,
        name: Option<&str>,
        #[argument(default = 100)] limit: i64,
        cursor: Option<&str>,
    ) -> Result<CredentialPage> {
        let run = || {
            check_limit(limit)?;
            cursor.map(str::parse::<Cursor>).transpose()?;
            let mut reader = self.pool.reader()?;
            credentials::list(&mut reader, provider, user_id, name, limit, cursor)
        };
        run().map_err(|error| error.with_operation("list_credentials"))
    }
}
