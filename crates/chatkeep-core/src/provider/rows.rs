//! Complete rows of the tables.

use diesel::{AsChangeset, Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::check::check_purpose;
use super::new::{NewModel, NewProvider};
use super::record::{Model, Provider};
use super::tables::{chat_model_defaults, chat_models, chat_providers};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::transfer::stored_rows;
use crate::value::{Cost, Metadata, TextSet, Timestamp, raw_json};

/// A provider.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset, Serialize, Deserialize,
)]
#[diesel(table_name = chat_providers)]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
#[serde(deny_unknown_fields)]
pub struct StoredProvider {
    /// Internal id.
    pub id: i64,
    /// Public id.
    pub public_id: String,
    /// Name.
    pub name: String,
    /// Name to show.
    pub display_name: Option<String>,
    /// Kind.
    pub kind: String,
    /// Address.
    pub base_url: Option<String>,
    /// Whether it may be used.
    pub enabled: bool,
    /// Order among the providers.
    pub priority: i32,
    /// Share among providers with the same priority.
    pub weight: i32,
    /// Abilities.
    pub capabilities: TextSet,
    /// Limits.
    #[serde(with = "raw_json")]
    pub rate_limits: Metadata,
    /// Configuration.
    #[serde(with = "raw_json")]
    pub config: Metadata,
    /// Number of the last change.
    pub version: i64,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// A model, whose provider is an internal id.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset, Serialize, Deserialize,
)]
#[diesel(table_name = chat_models)]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
#[serde(deny_unknown_fields)]
pub struct StoredModel {
    /// Internal id.
    pub id: i64,
    /// Internal id of the provider.
    pub provider_id: i64,
    /// Name.
    pub name: String,
    /// Name to show.
    pub display_name: Option<String>,
    /// Whether it may be used.
    pub enabled: bool,
    /// Abilities.
    pub capabilities: TextSet,
    /// Maximum number of tokens of a request and its response.
    pub context_window: Option<i64>,
    /// Maximum number of tokens of a response.
    pub max_output_tokens: Option<i64>,
    /// Parameters.
    #[serde(with = "raw_json")]
    pub params: Metadata,
    /// Price of a million input tokens.
    pub input_price: Option<Cost>,
    /// Price of a million output tokens.
    pub output_price: Option<Cost>,
    /// Price of a million cached input tokens.
    pub cached_input_price: Option<Cost>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// The default model of a purpose, whose model is an internal id.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = chat_model_defaults)]
#[serde(deny_unknown_fields)]
pub struct StoredModelDefault {
    /// Internal id.
    pub id: i64,
    /// Purpose.
    pub purpose: String,
    /// Internal id of the model.
    pub model_id: i64,
    /// Time at which the model became the default.
    pub updated_at: Timestamp,
}

impl From<StoredProvider> for Provider {
    fn from(row: StoredProvider) -> Self {
        Self {
            public_id: row.public_id,
            name: row.name,
            display_name: row.display_name,
            kind: row.kind,
            base_url: row.base_url,
            enabled: row.enabled,
            priority: row.priority,
            weight: row.weight,
            capabilities: row.capabilities.into_vec(),
            rate_limits: row.rate_limits,
            config: row.config,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl StoredModel {
    /// Converts the row to the model that callers receive.
    pub(super) fn into_model(self, provider: &str) -> Model {
        Model {
            provider: provider.to_owned(),
            name: self.name,
            display_name: self.display_name,
            enabled: self.enabled,
            capabilities: self.capabilities.into_vec(),
            context_window: self.context_window,
            max_output_tokens: self.max_output_tokens,
            params: self.params,
            input_price: self.input_price,
            output_price: self.output_price,
            cached_input_price: self.cached_input_price,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

fn capabilities_size(capabilities: &TextSet) -> usize {
    capabilities.as_slice().iter().map(|name| name.len() + 3).sum()
}

stored_rows! {
    StoredProvider: chat_providers by id,
        |row| {
            let json = row.rate_limits.as_json().len() + row.config.as_json().len();
            4_000 + json + capabilities_size(&row.capabilities)
        },
        |row| {
            let new = NewProvider {
                display_name: row.display_name.clone(),
                base_url: row.base_url.clone(),
                enabled: row.enabled,
                priority: row.priority.into(),
                weight: Some(row.weight.into()),
                capabilities: Some(row.capabilities.as_slice().to_vec()),
                rate_limits: Some(row.rate_limits.clone()),
                config: Some(row.config.clone()),
                public_id: Some(row.public_id.clone()),
                ..NewProvider::new(&row.name, &row.kind)
            };
            new.check()?;
            if row.version < 1 {
                let message = format!("must be 1 or more, not {}", row.version);
                return Err(Error::invalid_input("version", message));
            }
            Ok(())
        };
    StoredModel: chat_models by id,
        |row| 1_500 + row.params.as_json().len() + capabilities_size(&row.capabilities),
        |row| {
            let new = NewModel {
                display_name: row.display_name.clone(),
                capabilities: Some(row.capabilities.as_slice().to_vec()),
                context_window: row.context_window,
                max_output_tokens: row.max_output_tokens,
                params: Some(row.params.clone()),
                ..NewModel::new(&row.name)
            };
            new.check()
        };
    StoredModelDefault: chat_model_defaults by id, |_| 500, |row| check_purpose(&row.purpose);
}
