//! The columns of a credential without its encrypted secret.

use diesel::Queryable;

use super::record::{Credential, CredentialStatus};
use super::rows::chat_credentials;
use crate::error::Result;
use crate::token::split_scopes;
use crate::value::Timestamp;

/// The columns of a [`Credential`].
#[derive(Debug, Clone, Queryable)]
pub(super) struct InfoRow {
    pub(super) id: i64,
    pub(super) public_id: String,
    pub(super) provider_id: Option<i64>,
    pub(super) user_id: Option<i64>,
    pub(super) name: String,
    pub(super) version: i32,
    pub(super) key_id: String,
    pub(super) hint: Option<String>,
    pub(super) scopes: Option<String>,
    pub(super) status: String,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) cooldown_until: Option<Timestamp>,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) revoked_at: Option<Timestamp>,
    pub(super) created_by: Option<String>,
    pub(super) created_at: Timestamp,
}

/// Declares the columns and their type.
macro_rules! columns {
    ($($column:ident),+ $(,)?) => {
        pub(super) type InfoColumns = ($(chat_credentials::$column,)+);

        pub(super) const INFO: InfoColumns = ($(chat_credentials::$column,)+);
    };
}

columns![
    id,
    public_id,
    provider_id,
    user_id,
    name,
    version,
    key_id,
    hint,
    scopes,
    status,
    expires_at,
    cooldown_until,
    last_used_at,
    revoked_at,
    created_by,
    created_at,
];

impl InfoRow {
    /// Converts the row, with the name of its provider and the public id of its user.
    pub(super) fn into_credential(
        self,
        provider: Option<String>,
        user_id: Option<String>,
    ) -> Result<Credential> {
        Ok(Credential {
            id: self.public_id,
            provider,
            user_id,
            name: self.name,
            version: self.version,
            key_id: self.key_id,
            hint: self.hint,
            scopes: split_scopes(self.scopes.as_deref()),
            status: CredentialStatus::from_stored(&self.status)?,
            expires_at: self.expires_at,
            cooldown_until: self.cooldown_until,
            last_used_at: self.last_used_at,
            revoked_at: self.revoked_at,
            created_by: self.created_by,
            created_at: self.created_at,
        })
    }

    /// Returns the approximate size in bytes.
    pub(super) fn size(&self) -> usize {
        600 + self.name.len()
            + self.scopes.as_ref().map_or(0, String::len)
            + self.created_by.as_ref().map_or(0, String::len)
    }
}
