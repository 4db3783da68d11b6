//! Providers of models, their models, and the default model of each purpose.

mod defaults;
mod models;

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{
    Connection, NewProvider, Provider, ProviderChanges, ProviderSnapshot, Result, check_limit,
    providers,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use crate::managers::Parts;
use crate::retry::with_retry;
use crate::snapshot::Snapshot;

/// Stores providers and their models. It is cheap to clone.
#[derive(Clone)]
pub struct ProviderManager {
    pool: Arc<Pool>,
    snapshot: Arc<Snapshot<ProviderSnapshot>>,
}

/// Stores providers of models, their models and prices, and the default model of each purpose.
///
/// A provider is identified by its name, a model by the names of its provider and its own. The API
/// keys of a provider are credentials, which are stored encrypted, and not part of its
/// configuration.
///
/// `get_provider_snapshot` returns all of it from memory, so that choosing a model for a request
/// does not query the database. Changes by other processes are in it after 2 seconds, or after 5 if
/// the database answers slowly.
///
/// The tables have no retention: a provider and a model stay until they are deleted.
#[operations(name = "providers", receiver = providers, parts(MODELS, DEFAULTS))]
impl ProviderManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self { pool: Arc::clone(&parts.pool), snapshot: Arc::clone(&parts.providers) }
    }

    /// Makes a change, after which the next snapshot is read from the database.
    fn change<T>(&self, work: impl FnMut(&mut Connection) -> Result<T>) -> Result<T> {
        let outcome = with_retry(&self.pool, work);
        // Also after an error, because the change may have been made.
        self.snapshot.forget();
        outcome
    }

    /// Creates a provider.
    ///
    /// ```
    /// use chatkeep::{NewModel, NewProvider};
    ///
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let providers = chat.providers();
    /// providers.create_provider(&NewProvider::new("openai", "openai"))?;
    /// let model = NewModel { input_price: Some("2.50".parse()?), ..NewModel::new("gpt-4o") };
    /// providers.put_model("openai", &model)?;
    /// providers.set_model_default("chat", "openai", "gpt-4o")?;
    ///
    /// let selected = providers.get_default_model("chat")?.expect("it was set");
    /// assert_eq!((&*selected.provider.name, &*selected.model.name), ("openai", "gpt-4o"));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The provider, with version 1.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid. `config` and `base_url` must not contain secrets.
    /// - `Conflict`: another provider has the name or the id. It is not retryable then, and its
    /// field is `name` or `public_id`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn create_provider(&self, #[argument(flatten)] provider: &NewProvider) -> Result<Provider> {
        let run = || {
            provider.check()?;
            self.change(|connection| providers::create(connection, provider))
        };
        run().map_err(|error| error.with_operation("create_provider"))
    }

    /// Changes a provider. Fields that are not given stay unchanged; an empty text or list removes
    /// the value.
    ///
    /// `rate_limits` and `config` are replaced as a whole. A call that changes no value returns the
    /// provider with its present version.
    ///
    /// # Arguments
    /// - `name`: Name of the provider, which never changes.
    /// - `expected_version`: Version that the caller has read. If the provider has another one by
    ///   now, nothing is changed.
    ///
    /// # Returns
    /// The changed provider with its new version, or `None` if no provider has this name.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid. `config` and `base_url` must not contain secrets.
    /// - `Conflict`: the provider has another version than the expected one. It is not retryable
    /// then, and its field is `expected_version`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn update_provider(
        &self,
        name: &str,
        #[argument(flatten)] changes: &ProviderChanges,
        expected_version: Option<i64>,
    ) -> Result<Option<Provider>> {
        let run = || {
            providers::check_provider_name("name", name)?;
            changes.check()?;
            self.change(|connection| providers::update(connection, name, changes, expected_version))
        };
        run().map_err(|error| error.with_operation("update_provider"))
    }

    /// Returns a provider.
    ///
    /// # Arguments
    /// - `name`: Name of the provider.
    ///
    /// # Returns
    /// `None` if no provider has this name.
    ///
    /// # Errors
    /// - `InvalidInput`: `name` is not a name of a provider.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn get_provider(&self, name: &str) -> Result<Option<Provider>> {
        let run = || {
            providers::check_provider_name("name", name)?;
            providers::get(&mut *self.pool.reader()?, name)
        };
        run().map_err(|error| error.with_operation("get_provider"))
    }

    /// Returns providers, ordered by name.
    ///
    /// # Arguments
    /// - `enabled`: State of the providers to return. By default both.
    /// - `limit`: Maximum number of providers to return (1–10,000).
    /// - `after`: Name after which the list begins. Pass the last name of a page for the next page.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range, or `after` is too long.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn list_providers(
        &self,
        enabled: Option<bool>,
        #[argument(default = 100)] limit: i64,
        after: Option<&str>,
    ) -> Result<Vec<Provider>> {
        let run = || {
            check_limit(limit)?;
            providers::check_after(after)?;
            providers::list(&mut *self.pool.reader()?, enabled, limit, after)
        };
        run().map_err(|error| error.with_operation("list_providers"))
    }

    /// Deletes a provider with its models, their defaults, its credentials, and its policies.
    ///
    /// Logged messages keep the provider's name.
    ///
    /// # Arguments
    /// - `name`: Name of the provider.
    ///
    /// # Returns
    /// `false` if no provider has this name.
    ///
    /// # Errors
    /// - `InvalidInput`: `name` is not a name of a provider.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_provider(&self, name: &str) -> Result<bool> {
        let run = || {
            providers::check_provider_name("name", name)?;
            self.change(|connection| providers::delete(connection, name))
        };
        run().map_err(|error| error.with_operation("delete_provider"))
    }
}

impl fmt::Debug for ProviderManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
