//! Hashing and checking passwords, on as many threads at a time as there are cores.
//!
//! A hash takes tens of milliseconds and 19 MiB. More of them at a time than cores would only slow
//! each other down, and other calls. No connection is held during the work.

use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use chatkeep_core::users::password::{self, PasswordHash};
use chatkeep_core::{PasswordScheme, Result, Secret};
use chatkeep_pool::{ConcurrencyLimit, OfProcess, PerProcess};

/// Shared by all stores of the process.
static LIMIT: LazyLock<PerProcess<ConcurrencyLimit>> =
    LazyLock::new(|| PerProcess::new(one_per_core()));

fn one_per_core() -> ConcurrencyLimit {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    ConcurrencyLimit::new(u32::try_from(cores).unwrap_or(u32::MAX))
}

fn limit() -> Arc<OfProcess<ConcurrencyLimit>> {
    LIMIT.get(one_per_core)
}

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct PasswordChecker {
    /// The salt of Flask-Security's hashes.
    salt: Option<Secret>,
    /// Maximum wait for a free thread.
    timeout: Duration,
}

/// The result of a check.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Whether the password belongs to the hash.
    pub(crate) matches: bool,
    /// A stronger hash of the same password.
    pub(crate) rehashed: Option<PasswordHash>,
}

impl PasswordChecker {
    pub(crate) fn new(salt: Option<Secret>, timeout: Duration) -> Self {
        Self { salt, timeout }
    }

    /// Returns a hash of a new password.
    ///
    /// # Errors
    /// `InvalidInput` with the field `password`, `PoolTimeout` and `Interrupted`.
    pub(crate) fn hash(&self, password: &Secret) -> Result<PasswordHash> {
        password::check_password(password)?;
        let limit = limit();
        let _slot = limit.acquire(self.timeout, "hashing a password")?;
        password::hash_password(password)
    }

    /// Returns a hash of another program for storage.
    ///
    /// # Errors
    /// `InvalidInput` with the field `password_hash`.
    pub(crate) fn import(
        &self,
        hash: &Secret,
        scheme: Option<PasswordScheme>,
    ) -> Result<PasswordHash> {
        password::import_hash(hash, scheme, self.salt.as_ref())
    }

    /// Checks a password. With `may_rehash`, a matching one is hashed again if its hash is outdated.
    ///
    /// # Errors
    /// `Configuration` with the field `PASSWORD_SALT`, `PoolTimeout` and `Interrupted`.
    pub(crate) fn check(
        &self,
        password: &Secret,
        stored: &PasswordHash,
        may_rehash: bool,
    ) -> Result<Checked> {
        let limit = limit();
        let _slot = limit.acquire(self.timeout, "checking a password")?;
        let matches = password::verify(password, stored, self.salt.as_ref())?;
        let rehashed = if matches && may_rehash && stored.is_outdated() {
            Some(password::hash_password(password)?)
        } else {
            None
        };
        Ok(Checked { matches, rehashed })
    }
}
