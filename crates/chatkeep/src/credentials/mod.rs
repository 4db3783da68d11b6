//! Encrypted secrets of the application, of providers and of users.

mod keys;
mod reading;

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{
    Credential, CredentialKeys, CredentialStatus, NewCredential, Result, Secret, Timestamp,
    credentials, messages,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use crate::batch_sizer::in_batches;
use crate::managers::Parts;
use crate::retry::with_retry;
use crate::use_recorder::{UseRecorder, cutoff};

/// Stores encrypted secrets of the application, of providers and of users. It is cheap to clone.
#[derive(Clone)]
pub struct CredentialManager {
    pool: Arc<Pool>,
    keys: Option<CredentialKeys>,
    last_used: Arc<UseRecorder<Timestamp>>,
}

/// Stores encrypted secrets, such as API keys of providers.
///
/// A credential belongs to the application, to a provider, to a user, or to a user at a provider.
/// It is encrypted with XChaCha20-Poly1305, and bound to its row. The keys are in `CHATKEEP_KEYS`,
/// never in the database: the first one encrypts, and all decrypt. Without a key, nothing is
/// stored.
#[operations(name = "credentials", receiver = credentials, parts(READING, KEYS))]
impl CredentialManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        let pool = Arc::clone(&parts.pool);
        let last_used = UseRecorder::new(
            Arc::clone(&pool),
            Arc::clone(&parts.executor),
            |connection, id, used_at| {
                credentials::touch(connection, id, used_at, cutoff(used_at)).map(drop)
            },
        );
        Self { pool, keys: parts.settings.keys.clone(), last_used: Arc::new(last_used) }
    }

    /// Encrypts and stores a credential.
    ///
    /// If the owner has credentials with this name, the new one gets the next version. The earlier
    /// versions stay usable until they are revoked.
    ///
    /// ```
    /// use chatkeep::{Chatkeep, CredentialKeys, NewCredential};
    ///
    /// let key = CredentialKeys::generate(None)?; // once, by `chatkeep credentials generate-key`
    /// let chat = Chatkeep::builder().url("sqlite:///:memory:").keys(key).open()?;
    /// let new = NewCredential::new("smtp_password", "correct horse battery");
    /// let added = chat.credentials().add_credential(&new)?;
    /// assert_eq!(added.hint.as_deref(), Some("tery"));
    ///
    /// let found = chat.credentials().find_credential("smtp_password", None, None, None)?;
    /// assert_eq!(found.unwrap().secret.expose(), "correct horse battery");
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The credential, without its secret.
    ///
    /// # Errors
    /// - `Configuration`: there is no key to encrypt it with.
    /// - `InvalidInput`: a value is invalid, or the provider or the user does not exist.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The credential may
    /// have been stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn add_credential(
        &self,
        #[argument(flatten)] credential: &NewCredential,
    ) -> Result<Credential> {
        self.add(credential).map_err(|error| error.with_operation("add_credential"))
    }

    fn add(&self, credential: &NewCredential) -> Result<Credential> {
        let keys = self.keys()?;
        credential.check()?;
        with_retry(&self.pool, |connection| credentials::add(connection, keys, credential))
    }

    /// Decrypts a Fernet token of another program, and stores it as
    /// [`CredentialManager::add_credential`] does.
    ///
    /// # Arguments
    /// - `fernet_key`: The Fernet key with which the token was encrypted: base64 text of 32 bytes.
    ///
    /// # Returns
    /// The credential, without its secret.
    ///
    /// # Errors
    /// - `Configuration`: there is no key to encrypt it with.
    /// - `InvalidInput`: `secret` is not a token, or was encrypted with another key. Or another
    /// value is invalid, or the provider or the user does not exist.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The credential may
    /// have been stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn import_fernet(
        &self,
        fernet_key: &Secret,
        #[argument(flatten)] credential: &NewCredential,
    ) -> Result<Credential> {
        let run = || {
            self.keys()?;
            let secret = credentials::decrypt_fernet(&credential.secret, fernet_key)?;
            self.add(&NewCredential { secret, ..credential.clone() })
        };
        run().map_err(|error| error.with_operation("import_fernet"))
    }

    /// Activates, disables or revokes a credential.
    ///
    /// # Arguments
    /// - `credential_id`: The credential's id.
    /// - `status`: The new state. `revoked` is final.
    ///
    /// # Returns
    /// `false` if the credential does not exist.
    ///
    /// # Errors
    /// - `Conflict`: the credential is revoked. It is not retryable then, and its field is
    /// `status`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn set_credential_status(
        &self,
        credential_id: &str,
        #[argument(positional)] status: CredentialStatus,
    ) -> Result<bool> {
        with_retry(&self.pool, |connection| {
            credentials::set_status(connection, credential_id, status)
        })
        .map_err(|error| error.with_operation("set_credential_status"))
    }

    /// Keeps a credential from being found for some time, for example after a rate limit.
    ///
    /// A cooldown that ends later is kept, so that concurrent calls do not shorten it.
    ///
    /// # Arguments
    /// - `credential_id`: The credential's id.
    /// - `seconds`: Seconds from now, 0–31,536,000. With 0, the cooldown ends.
    ///
    /// # Returns
    /// `false` if the credential does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `seconds` is not 0–31,536,000.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn cool_down_credential(&self, credential_id: &str, seconds: i64) -> Result<bool> {
        let run = || {
            credentials::check_cooldown(seconds)?;
            let now = Timestamp::now();
            with_retry(&self.pool, |connection| {
                credentials::cool_down(connection, credential_id, seconds, now)
            })
        };
        run().map_err(|error| error.with_operation("cool_down_credential"))
    }

    /// Deletes a credential.
    ///
    /// # Arguments
    /// - `credential_id`: The credential's id.
    ///
    /// # Returns
    /// `false` if the credential does not exist.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_credential(&self, credential_id: &str) -> Result<bool> {
        with_retry(&self.pool, |connection| credentials::delete(connection, credential_id))
            .map_err(|error| error.with_operation("delete_credential"))
    }

    /// Deletes the credentials that were revoked or expired some time ago, in batches.
    ///
    /// # Arguments
    /// - `days`: Minimum age of the end in days of 24 hours, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted credentials.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some credentials
    /// may be deleted. Call it again.
    #[operation(write)]
    pub fn delete_old_credentials(&self, #[argument(positional)] days: i64) -> Result<u64> {
        let run = || {
            let cutoff = messages::retention_cutoff(days)?;
            in_batches(&self.pool, |connection, most| {
                credentials::delete_ended_batch(connection, cutoff, most)
            })
        };
        run().map_err(|error| error.with_operation("delete_old_credentials"))
    }

    /// Returns the keys.
    fn keys(&self) -> Result<&CredentialKeys> {
        CredentialKeys::require(self.keys.as_ref())
    }
}

impl fmt::Debug for CredentialManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
