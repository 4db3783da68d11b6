//! Reading credentials, with and without their secrets.

use diesel::connection::DefaultLoadingMode;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, OptionalExtension,
    QueryDsl, RunQueryDsl,
};

use super::cipher::decrypt;
use super::info::{INFO, InfoRow};
use super::keys::CredentialKeys;
use super::owner::with_owners;
use super::record::{
    Credential, CredentialPage, CredentialStatus, RevealedCredential, check_credential_name,
};
use super::rows::{StoredCredential, chat_credentials};
use crate::connection::{Connection, MAX_BYTES, RowBudget, first_within, on_engine};
use crate::error::Result;
use crate::message::{Cursor, next_page};
use crate::provider::{chat_providers, check_provider_name, find_provider};
use crate::public_ids::find_user;
use crate::schema::chat_users;
use crate::token::{check_required_scopes, has_scopes, split_scopes};
use crate::unexpired::unexpired;
use crate::value::{Timestamp, check_limit, public_id, refuse_nul};

/// A credential whose secret was read, and the values to record its use.
#[derive(Debug)]
pub struct FoundCredential {
    /// Id of the row.
    pub id: i64,
    /// The credential and its secret.
    pub revealed: RevealedCredential,
}

/// The properties of a credential to find.
#[derive(Debug, Clone, Copy)]
pub struct SoughtCredential<'a> {
    /// Name of the credential.
    pub name: &'a str,
    /// Name of the provider; without one, the credential has none.
    pub provider: Option<&'a str>,
    /// Public id of the user; without one, the credential has none.
    pub user_id: Option<&'a str>,
    /// Scopes that the credential must have, separated by spaces.
    pub scope: Option<&'a str>,
}

impl SoughtCredential<'_> {
    /// Validates the values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the field's name.
    pub fn check(&self) -> Result<()> {
        check_credential_name(self.name)?;
        self.provider.map_or(Ok(()), |name| check_provider_name("provider", name))?;
        refuse_nul("user_id", self.user_id.unwrap_or_default())?;
        self.scope.map_or(Ok(()), check_required_scopes)
    }
}

/// The credentials of an owner that can be used at `$now`, newest first: the given columns.
macro_rules! usable {
    ($sought:expr, $now:expr, $columns:expr) => {{
        let mut query = chat_credentials::table
            .filter(chat_credentials::name.eq($sought.name))
            .filter(chat_credentials::status.eq(CredentialStatus::Active.name()))
            .filter(unexpired!(chat_credentials, $now))
            .filter(
                chat_credentials::cooldown_until
                    .is_null()
                    .or(chat_credentials::cooldown_until.le($now)),
            )
            .order(chat_credentials::version.desc())
            .select($columns)
            .into_boxed();
        query = match $sought.provider {
            None => query.filter(chat_credentials::provider_id.is_null()),
            Some(name) => query.filter(
                chat_credentials::provider_id.eq_any(
                    chat_providers::table
                        .filter(chat_providers::name.eq(name))
                        .select(chat_providers::id.nullable()),
                ),
            ),
        };
        match $sought.user_id {
            None => query.filter(chat_credentials::user_id.is_null()),
            Some(id) => query.filter(
                chat_credentials::user_id.eq_any(
                    chat_users::table
                        .filter(chat_users::public_id.eq(id))
                        .select(chat_users::id.nullable()),
                ),
            ),
        }
    }};
}

/// Returns the newest credential of exactly this owner that is active, has not expired and does not
/// cool down at `now`. It is one query, or usually two if scopes are required.
///
/// # Errors
/// `InvalidInput` with the field's name; `Corrupt` when that credential was changed;
/// `Configuration` when its key is not among the keys; or an error of the database. No other
/// credential is returned instead.
pub fn find(
    connection: &mut Connection,
    keys: &CredentialKeys,
    sought: &SoughtCredential<'_>,
    now: Timestamp,
) -> Result<Option<FoundCredential>> {
    sought.check()?;
    let row = match sought.scope {
        None => on_engine!(connection, c => usable!(sought, now, chat_credentials::all_columns)
            .limit(1)
            .get_result::<StoredCredential>(c)
            .optional())
        .map_err(|error| connection.read_error(error))?,
        Some(scope) => find_with_scope(connection, sought, scope, now)?,
    };
    let Some(row) = row else { return Ok(None) };
    let secret = decrypt(keys, &row).map_err(|unreadable| unreadable.into_error(&row))?;
    let id = row.id;
    let (provider, user_id) =
        (sought.provider.map(str::to_owned), sought.user_id.map(str::to_owned));
    let credential = row.into_info().into_credential(provider, user_id)?;
    Ok(Some(FoundCredential { id, revealed: RevealedCredential { credential, secret } }))
}

