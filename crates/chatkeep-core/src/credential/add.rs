//! Storing credentials.

use diesel::dsl::max;
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};

use super::cipher::{Binding, FORMAT, encrypt};
use super::keys::CredentialKeys;
use super::owner::owner_key;
use super::record::{Credential, CredentialStatus, NewCredential};
use super::rows::chat_credentials;
use crate::connection::{Connection, all_stored, on_engine};
use crate::db_error::constraint::{explain_duplicate, is_reference};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{hold_provider, require_provider};
use crate::public_ids::require_user;
use crate::token::{join_scopes, split_scopes};
use crate::value::{Timestamp, public_id};

/// A new row. It contains the ciphertext, never the secret.
#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = chat_credentials)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    public_id: &'a str,
    provider_id: Option<i64>,
    user_id: Option<i64>,
    owner_key: &'a str,
    name: &'a str,
    version: i32,
    ciphertext: &'a [u8],
    key_id: &'a str,
    format: i32,
    hint: Option<&'a str>,
    scopes: Option<&'a str>,
    status: &'a str,
    expires_at: Option<Timestamp>,
    created_by: Option<&'a str>,
    created_at: Timestamp,
}

/// Encrypts and stores a credential. If the owner has some with this name, it gets the next
/// version.
///
/// # Errors
/// `InvalidInput` with the field's name, `provider` or `user_id` also if it does not exist;
/// `Conflict`, retryable, when another call stored the same version; or an error of the database.
pub fn add(
    connection: &mut Connection,
    keys: &CredentialKeys,
    new: &NewCredential,
) -> Result<Credential> {
    new.check()?;
    connection.transaction(|connection| insert(connection, keys, new))
}

fn insert(
    connection: &mut Connection,
    keys: &CredentialKeys,
    new: &NewCredential,
) -> Result<Credential> {
    let provider_id = require_provider(connection, new.provider.as_deref())?;
    if let Some(id) = provider_id
        && !hold_provider(connection, id)?
    {
        return Err(owner_was_deleted());
    }
    let user_id = require_user(connection, new.user_id.as_deref())?;
    let owner_key = owner_key(provider_id, user_id);
    let version = next_version(connection, &owner_key, &new.name)?;
    let public_id = public_id::generate()?;
    let binding =
        Binding { public_id: &public_id, owner_key: &owner_key, name: &new.name, version };
    let ciphertext = encrypt(keys, binding, &new.secret)?;
    let (hint, now) = (new.hint(), Timestamp::now());
    let scopes = join_scopes(new.scopes.as_deref().unwrap_or_default())?;
    let row = NewRow {
        public_id: &public_id,
        provider_id,
        user_id,
        owner_key: &owner_key,
        name: &new.name,
        version,
        ciphertext: &ciphertext,
        key_id: keys.current_id(),
        format: FORMAT,
        hint: hint.as_deref(),
        scopes: scopes.as_deref(),
        status: CredentialStatus::Active.name(),
        expires_at: new.expires_at,
        created_by: new.created_by.as_deref(),
        created_at: now,
    };
    let stored = on_engine!(connection, c => {
        all_stored(diesel::insert_into(chat_credentials::table).values(row).execute(c), 1)
    });
    stored.map_err(|error| {
        let error = connection.insert_error(error);
        if is_reference(&error) {
            return owner_was_deleted();
        }
        explain_duplicate(error, &[])
    })?;
    Ok(Credential {
        id: public_id,
        provider: new.provider.clone(),
        user_id: new.user_id.clone(),
        name: new.name.clone(),
        version,
        key_id: keys.current_id().to_owned(),
        hint,
        scopes: split_scopes(scopes.as_deref()),
        status: CredentialStatus::Active,
        expires_at: new.expires_at,
        cooldown_until: None,
        last_used_at: None,
        revoked_at: None,
        created_by: new.created_by.clone(),
        created_at: now,
    })
}

/// Returns a conflict. The next attempt finds out which of the two was deleted.
fn owner_was_deleted() -> Error {
    Error::new(ErrorKind::Conflict, "the provider or the user was deleted")
}

/// Returns the version after the last one of this owner and name.
fn next_version(connection: &mut Connection, owner_key: &str, name: &str) -> Result<i32> {
    let last = on_engine!(connection, c => chat_credentials::table
        .filter(chat_credentials::owner_key.eq(owner_key))
        .filter(chat_credentials::name.eq(name))
        .select(max(chat_credentials::version))
        .get_result::<Option<i32>>(c));
    let last = last.map_err(|error| connection.read_error(error))?;
    last.unwrap_or(0)
        .checked_add(1)
        .ok_or_else(|| Error::invalid_input("name", "has too many versions; use another name"))
}
