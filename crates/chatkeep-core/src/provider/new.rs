//! Providers and models to store.

use super::base_url::check_base_url;
use super::check::{
    check_capabilities, check_display_name, check_json, check_kind, check_model_name,
    check_priority, check_provider_name, check_tokens, check_weight,
};
use super::config::refuse_secrets;
use super::rows::{StoredModel, StoredProvider};
use crate::connection::Connection;
use crate::described::Record;
use crate::error::Result;
use crate::value::{Cost, Metadata, TextSet, Timestamp, public_id};

/// A provider to create.
///
/// ```
/// use chatkeep_core::NewProvider;
///
/// let provider = NewProvider {
///     base_url: Some("http://localhost:11434".into()),
///     ..NewProvider::new("local", "ollama")
/// };
/// assert!(provider.check().is_ok());
/// assert_eq!(NewProvider::new("OpenAI", "openai").check().unwrap_err().field(), Some("name"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewProvider {
    /// Unique name: 1–50 lower-case letters a–z, digits, dots, hyphens and underscores. It never
    /// changes. The message log stores names of at most 50 characters.
    pub name: String,
    /// The interface that the provider has, such as `openai` or `anthropic`: 1–50 characters, as in
    /// `name`.
    pub kind: String,
    /// Name to show, at most 255 characters.
    pub display_name: Option<String>,
    /// Address of the interface, `http` or `https`, without a user name, password or key.
    pub base_url: Option<String>,
    /// Whether the provider may be used.
    #[record(default = true)]
    pub enabled: bool,
    /// Order among the providers, -1,000,000 to 1,000,000. A higher number is preferred.
    #[record(default = 0)]
    pub priority: i64,
    /// Share of the requests among providers with the same priority, 0 to 1,000,000. By default 1.
    pub weight: Option<i64>,
    /// Abilities, such as `vision`: at most 100, with characters as in `name`.
    pub capabilities: Option<Vec<String>>,
    /// Limits of the provider, such as requests per minute; at most 65,536 bytes.
    pub rate_limits: Option<Metadata>,
    /// Further configuration, at most 65,536 bytes. Keys such as `api_key` are refused, because
    /// secrets are credentials.
    pub config: Option<Metadata>,
    /// Id outside of the backend, at most 64 characters. By default a UUID of version 7.
    pub public_id: Option<String>,
}

impl NewProvider {
    /// Creates an enabled provider with a name and a kind.
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            display_name: None,
            base_url: None,
            enabled: true,
            priority: 0,
            weight: None,
            capabilities: None,
            rate_limits: None,
            config: None,
            public_id: None,
        }
    }

    /// Validates the values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        check_provider_name("name", &self.name)?;
        check_kind(&self.kind)?;
        check_display_name(self.display_name.as_deref())?;
        self.base_url.as_deref().map_or(Ok(()), check_base_url)?;
        check_priority(self.priority)?;
        self.weight.map_or(Ok(()), check_weight)?;
        check_capabilities(self.capabilities.as_deref().unwrap_or_default())?;
        check_limits_and_config(self.rate_limits.as_ref(), self.config.as_ref())?;
        self.public_id.as_deref().map_or(Ok(()), |id| public_id::check("public_id", id))
    }

    /// Returns the row of the provider, without its id.
    pub(super) fn to_row(&self, now: Timestamp) -> Result<StoredProvider> {
        Ok(StoredProvider {
            id: 0,
            public_id: self.public_id.clone().map_or_else(public_id::generate, Ok)?,
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            kind: self.kind.clone(),
            base_url: self.base_url.clone(),
            enabled: self.enabled,
            // The numbers were checked to be in their ranges.
            priority: self.priority as i32,
            weight: self.weight.unwrap_or(1) as i32,
            capabilities: TextSet::from(self.capabilities.as_deref().unwrap_or_default()),
            rate_limits: object(self.rate_limits.as_ref())?,
            config: object(self.config.as_ref())?,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }
}

/// A model to store.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewModel {
    /// Name of the model as the provider spells it: 1–100 characters without whitespace.
    pub name: String,
    /// Name to show, at most 255 characters.
    pub display_name: Option<String>,
    /// Whether the model may be used.
    #[record(default = true)]
    pub enabled: bool,
    /// Abilities, such as `vision`: at most 100, each with 1–100 lower-case letters a–z, digits,
    /// dots, hyphens and underscores.
    pub capabilities: Option<Vec<String>>,
    /// Maximum number of tokens of a request and its response together, 1 or more.
    pub context_window: Option<i64>,
    /// Maximum number of tokens of a response, 1 or more.
    pub max_output_tokens: Option<i64>,
    /// Parameters to send with each request, at most 65,536 bytes.
    pub params: Option<Metadata>,
    /// Price of a million input tokens in US dollars, as decimal text such as `"2.50"`.
    pub input_price: Option<Cost>,
    /// Price of a million output tokens in US dollars.
    pub output_price: Option<Cost>,
    /// Price of a million input tokens that the provider had cached, in US dollars.
    pub cached_input_price: Option<Cost>,
}

impl NewModel {
    /// Creates an enabled model with a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            display_name: None,
            enabled: true,
            capabilities: None,
            context_window: None,
            max_output_tokens: None,
            params: None,
            input_price: None,
            output_price: None,
            cached_input_price: None,
        }
    }

    /// Validates the values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        check_model_name("name", &self.name)?;
        check_display_name(self.display_name.as_deref())?;
        check_capabilities(self.capabilities.as_deref().unwrap_or_default())?;
        check_tokens("context_window", self.context_window)?;
        check_tokens("max_output_tokens", self.max_output_tokens)?;
        self.params.as_ref().map_or(Ok(()), |params| check_json("params", params.as_json()))
    }

    /// Returns the row of the model, without its id.
    pub(super) fn to_row(&self, provider_id: i64, now: Timestamp) -> Result<StoredModel> {
        Ok(StoredModel {
            id: 0,
            provider_id,
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            enabled: self.enabled,
            capabilities: TextSet::from(self.capabilities.as_deref().unwrap_or_default()),
            context_window: self.context_window,
            max_output_tokens: self.max_output_tokens,
            params: object(self.params.as_ref())?,
            input_price: self.input_price,
            output_price: self.output_price,
            cached_input_price: self.cached_input_price,
            created_at: now,
            updated_at: now,
        })
    }
}

/// Validates the JSON objects of a provider.
pub(super) fn check_limits_and_config(
    rate_limits: Option<&Metadata>,
    config: Option<&Metadata>,
) -> Result<()> {
    rate_limits.map_or(Ok(()), |limits| check_json("rate_limits", limits.as_json()))?;
    config.map_or(Ok(()), |config| {
        check_json("config", config.as_json())?;
        refuse_secrets(config)
    })
}

/// Checks that this database can store the JSON objects of a provider.
pub(super) fn check_storable(connection: &Connection, row: &StoredProvider) -> Result<()> {
    connection.check_bytes("rate_limits", row.rate_limits.as_json())?;
    connection.check_bytes("config", row.config.as_json())
}

/// Returns the object, or an empty one.
fn object(given: Option<&Metadata>) -> Result<Metadata> {
    given.cloned().map_or_else(|| Metadata::parse("{}"), Ok)
}
