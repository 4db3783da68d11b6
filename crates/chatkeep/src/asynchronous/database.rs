//! The asynchronous [`DatabaseManager`].

use chatkeep_pool::PoolSettings;

use super::Async;
use crate::database::DatabaseManager;

/// A [`DatabaseManager`] whose calls are awaited. Methods that do not use the database return
/// immediately.
pub type AsyncDatabaseManager = Async<DatabaseManager>;

impl Async<DatabaseManager> {
    /// Returns the effective pool settings.
    pub fn settings(&self) -> &PoolSettings {
        self.blocking().settings()
    }
}
