//! The choice that callers receive.

use serde::Serialize;

use crate::described::Record;
use crate::value::{Cost, Metadata};

/// Models for a request, and the reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct ModelChoice {
    /// Models that can be used, in the order in which they are to be tried. Empty if there is none.
    pub candidates: Vec<ModelCandidate>,
    /// The other models.
    pub rejected: Vec<RejectedModel>,
}

/// A model that can be used for a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct ModelCandidate {
    /// Name of the provider.
    pub provider: String,
    /// Name of the model, as the provider spells it.
    pub model: String,
    /// The interface that the provider has, such as `openai`.
    pub kind: String,
    /// Address of the interface. `None` for the one that its kind has.
    pub base_url: Option<String>,
    /// Parameters to send with the request. Empty if there are none.
    pub params: Metadata,
    /// Maximum number of tokens of a request and its response together.
    pub context_window: Option<i64>,
    /// Maximum number of tokens of a response.
    pub max_output_tokens: Option<i64>,
    /// Price of a million input tokens in US dollars, as decimal text such as `"2.5"`.
    pub input_price: Option<Cost>,
    /// Price of a million output tokens in US dollars.
    pub output_price: Option<Cost>,
    /// Price of a million input tokens that the provider had cached, in US dollars.
    pub cached_input_price: Option<Cost>,
    /// Whether the model is tried again after many failures. Such a model comes last.
    pub half_open: bool,
    /// Reasons for the position, for people. The texts may change.
    pub reasons: Vec<String>,
}

/// A model that was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct RejectedModel {
    /// Name of the provider. `None` for a preferred model that no provider has.
    pub provider: Option<String>,
    /// Name of the model. `None` if the provider has no models, or does not exist.
    pub model: Option<String>,
    /// Reason for programs.
    pub reason: RejectionReason,
    /// Reason for people, with figures. The text may change.
    pub explanation: String,
}

/// The reason for which a model was not chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
pub enum RejectionReason {
    /// The preferred provider or model does not exist.
    Unknown,
    /// The provider has no models.
    NoModels,
    /// The provider is disabled.
    ProviderDisabled,
    /// The model is disabled.
    ModelDisabled,
    /// The model and its provider lack a capability.
    MissingCapability,
    /// The context window of the model is too small, or not known.
    ContextWindow,
    /// The model failed in this request.
    Tried,
    /// Too many requests failed.
    CircuitOpen,
    /// The fallback policy does not have the provider.
    NotInFallback,
}

impl RejectionReason {
    /// Returns the stable name, such as `circuit_open`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NoModels => "no_models",
            Self::ProviderDisabled => "provider_disabled",
            Self::ModelDisabled => "model_disabled",
            Self::MissingCapability => "missing_capability",
            Self::ContextWindow => "context_window",
            Self::Tried => "tried",
            Self::CircuitOpen => "circuit_open",
            Self::NotInFallback => "not_in_fallback",
        }
    }
}
