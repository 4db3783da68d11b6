//! The table, and its complete rows.

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::record::{NewPolicy, PolicyKind, ProviderPolicy};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::transfer::stored_rows;
use crate::value::{Metadata, Timestamp, public_id, raw_json};

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    chat_provider_policies (id) {
        id -> BigInt,
        public_id -> Text,
        provider_id -> Nullable<BigInt>,
        owner_key -> Text,
        name -> Text,
        kind -> Text,
        config -> Json,
        enabled -> Bool,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

/// A policy, whose provider is an internal id.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = chat_provider_policies)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredProviderPolicy {
    /// Internal id.
    pub id: i64,
    /// Public id.
    pub public_id: String,
    /// Internal id of the provider.
    pub provider_id: Option<i64>,
    /// Text that identifies the owner.
    pub owner_key: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Configuration.
    #[serde(with = "raw_json")]
    pub config: Metadata,
    /// Whether the policy is used.
    pub enabled: bool,
    /// Number of the last change.
    pub version: i64,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// Returns the text that identifies an owner, because NULLs are distinct in a unique index.
///
/// It has an internal id: it is never reused, and copies of a database keep it.
pub(super) fn owner_key(provider_id: Option<i64>) -> String {
    provider_id.map_or_else(|| "app".to_owned(), |id| format!("provider:{id}"))
}

impl StoredProviderPolicy {
    /// Converts the row, with the name of its provider.
    pub(super) fn into_policy(self, provider: Option<String>) -> Result<ProviderPolicy> {
        Ok(ProviderPolicy {
            public_id: self.public_id,
            provider,
            name: self.name,
            kind: PolicyKind::from_stored(&self.kind)?,
            config: self.config,
            enabled: self.enabled,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }

    /// Validates a row from another source. Whether its providers exist is not checked, because
    /// they may have been deleted.
    fn check_row(&self) -> Result<()> {
        public_id::check("public_id", &self.public_id)?;
        if self.owner_key != owner_key(self.provider_id) {
            return Err(Error::invalid_input("owner_key", "is not that of the provider"));
        }
        let kind = PolicyKind::from_stored(&self.kind)
            .map_err(|error| Error::invalid_input("kind", error.message().to_owned()))?;
        let new =
            NewPolicy { config: Some(self.config.clone()), ..NewPolicy::new(&self.name, kind) };
        new.check()?;
        if self.version < 1 {
            let message = format!("must be 1 or more, not {}", self.version);
            return Err(Error::invalid_input("version", message));
        }
        Ok(())
    }
}

stored_rows! {
    StoredProviderPolicy: chat_provider_policies by id,
        |row| 1_200 + row.config.as_json().len(),
        StoredProviderPolicy::check_row;
}
