//! Tests of providers, their models and the default models.

mod concurrency;
mod defaults;
mod listing;
mod models;
mod provider;
mod snapshot;

use chatkeep::{Model, NewModel, NewProvider, Provider};

use crate::store::Store;

/// Creates a provider with default values.
fn create(store: &Store, name: &str) -> Provider {
    store.providers().create_provider(&NewProvider::new(name, "openai")).expect("it is created")
}

fn get(store: &Store, name: &str) -> Option<Provider> {
    store.providers().get_provider(name).expect("the query succeeds")
}

/// Stores a model with default values.
fn put(store: &Store, provider: &str, name: &str) -> Model {
    store.providers().put_model(provider, &NewModel::new(name)).expect("it is stored")
}

fn names(models: &[Model]) -> Vec<&str> {
    models.iter().map(|model| model.name.as_str()).collect()
}
