//! Tests of providers, their models and the default models.

mod concurrency;
mod defaults;
mod listing;
mod models;
mod provider;
mod snapshot;

use chatkeep::{ErrorKind, Model, NewModel, NewProvider, Provider, Result};

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

/// Asserts that a call failed because of a value that another row has, or that has changed.
#[track_caller]
fn assert_conflict<T>(outcome: Result<T>, field: &str) {
    let Err(error) = outcome else { panic!("the call must be refused because of {field}") };
    let found = (error.kind(), error.field(), error.is_retryable());
    assert_eq!(found, (ErrorKind::Conflict, Some(field), false), "{error}");
}
