//! Models of providers.

use chatkeep_core::{Model, NewModel, Result, check_limit, providers};
use chatkeep_macros::operations;

use super::ProviderManager;

#[operations(part = MODELS, receiver = providers)]
impl ProviderManager {
    /// Stores a model of a provider, and replaces one with the same name.
    ///
    /// Values that are not given are removed. `created_at` stays when a model is replaced, and
    /// equal values change nothing.
    ///
    /// # Arguments
    /// - `provider`: Name of the provider.
    ///
    /// # Returns
    /// The stored model.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, or no provider has the name `provider`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The model may be
    /// stored; storing it again is safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn put_model(
        &self,
        provider: &str,
        #[argument(flatten)] model: &NewModel,
    ) -> Result<Model> {
        let run = || {
            providers::check_provider_name("provider", provider)?;
            model.check()?;
            self.change(|connection| providers::put_model(connection, provider, model))
        };
        run().map_err(|error| error.with_operation("put_model"))
    }

    /// Returns a model of a provider.
    ///
    /// # Arguments
    /// - `provider`: Name of the provider.
    /// - `name`: Name of the model.
    ///
    /// # Returns
    /// `None` if the provider or the model does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `provider` or `name` is not a name.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn get_model(&self, provider: &str, name: &str) -> Result<Option<Model>> {
        let run = || {
            providers::check_provider_name("provider", provider)?;
            providers::check_model_name("name", name)?;
            providers::get_model(&mut *self.pool.reader()?, provider, name)
        };
        run().map_err(|error| error.with_operation("get_model"))
    }

    /// Returns models of a provider, ordered by name.
    ///
    /// # Arguments
    /// - `provider`: Name of the provider.
    /// - `enabled`: State of the models to return. By default both.
    /// - `limit`: Maximum number of models to return (1–10,000).
    /// - `after`: Name after which the list begins. Pass the last name of a page for the next page.
    ///
    /// # Errors
    /// - `InvalidInput`: no provider has the name `provider`, `limit` is out of range, or `after`
    /// is too long.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn list_models(
        &self,
        provider: &str,
        enabled: Option<bool>,
        #[argument(default = 100)] limit: i64,
        after: Option<&str>,
    ) -> Result<Vec<Model>> {
        let run = || {
            providers::check_provider_name("provider", provider)?;
            check_limit(limit)?;
            providers::check_after(after)?;
            providers::list_models(&mut *self.pool.reader()?, provider, enabled, limit, after)
        };
        run().map_err(|error| error.with_operation("list_models"))
    }

    /// Deletes a model of a provider. Purposes whose default it is have none afterwards.
    ///
    /// # Arguments
    /// - `provider`: Name of the provider.
    /// - `name`: Name of the model.
    ///
    /// # Returns
    /// `false` if the provider or the model does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `provider` or `name` is not a name.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_model(&self, provider: &str, name: &str) -> Result<bool> {
        let run = || {
            providers::check_provider_name("provider", provider)?;
            providers::check_model_name("name", name)?;
            self.change(|connection| providers::delete_model(connection, provider, name))
        };
        run().map_err(|error| error.with_operation("delete_model"))
    }
}
