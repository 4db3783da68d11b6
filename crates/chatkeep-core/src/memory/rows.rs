//! The table, and its complete rows.

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::namespace::decode;
use super::record::{Memory, check_indexed, check_value, expiry};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::stored_rows;
use crate::value::{Metadata, Timestamp, raw_json};

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    graph_memories (id) {
        id -> BigInt,
        namespace -> Text,
        item_key -> Text,
        value -> Json,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        expires_at -> Nullable<UtcTimestamp>,
        ttl_seconds -> Nullable<BigInt>,
    }
}

/// An item with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = graph_memories)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredMemory {
    /// Internal id.
    pub id: i64,
    /// Encoded namespace.
    pub namespace: String,
    /// Key in the namespace.
    pub item_key: String,
    /// Value.
    #[serde(with = "raw_json")]
    pub value: Metadata,
    /// Time at which it was first stored.
    pub created_at: Timestamp,
    /// Time at which the value was last stored.
    pub updated_at: Timestamp,
    /// Time at which it expires.
    pub expires_at: Option<Timestamp>,
    /// Seconds after which it expires unless it is stored or read again.
    pub ttl_seconds: Option<i64>,
}

impl StoredMemory {
    /// Converts the row to the item that callers receive.
    ///
    /// # Errors
    /// `Corrupt` if the stored namespace is not one.
    pub fn into_memory(self) -> Result<Memory> {
        let namespace = decode(&self.namespace).ok_or_else(not_a_namespace)?;
        Ok(Memory {
            namespace,
            key: self.item_key,
            value: self.value,
            created_at: self.created_at,
            updated_at: self.updated_at,
            expires_at: self.expires_at,
            ttl_seconds: self.ttl_seconds,
        })
    }

    pub(super) fn size(&self) -> usize {
        300 + self.namespace.len() + self.item_key.len() + self.value.as_json().len()
    }
}

/// Returns the error about a namespace that another program stored.
pub(super) fn not_a_namespace() -> Error {
    Error::new(ErrorKind::Corrupt, "graph_memories has a namespace that is not encoded correctly")
}

stored_rows! {
    StoredMemory: graph_memories by id, Self::size, |row| {
        let segments = decode(&row.namespace);
        let invalid = || Error::invalid_input("namespace", "is not encoded correctly");
        super::namespace::encode("namespace", &segments.ok_or_else(invalid)?)?;
        check_indexed(&row.namespace, "item_key", &row.item_key)?;
        check_value(&row.value)?;
        expiry(row.updated_at, row.ttl_seconds).map(drop)
    };
}
