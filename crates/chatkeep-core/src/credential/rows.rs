//! The table, and its complete rows.

use std::fmt;

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::cipher::{Binding, OVERHEAD};
use super::info::InfoRow;
use super::keys::is_key_id;
use super::owner::owner_key;
use super::record::{CredentialStatus, MAX_CREATED_BY, MAX_SECRET, check_credential_name};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::provider::chat_providers;
use crate::schema::chat_users;
use crate::token::{join_scopes, split_scopes};
use crate::transfer::stored_rows;
use crate::value::{Timestamp, check_name, public_id};

/// Maximum length of a stored hint, in characters.
const MAX_HINT: usize = 8;

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
    use crate::schema::UtcTimestamp;

    chat_credentials (id) {
        id -> BigInt,
        public_id -> Text,
        provider_id -> Nullable<BigInt>,
        user_id -> Nullable<BigInt>,
        owner_key -> Text,
        name -> Text,
        version -> Integer,
        ciphertext -> Binary,
        key_id -> Text,
        format -> Integer,
        hint -> Nullable<Text>,
        scopes -> Nullable<Text>,
        status -> Text,
        expires_at -> Nullable<UtcTimestamp>,
        cooldown_until -> Nullable<UtcTimestamp>,
        last_used_at -> Nullable<UtcTimestamp>,
        revoked_at -> Nullable<UtcTimestamp>,
        created_by -> Nullable<Text>,
        created_at -> UtcTimestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(chat_credentials, chat_providers);
diesel::allow_tables_to_appear_in_same_query!(chat_credentials, chat_users);

/// A credential with all its columns. Its secret is encrypted.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = chat_credentials)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredCredential {
    /// Internal id.
    pub id: i64,
    /// The credential's id.
    pub public_id: String,
    /// Internal id of the provider.
    pub provider_id: Option<i64>,
    /// Internal id of the user.
    pub user_id: Option<i64>,
    /// Text that identifies the owner.
    pub owner_key: String,
    /// Name of the credential.
    pub name: String,
    /// Number among the credentials with the same owner and name.
    pub version: i32,
    /// The encrypted secret.
    #[serde(with = "as_base64")]
    pub ciphertext: Vec<u8>,
    /// Id of the key with which it is encrypted.
    pub key_id: String,
    /// Format of the encrypted secret.
    pub format: i32,
    /// The last characters of the secret.
    pub hint: Option<String>,
    /// Scopes, separated by spaces.
    pub scopes: Option<String>,
    /// State of the credential.
    pub status: String,
    /// Time from which it is not found.
    pub expires_at: Option<Timestamp>,
    /// Time until which it is not found.
    pub cooldown_until: Option<Timestamp>,
    /// Time of the last use.
    pub last_used_at: Option<Timestamp>,
    /// Time of the revocation.
    pub revoked_at: Option<Timestamp>,
    /// The account that added it.
    pub created_by: Option<String>,
    /// Creation time.
    pub created_at: Timestamp,
}

/// Binary columns in the JSON of an archive.
mod as_base64 {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::value::Bytes;

    pub(super) fn serialize<S: Serializer>(data: &[u8], out: S) -> Result<S::Ok, S::Error> {
        Bytes::from(data.to_vec()).serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        Bytes::deserialize(from).map(Bytes::into_inner)
    }
}

impl StoredCredential {
    /// Returns the values to which the ciphertext is bound.
    pub(super) fn binding(&self) -> Binding<'_> {
        let Self { public_id, owner_key, name, version, .. } = self;
        Binding { public_id, owner_key, name, version: *version }
    }

    /// Returns the columns of a [`Credential`].
    pub(super) fn into_info(self) -> InfoRow {
        InfoRow {
            id: self.id,
            public_id: self.public_id,
            provider_id: self.provider_id,
            user_id: self.user_id,
            name: self.name,
            version: self.version,
            key_id: self.key_id,
            hint: self.hint,
            scopes: self.scopes,
            status: self.status,
            expires_at: self.expires_at,
            cooldown_until: self.cooldown_until,
            last_used_at: self.last_used_at,
            revoked_at: self.revoked_at,
            created_by: self.created_by,
            created_at: self.created_at,
        }
    }

    fn size(&self) -> usize {
        600 + self.name.len()
            + self.ciphertext.len()
            + self.scopes.as_ref().map_or(0, String::len)
            + self.created_by.as_ref().map_or(0, String::len)
    }

    /// Validates a row from another source. Whether it can be decrypted depends on the keys.
    fn check_row(&self) -> Result<()> {
        public_id::check("public_id", &self.public_id)?;
        if self.owner_key != owner_key(self.provider_id, self.user_id) {
            return Err(Error::invalid_input("owner_key", "is not that of the provider and user"));
        }
        check_credential_name(&self.name)?;
        for (field, number) in [("version", self.version), ("format", self.format)] {
            if number < 1 {
                return Err(Error::invalid_input(field, "is less than 1"));
            }
        }
        let secret_size = self.ciphertext.len().saturating_sub(OVERHEAD) as u64;
        if !(1..=MAX_SECRET).contains(&secret_size) {
            return Err(Error::invalid_input("ciphertext", "is too short or too long"));
        }
        if !is_key_id(&self.key_id) {
            return Err(Error::invalid_input("key_id", "is not the id of a key"));
        }
        check_name("hint", self.hint.as_deref().unwrap_or_default(), MAX_HINT)?;
        if join_scopes(&split_scopes(self.scopes.as_deref()))? != self.scopes {
            return Err(Error::invalid_input("scopes", "are not separated by single spaces"));
        }
        let status = CredentialStatus::from_stored(&self.status)
            .map_err(|error| Error::invalid_input("status", error.message().to_owned()))?;
        if (status == CredentialStatus::Revoked) != self.revoked_at.is_some() {
            return Err(Error::invalid_input("revoked_at", "does not match the status"));
        }
        check_name("created_by", self.created_by.as_deref().unwrap_or_default(), MAX_CREATED_BY)
    }
}

impl fmt::Debug for StoredCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredCredential")
            .field("id", &self.id)
            .field("public_id", &self.public_id)
            .finish_non_exhaustive()
    }
}

stored_rows! {
    StoredCredential: chat_credentials by id, Self::size, StoredCredential::check_row;
}
