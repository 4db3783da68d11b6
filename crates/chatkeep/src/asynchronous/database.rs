//! The database itself.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::migrations::MigrationStatus;
use chatkeep_core::{Engine, Result};
use chatkeep_pool::{PoolSettings, PoolStatus};

use crate::background::Calls;
use crate::chatkeep::Chatkeep;
use crate::database::{DatabaseManager, Health};
use crate::migrate_call::{MigrateAnswer, MigrateCall};

/// [`DatabaseManager`], awaited. What does not ask the database answers at once.
#[derive(Clone)]
pub struct AsyncDatabaseManager {
    database: DatabaseManager,
    calls: Arc<Calls>,
}

impl AsyncDatabaseManager {
    pub(super) fn new(chat: &Chatkeep) -> Self {
        Self { database: chat.database().clone(), calls: Arc::clone(chat.calls()) }
    }

    /// The engine that the URL names.
    pub fn engine(&self) -> Engine {
        self.database.engine()
    }

    /// The URL, with `***` in the password's place.
    pub fn database_url(&self) -> String {
        self.database.database_url()
    }

    /// The settings in force.
    pub fn settings(&self) -> &PoolSettings {
        self.database.settings()
    }

    /// How many connections there are, and who has them.
    pub fn pool_status(&self) -> PoolStatus {
        self.database.pool_status()
    }

    /// See [`DatabaseManager::wait_until_ready`].
    ///
    /// # Errors
    /// As there.
    pub async fn wait_until_ready(&self) -> Result<()> {
        self.run(DatabaseManager::wait_until_ready).await
    }

    /// See [`DatabaseManager::health`].
    ///
    /// # Errors
    /// As there.
    pub async fn health(&self) -> Result<Health> {
        self.run(DatabaseManager::health).await
    }

    /// See [`DatabaseManager::migration_status`].
    ///
    /// # Errors
    /// As there.
    pub async fn migration_status(&self) -> Result<MigrationStatus> {
        self.run(DatabaseManager::migration_status).await
    }

    /// See [`DatabaseManager::upgrade`].
    ///
    /// # Errors
    /// As there.
    pub async fn upgrade(&self) -> Result<Vec<String>> {
        self.run(DatabaseManager::upgrade).await
    }

    /// See [`DatabaseManager::migrate`].
    ///
    /// # Errors
    /// As there.
    pub async fn migrate(&self, call: MigrateCall) -> Result<MigrateAnswer> {
        self.run(move |database| database.migrate(&call)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&DatabaseManager) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.database.clone();
        self.calls.run(move || call(&database)).await
    }
}

impl fmt::Debug for AsyncDatabaseManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncDatabaseManager").field(&self.database).finish()
    }
}
