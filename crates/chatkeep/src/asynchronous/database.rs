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

    /// Returns the URL's engine.
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
    /// The errors of [`DatabaseManager::wait_until_ready`].
    pub async fn wait_until_ready(&self) -> Result<()> {
        self.run(DatabaseManager::wait_until_ready).await
    }

    /// Calls [`DatabaseManager::health`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`DatabaseManager::health`].
    pub async fn health(&self) -> Result<Health> {
        self.run(DatabaseManager::health).await
    }

    /// Calls [`DatabaseManager::migration_status`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`DatabaseManager::migration_status`].
    pub async fn migration_status(&self) -> Result<MigrationStatus> {
        self.run(DatabaseManager::migration_status).await
    }

    /// Calls [`DatabaseManager::upgrade`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`DatabaseManager::upgrade`].
    pub async fn upgrade(&self) -> Result<Vec<String>> {
        self.run(DatabaseManager::upgrade).await
    }

    /// Calls [`DatabaseManager::migrate`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`DatabaseManager::migrate`].
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
