//! Default models of purposes, and the snapshot of all providers.

use std::sync::Arc;

use chatkeep_core::{
    ModelDefault, ProviderSnapshot, Result, SelectedModel, check_limit, providers,
};
use chatkeep_macros::operations;

use super::ProviderManager;

#[operations(part = DEFAULTS, receiver = providers)]
impl ProviderManager {
    /// Makes a model the default of a purpose, in place of the former one.
    ///
    /// A disabled model can be a default. `get_default_model` returns it once it is enabled.
    ///
    /// # Arguments
    /// - `purpose`: The purpose, such as `chat` or `embedding`: 1–100 characters without
    ///   whitespace.
    /// - `provider`: Name of the model's provider.
    /// - `model`: Name of the model.
    ///
    /// # Returns
    /// The stored default.
    ///
    /// # Errors
    /// - `InvalidInput`: `purpose` is invalid, or the provider or the model does not exist.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made; making it again is safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn set_model_default(
        &self,
        purpose: &str,
        provider: &str,
        model: &str,
    ) -> Result<ModelDefault> {
        let run = || {
            providers::check_purpose(purpose)?;
            providers::check_provider_name("provider", provider)?;
            providers::check_model_name("model", model)?;
            self.change(|connection| providers::set_default(connection, purpose, provider, model))
        };
        run().map_err(|error| error.with_operation("set_model_default"))
    }

    /// Deletes the default model of a purpose.
    ///
    /// # Arguments
    /// - `purpose`: The purpose.
    ///
    /// # Returns
    /// `false` if the purpose has none.
    ///
    /// # Errors
    /// - `InvalidInput`: `purpose` is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_model_default(&self, purpose: &str) -> Result<bool> {
        let run = || {
            providers::check_purpose(purpose)?;
            self.change(|connection| providers::delete_default(connection, purpose))
        };
        run().map_err(|error| error.with_operation("delete_model_default"))
    }

    /// Returns the default models, ordered by purpose. Disabled ones are included.
    ///
    /// # Arguments
    /// - `limit`: Maximum number of defaults to return (1–10,000).
    /// - `after`: Purpose after which the list begins. Pass the last purpose of a page for the next
    ///   page.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range, or `after` is too long.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn list_model_defaults(
        &self,
        #[argument(default = 100)] limit: i64,
        after: Option<&str>,
    ) -> Result<Vec<ModelDefault>> {
        let run = || {
            check_limit(limit)?;
            providers::check_after(after)?;
            providers::list_defaults(&mut *self.pool.reader()?, limit, after)
        };
        run().map_err(|error| error.with_operation("list_model_defaults"))
    }

    /// Returns the default model of a purpose with its provider, from memory.
    ///
    /// # Arguments
    /// - `purpose`: The purpose.
    ///
    /// # Returns
    /// `None` if the purpose has none, or if the model or its provider is disabled.
    ///
    /// # Errors
    /// - `InvalidInput`: `purpose` is invalid.
    /// - `Unavailable`: the database does not answer, and the snapshot is older than 5 seconds.
    /// Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_default_model(&self, purpose: &str) -> Result<Option<SelectedModel>> {
        let run = || {
            providers::check_purpose(purpose)?;
            self.current_snapshot().map(|snapshot| snapshot.default_model(purpose))
        };
        run().map_err(|error| error.with_operation("get_default_model"))
    }

    /// Returns all providers, models, defaults and policies, from memory.
    ///
    /// The database is asked at most every 2 seconds whether one was changed. All of it is read
    /// again only if so, or if this process has made a change.
    ///
    /// # Returns
    /// The state at one time. Its `revision` increases with every change.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer, and the snapshot is older than 5 seconds.
    /// Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_provider_snapshot(&self) -> Result<ProviderSnapshot> {
        let snapshot = self.current_snapshot();
        snapshot
            .map(|snapshot| ProviderSnapshot::clone(&snapshot))
            .map_err(|error| error.with_operation("get_provider_snapshot"))
    }

    fn current_snapshot(&self) -> Result<Arc<ProviderSnapshot>> {
        self.snapshot.get(&self.pool, providers::snapshot)
    }
}
