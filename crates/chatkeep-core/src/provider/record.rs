//! The records of providers, models and defaults that callers receive.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::described::Record;
use crate::routing::policy::ProviderPolicy;
use crate::value::{Cost, Metadata, Timestamp};

/// A provider of models. Its secrets are credentials, which are stored separately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct Provider {
    /// Id to use outside of the backend. It stays the same in copies of the database.
    pub public_id: String,
    /// Unique name, by which calls identify the provider.
    pub name: String,
    /// Name to show.
    pub display_name: Option<String>,
    /// The interface that the provider has, such as `openai` or `anthropic`.
    pub kind: String,
    /// Address of the interface. `None` for the one that its kind has.
    pub base_url: Option<String>,
    /// Whether the provider may be used.
    pub enabled: bool,
    /// Order among the providers. A higher number is preferred.
    pub priority: i32,
    /// Share of the requests among providers with the same priority.
    pub weight: i32,
    /// Abilities of the provider, in ascending order.
    pub capabilities: Vec<String>,
    /// Limits of the provider, such as requests per minute. Empty if there are none.
    pub rate_limits: Metadata,
    /// Further configuration without secrets. Empty if there is none.
    pub config: Metadata,
    /// Number of the last change, which `update_provider` takes as `expected_version`. It starts
    /// with 1.
    pub version: i64,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// A model of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct Model {
    /// Name of the provider.
    pub provider: String,
    /// Name of the model, as the provider spells it.
    pub name: String,
    /// Name to show.
    pub display_name: Option<String>,
    /// Whether the model may be used, if its provider is enabled.
    pub enabled: bool,
    /// Abilities of the model, in ascending order.
    pub capabilities: Vec<String>,
    /// Maximum number of tokens of a request and its response together.
    pub context_window: Option<i64>,
    /// Maximum number of tokens of a response.
    pub max_output_tokens: Option<i64>,
    /// Parameters to send with each request, such as a temperature. Empty if there are none.
    pub params: Metadata,
    /// Price of a million input tokens in US dollars, as decimal text such as `"2.5"`.
    pub input_price: Option<Cost>,
    /// Price of a million output tokens in US dollars.
    pub output_price: Option<Cost>,
    /// Price of a million input tokens that the provider had cached, in US dollars.
    pub cached_input_price: Option<Cost>,
    /// Time at which the model was first stored.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// The default model of a purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct ModelDefault {
    /// The purpose, such as `chat` or `embedding`.
    pub purpose: String,
    /// Name of the model's provider.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// Time at which the model became the default.
    pub updated_at: Timestamp,
}

/// A provider and all its models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct ProviderWithModels {
    /// The provider.
    pub provider: Provider,
    /// Its models, by name.
    pub models: Vec<Model>,
}

/// A model with its provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct SelectedModel {
    /// The provider.
    pub provider: Provider,
    /// The model.
    pub model: Model,
}

/// All providers, models, defaults and policies at one time. It is cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct ProviderSnapshot {
    /// Number that every change of a provider, model, default or policy increases.
    pub revision: i64,
    /// The providers, also disabled ones, with their models. Those with the highest priority are
    /// first; equal ones are ordered by name.
    #[serde(serialize_with = "list")]
    #[record(described_as = Vec<ProviderWithModels>)]
    pub providers: Arc<[ProviderWithModels]>,
    /// The default models, by purpose.
    #[serde(serialize_with = "list")]
    #[record(described_as = Vec<ModelDefault>)]
    pub defaults: Arc<[ModelDefault]>,
    /// The policies by which models are chosen: those of the application, then by provider and
    /// name.
    #[serde(serialize_with = "list")]
    #[record(described_as = Vec<ProviderPolicy>)]
    pub policies: Arc<[ProviderPolicy]>,
}

fn list<T: Serialize, S: Serializer>(
    items: &Arc<[T]>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter())
}

impl ProviderSnapshot {
    /// Returns the provider with this name and its models.
    pub fn provider(&self, name: &str) -> Option<&ProviderWithModels> {
        self.providers.iter().find(|entry| entry.provider.name == name)
    }

    /// Returns the default model of a purpose, if it and its provider are enabled.
    pub fn default_model(&self, purpose: &str) -> Option<SelectedModel> {
        let default = self.defaults.iter().find(|default| default.purpose == purpose)?;
        let ProviderWithModels { provider, models } = self.provider(&default.provider)?;
        let model = models.iter().find(|model| model.name == default.model)?;
        (provider.enabled && model.enabled)
            .then(|| SelectedModel { provider: provider.clone(), model: model.clone() })
    }
}
