//! The asynchronous [`DatabaseManager`].

use std::fmt;
use std::sync::Arc;

use chatkeep_core::migrations::MigrationStatus;
use chatkeep_core::{Engine, Result};
use chatkeep_pool::{PoolSettings, PoolStatus};

use crate::background::BlockingExecutor;
use crate::chatkeep::Chatkeep;
use crate::database::{DatabaseManager, Health};
use crate::migrate_request::{MigrateRequest, MigrateResponse};

/// A [`DatabaseManager`] whose calls are awaited. Methods that do not use the database return
/// immediately.
#[derive(Clone)]
pub struct AsyncDatabaseManager {
    database: DatabaseManager,
    executor: Arc<BlockingExecutor>,
}

impl AsyncDatabaseManager {
    pub(super) fn new(chat: &Chatkeep) -> Self {
        Self { database: chat.database().clone(), executor: Arc::clone(chat.executor()) }
    }

    /// Returns the engine that the URL names.
    pub fn engine(&self) -> Engine {
        self.database.engine()
    }

    /// Returns the URL, with the password replaced by `***`.
    pub fn database_url(&self) -> String {
        self.database.database_url()
    }

    /// Returns the effective pool settings.
    pub fn settings(&self) -> &PoolSettings {
        self.database.settings()
    }

    /// Returns the numbers of idle and used connections and of waiting calls.
    pub fn pool_status(&self) -> PoolStatus {
        self.database.pool_status()
    }

    /// Calls [`DatabaseManager::wait_until_ready`] on a background thread.
    ///
    /// # Errors
    /// `Unavailable` when the time elapses. `Configuration` and `Schema` at once, because a retry
    /// would not help.
    pub async fn wait_until_ready(&self) -> Result<()> {
        self.run(DatabaseManager::wait_until_ready).await
    }

    /// Calls [`DatabaseManager::health`] on a background thread.
    ///
    /// # Errors
    /// `Unavailable`, `PoolTimeout`, `Configuration` and other errors of connecting.
    pub async fn health(&self) -> Result<Health> {
        self.run(DatabaseManager::health).await
    }

    /// Calls [`DatabaseManager::migration_status`] on a background thread.
    ///
    /// # Errors
    /// `Unavailable` or another error of the connection when the database does not answer.
    pub async fn migration_status(&self) -> Result<MigrationStatus> {
        self.run(DatabaseManager::migration_status).await
    }

    /// Calls [`DatabaseManager::upgrade`] on a background thread.
    ///
    /// # Errors
    /// `Schema` when the schema is newer than this program; `Conflict` when another program runs
    /// migrations for too long.
    pub async fn upgrade(&self) -> Result<Vec<String>> {
        self.run(DatabaseManager::upgrade).await
    }

    /// Calls [`DatabaseManager::migrate`] on a background thread.
    ///
    /// # Errors
    /// - `InvalidInput` when the verb is unknown, or an argument is missing or invalid.
    /// - `Schema` when the history does not match or the database rejects a statement.
    /// - `Conflict` when another program runs migrations for too long.
    /// - `Configuration` when the account lacks a permission that `check` needs.
    pub async fn migrate(&self, request: MigrateRequest) -> Result<MigrateResponse> {
        self.run(move |database| database.migrate(&request)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&DatabaseManager) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.database.clone();
        self.executor.run(move || call(&database)).await
    }
}

impl fmt::Debug for AsyncDatabaseManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncDatabaseManager").field(&self.database).finish()
    }
}