/// Returns the newest usable row that has all required scopes.
fn find_with_scope(
    connection: &mut Connection,
    sought: &SoughtCredential<'_>,
    scope: &str,
    now: Timestamp,
) -> Result<Option<StoredCredential>> {
    let columns = (chat_credentials::id, chat_credentials::scopes);
    let rows = on_engine!(connection, c => usable!(sought, now, columns)
        .load::<(i64, Option<String>)>(c));
    for (id, scopes) in rows.map_err(|error| connection.read_error(error))? {
        if !has_scopes(&split_scopes(scopes.as_deref()), scope) {
            continue;
        }
        // Another call may have revoked or deleted it after the first query. Then the next one is
        // returned.
        let row = on_engine!(connection, c => usable!(sought, now, chat_credentials::all_columns)
            .filter(chat_credentials::id.eq(id))
            .get_result::<StoredCredential>(c)
            .optional());
        if let Some(row) = row.map_err(|error| connection.read_error(error))? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

fn with_public_id(
    connection: &mut Connection,
    credential_id: &str,
) -> Result<Option<StoredCredential>> {
    if !public_id::may_exist(credential_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_credentials::table
        .filter(chat_credentials::public_id.eq(credential_id))
        .get_result::<StoredCredential>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Returns a credential without its secret, if it exists.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn get(connection: &mut Connection, credential_id: &str) -> Result<Option<Credential>> {
    let row = with_public_id(connection, credential_id)?.map(StoredCredential::into_info);
    Ok(with_owners(connection, row.into_iter().collect())?.pop())
}

/// Returns a credential with its secret, whatever its state is.
///
/// # Errors
/// `Corrupt` when the credential was changed; `Configuration` when its key is not among the keys;
/// or an error of the database.
pub fn reveal(
    connection: &mut Connection,
    keys: &CredentialKeys,
    credential_id: &str,
) -> Result<Option<FoundCredential>> {
    let Some(row) = with_public_id(connection, credential_id)? else { return Ok(None) };
    let secret = decrypt(keys, &row).map_err(|unreadable| unreadable.into_error(&row))?;
    let id = row.id;
    let credential = with_owners(connection, vec![row.into_info()])?.pop();
    Ok(credential.map(|credential| {
        let revealed = RevealedCredential { credential, secret };
        FoundCredential { id, revealed }
    }))
}

/// Returns a page of credentials without their secrets, newest first: those of a provider, of a
/// user and with a name, if these are given.
///
/// # Errors
/// `InvalidInput` with the field's name; or an error of the database.
pub fn list(
    connection: &mut Connection,
    provider: Option<&str>,
    user_id: Option<&str>,
    name: Option<&str>,
    limit: i64,
    cursor: Option<&str>,
) -> Result<CredentialPage> {
    check_limit(limit)?;
    let before = cursor.map(str::parse::<Cursor>).transpose()?.map(Cursor::id);
    name.map_or(Ok(()), check_credential_name)?;
    let provider_id = provider.map(|name| find_provider(connection, name)).transpose()?;
    let user = user_id.map(|id| find_user(connection, id)).transpose()?;
    if provider_id == Some(None) || user == Some(None) {
        return Ok(CredentialPage { credentials: Vec::new(), next_cursor: None });
    }
    let budget = RowBudget::bytes(MAX_BYTES);
    let read = |connection: &mut Connection| {
        let rows = on_engine!(connection, c => {
            let mut query = chat_credentials::table
                .select(INFO)
                .order(chat_credentials::id.desc())
                .limit(limit + 1)
                .into_boxed();
            if let Some(id) = provider_id.flatten() {
                query = query.filter(chat_credentials::provider_id.eq(id));
            }
            if let Some(id) = user.flatten() {
                query = query.filter(chat_credentials::user_id.eq(id));
            }
            if let Some(name) = name {
                query = query.filter(chat_credentials::name.eq(name));
            }
            if let Some(before) = before {
                query = query.filter(chat_credentials::id.lt(before));
            }
            query.load_iter::<InfoRow, DefaultLoadingMode>(c).and_then(|rows| {
                let mut budget = budget;
                let rows = first_within(rows, &mut budget, InfoRow::size)?;
                Ok((rows, budget.is_cut()))
            })
        });
        rows.map_err(|error| connection.read_error(error))
    };
    let ((mut rows, is_cut), is_cut_by_server) = connection.within_budget(budget, read)?;
    let after = |row: &InfoRow| Cursor::after(row.created_at, row.id);
    let next_cursor = if is_cut || is_cut_by_server {
        rows.last().map(|row| after(row).to_string())
    } else {
        next_page(&mut rows, limit, after)
    };
    Ok(CredentialPage { credentials: with_owners(connection, rows)?, next_cursor })
}
