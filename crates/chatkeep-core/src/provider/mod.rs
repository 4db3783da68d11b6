//! Providers of models, their models, and the default model of each purpose: the tables
//! `chat_providers`, `chat_models` and `chat_model_defaults`.
//!
//! Every change advances the revision of [`RevisedSubject::Providers`] first, whose row it locks.
//! So changes are made one after another, and programs that keep the tables in memory notice them.
//!
//! [`RevisedSubject::Providers`]: crate::revision::RevisedSubject::Providers

mod base_url;
mod check;
mod config;
mod defaults;
mod lookup;
mod models;
mod new;
mod record;
mod rows;
mod snapshot;
mod store;
mod tables;
mod update;

pub use check::{check_after, check_model_name, check_provider_name, check_purpose};
pub(crate) use check::{check_capabilities, check_tokens};
pub use defaults::{delete_default, list_defaults, set_default};
pub(crate) use lookup::{find_provider, hold_provider, names_of_providers, require_provider};
pub use models::{delete_model, get_model, list_models, put_model};
pub use new::{NewModel, NewProvider};
pub use record::{
    Model, ModelDefault, Provider, ProviderSnapshot, ProviderWithModels, SelectedModel,
};
pub use rows::{StoredModel, StoredModelDefault, StoredProvider};
pub use snapshot::snapshot;
pub use store::{create, delete, get, list};
pub(crate) use tables::chat_providers;
pub use update::{ProviderChanges, update};
