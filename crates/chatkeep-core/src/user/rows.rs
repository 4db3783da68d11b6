//! Complete rows of the tables of users, for copying them between databases.

use std::fmt;

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::identities::check_identity;
use super::key::{email_key, username_key};
use super::new::check_profile;
use super::one_time::{check_purpose, check_subject};
use super::password::{PasswordScheme, import_hash};
use super::roles::check_role;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::schema::{
    Characters, chat_users, one_time_secrets, user_identities, user_passwords, user_roles,
};
use crate::transfer::stored_rows;
use crate::value::{
    Metadata, Secret, Timestamp, check_hex, check_metadata, check_name, public_id, raw_json,
};

/// A user.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = chat_users)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredUser {
    /// Id inside the database.
    pub id: i64,
    /// Id outside of the backend.
    pub public_id: String,
    /// E-mail address.
    pub email: Option<String>,
    /// The form by which the address is unique.
    pub email_key: Option<String>,
    /// Name to sign in with.
    pub username: Option<String>,
    /// The form by which the username is unique.
    pub username_key: Option<String>,
    /// Name to show.
    pub name: Option<String>,
    /// Address of a picture.
    pub avatar_url: Option<String>,
    /// Whether the user may sign in.
    pub active: bool,
    /// Time at which the ownership of the address was proved.
    pub confirmed_at: Option<Timestamp>,
    /// Sessions with another stamp are invalid.
    #[diesel(deserialize_as = Characters<String>, serialize_as = Characters<String>)]
    pub stamp: String,
    /// Additional data.
    #[serde(default, with = "raw_json::optional")]
    pub metadata: Option<Metadata>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Time of the last sign-in.
    pub last_login_at: Option<Timestamp>,
}

/// The hash of a user's password, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = user_passwords)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredPassword {
    /// The user's id.
    pub user_id: i64,
    /// The hash.
    pub hash: String,
    /// Scheme of the hash.
    pub scheme: String,
    /// The salt of the application with which it was stored.
    pub pepper_id: Option<String>,
    /// Time at which the password was set.
    pub changed_at: Timestamp,
}

/// An account of a user at another provider.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = user_identities)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredIdentity {
    /// The identity's id.
    pub id: i64,
    /// The provider.
    pub provider: String,
    /// The user's id at the provider.
    pub subject: String,
    /// The user's id.
    pub user_id: i64,
    /// Address at the provider.
    pub email: Option<String>,
    /// Time at which it was linked.
    pub linked_at: Timestamp,
    /// Time of the last sign-in with it.
    pub last_used_at: Option<Timestamp>,
}

/// A role of a user.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = user_roles)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredRole {
    /// The grant's id.
    pub id: i64,
    /// The user's id.
    pub user_id: i64,
    /// The role.
    pub role: String,
    /// The account that granted it.
    pub granted_by: Option<String>,
    /// Time of the grant.
    pub granted_at: Timestamp,
    /// Time from which the user does not have it.
    pub expires_at: Option<Timestamp>,
}

/// The hash of a secret that is valid once, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = one_time_secrets)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredSecret {
    /// The secret's id.
    pub id: i64,
    /// SHA-256 hash of the secret, as 64 lower-case hexadecimal digits.
    #[diesel(deserialize_as = Characters<String>, serialize_as = Characters<String>)]
    pub digest: String,
    /// The purpose.
    pub purpose: String,
    /// The subject.
    pub subject: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time from which it is invalid.
    pub expires_at: Timestamp,
}

stored_rows! {
    StoredUser: chat_users by id,
        |row| 5_000 + row.metadata.as_ref().map_or(0, |metadata| metadata.as_json().len()),
        check_user;
    StoredPassword: user_passwords by user_id, |_| 600, |row| {
        let scheme = PasswordScheme::from_name(&row.scheme).ok_or_else(|| {
            Error::invalid_input("scheme", format!("{:?} is unknown", row.scheme))
        })?;
        import_hash(&Secret::from(row.hash.as_str()), Some(scheme), None)?;
        row.pepper_id.as_deref().map_or(Ok(()), |id| check_name("pepper_id", id, 64))
    };
    StoredIdentity: user_identities by id, |_| 700, |row| {
        check_identity(&row.provider, &row.subject)?;
        row.email.as_deref().map_or(Ok(()), |email| check_name("email", email, 255))
    };
    StoredRole: user_roles by id, |_| 500, |row| {
        check_role(&row.role)?;
        row.granted_by.as_deref().map_or(Ok(()), |name| check_name("granted_by", name, 255))
    };
    StoredSecret: one_time_secrets by id, |_| 500, |row| {
        check_hex("digest", &row.digest, 64)?;
        check_purpose(&row.purpose)?;
        check_subject(&row.subject)
    };
}

/// Validates a user as for creating it. The user must be found by the keys.
fn check_user(row: &StoredUser) -> Result<()> {
    public_id::check("public_id", &row.public_id)?;
    check_profile(row.name.as_deref(), row.avatar_url.as_deref())?;
    check_hex("stamp", &row.stamp, 32)?;
    check_metadata(row.metadata.as_ref())?;
    if row.email.as_deref().map(email_key).transpose()? != row.email_key {
        return Err(Error::invalid_input("email_key", "is not that of the email"));
    }
    if row.username.as_deref().map(username_key).transpose()? != row.username_key {
        return Err(Error::invalid_input("username_key", "is not that of the username"));
    }
    Ok(())
}

/// `Debug` shows no values that identify a user.
macro_rules! debug_by_id {
    ($($row:ident: $id:ident;)+) => {$(
        impl fmt::Debug for $row {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($row)).field("id", &self.$id).finish_non_exhaustive()
            }
        }
    )+};
}

debug_by_id! {
    StoredUser: id;
    StoredPassword: user_id;
    StoredIdentity: id;
    StoredRole: id;
    StoredSecret: id;
}
