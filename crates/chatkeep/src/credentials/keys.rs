//! The keys of credentials: encryption with another one, and a report.

use chatkeep_core::credentials::KeyCounts;
use chatkeep_core::{CredentialCheck, CredentialRotation, Error, Result, credentials};
use chatkeep_macros::operations;

use super::CredentialManager;
use crate::batch_sizer::BatchSizer;

#[operations(part = KEYS, receiver = credentials)]
impl CredentialManager {
    /// Encrypts all credentials with the first key, in batches.
    ///
    /// It can be repeated, also concurrently and after an interruption. To replace a key, first add
    /// the new key after the old one in every process. Then move it to the front, and call this.
    /// Remove the old key when [`CredentialManager::check_credentials`] reports no credential of it.
    ///
    /// ```
    /// use chatkeep::{Chatkeep, CredentialKeys, NewCredential};
    ///
    /// let (old, new) = (CredentialKeys::generate(None)?, CredentialKeys::generate(None)?);
    /// # let folder = std::env::temp_dir().join(format!("chatkeep-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let url = format!("sqlite:///{}/keys.db", folder.display());
    /// let chat = Chatkeep::builder().url(url.as_str()).keys(old.clone()).open()?;
    /// chat.credentials().add_credential(&NewCredential::new("token", "correct horse battery"))?;
    ///
    /// let keys = format!("{},{}", new.expose(), old.expose());
    /// let chat = Chatkeep::builder().url(url.as_str()).keys(keys).open()?;
    /// assert_eq!(chat.credentials().rotate_credential_keys()?.rotated, 1);
    /// assert_eq!(chat.credentials().rotate_credential_keys()?.rotated, 0);
    /// # std::fs::remove_dir_all(folder).unwrap();
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The number of credentials that this call encrypted, and of those that it could not decrypt.
    ///
    /// # Errors
    /// - `Configuration`: there are no keys.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `StorageFull`, `ReadOnly`:
    /// some credentials may be encrypted with the first key. Call it again.
    #[operation(write)]
    pub fn rotate_credential_keys(&self) -> Result<CredentialRotation> {
        let run = || {
            let keys = self.keys()?;
            let mut sizer = BatchSizer::new(self.pool.url().engine());
            let (mut rotated, mut unreadable, mut after_id) = (0, 0, 0);
            loop {
                let step = sizer.run_batch(&self.pool, |connection, most| {
                    credentials::rotate_batch(connection, keys, after_id, most)
                })?;
                rotated += step.rotated;
                unreadable += step.unreadable;
                let Some(last_id) = step.last_id else { break };
                after_id = last_id;
            }
            Ok(CredentialRotation::new(keys, rotated, unreadable))
        };
        run().map_err(|error: Error| error.with_operation("rotate_credential_keys"))
    }

    /// Decrypts all credentials, and reports how many of them each key encrypts.
    ///
    /// It needs no key, and returns no secret. Credentials whose key is missing are unreadable.
    ///
    /// # Returns
    /// The numbers of credentials, of unreadable ones, and the same numbers for each key.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn check_credentials(&self) -> Result<CredentialCheck> {
        let run = || {
            let keys = self.keys.as_ref();
            let (mut counts, mut after_id) = (KeyCounts::default(), 0);
            // The connection is returned after each batch.
            while let Some(last_id) =
                credentials::count_batch(&mut *self.pool.reader()?, keys, after_id, &mut counts)?
            {
                after_id = last_id;
            }
            Ok(counts.into_check(keys))
        };
        run().map_err(|error: Error| error.with_operation("check_credentials"))
    }
}
