//! Lookup of tokens by secret or id, and their list.

use diesel::{
    ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl,
    Queryable, RunQueryDsl,
};

use super::hash::TokenHash;
use super::owner::{self, Owner, owners};
use super::record::{FoundToken, TokenInfo, TokenState};
use super::scopes::split_scopes;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::{Characters, api_tokens, chat_users};
use crate::value::Timestamp;

/// A row without its hashes.
#[derive(Queryable)]
pub(super) struct Row {
    id: i64,
    description: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    is_active: bool,
    last_used_at: Option<Timestamp>,
    token_start: Option<String>,
    user_id: Option<i64>,
    scopes: Option<String>,
    previous_until: Option<Timestamp>,
}

/// The columns of a [`Row`]; hashes are never read back.
const COLUMNS: (
    api_tokens::id,
    api_tokens::description,
    api_tokens::created_at,
    api_tokens::expires_at,
    api_tokens::is_active,
    api_tokens::last_used_at,
    api_tokens::token_start,
    api_tokens::user_id,
    api_tokens::scopes,
    api_tokens::previous_until,
) = (
    api_tokens::id,
    api_tokens::description,
    api_tokens::created_at,
    api_tokens::expires_at,
    api_tokens::is_active,
    api_tokens::last_used_at,
    api_tokens::token_start,
    api_tokens::user_id,
    api_tokens::scopes,
    api_tokens::previous_until,
);

impl Row {
    fn into_info(self, owner: Option<&Owner>) -> TokenInfo {
        TokenInfo {
            id: self.id,
            token_id: self.id,
            description: self.description,
            created_at: self.created_at,
            expires_at: self.expires_at,
            is_active: self.is_active,
            last_used_at: self.last_used_at,
            token_start: self.token_start,
            user_id: owner.map(|owner| owner.public_id.clone()),
            scopes: split_scopes(self.scopes.as_deref()),
        }
    }
}

/// Returns the token with this hash, if it exists. A token that was rotated is also found by its
/// previous hash.
///
/// The common case, a current token without an owner, is one query of one table.
///
/// # Errors
/// `Unavailable` or another error of the database. An unreachable database is never reported as a
/// missing token.
pub fn find(connection: &mut Connection, hash: TokenHash) -> Result<Option<FoundToken>> {
    let hash = hash.to_hex();
    let current = on_engine!(connection, c => api_tokens::table
        .filter(api_tokens::token_hash.eq(Characters(&hash)))
        .select(COLUMNS)
        .get_result::<Row>(c)
        .optional());
    let Some(row) = current.map_err(|error| connection.read_error(error))? else {
        return find_previous(connection, &hash);
    };
    let owner = match row.user_id {
        // A user that was deleted since the first query has no tokens.
        Some(id) => match owners(connection, [id])?.remove(&id) {
            Some(owner) => Some(owner),
            None => return Ok(None),
        },
        None => None,
    };
    Ok(Some(FoundToken {
        replaced_at: None,
        owner_is_active: owner.as_ref().is_none_or(|owner| owner.is_active),
        info: row.into_info(owner.as_ref()),
    }))
}

/// Returns the token that had this hash before its last rotation, with its owner, in one query.
fn find_previous(connection: &mut Connection, hash: &str) -> Result<Option<FoundToken>> {
    let owner = (chat_users::public_id, chat_users::active);
    let found = on_engine!(connection, c => api_tokens::table
        .left_join(chat_users::table.on(chat_users::id.nullable().eq(api_tokens::user_id)))
        .filter(api_tokens::previous_hash.eq(Characters(hash)))
        .select((COLUMNS, owner.nullable()))
        .get_result::<(Row, Option<Owner>)>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    Ok(found.map(|(row, owner)| FoundToken {
        replaced_at: Some(row.previous_until.unwrap_or(Timestamp::MIN)),
        owner_is_active: owner.as_ref().is_none_or(|owner| owner.is_active),
        info: row.into_info(owner.as_ref()),
    }))
}

/// Returns the state of the token with this hash, if it exists. It reads less than half of the
/// columns that [`find`] reads.
///
/// # Errors
/// `Unavailable` or another error of the database. An unreachable database is never reported as a
/// missing token.
pub fn find_state(connection: &mut Connection, hash: TokenHash) -> Result<Option<TokenState>> {
    let columns = (
        api_tokens::id,
        api_tokens::expires_at,
        api_tokens::is_active,
        api_tokens::last_used_at,
        api_tokens::user_id,
    );
    type State = (i64, Option<Timestamp>, bool, Option<Timestamp>, Option<i64>);
    let hex = hash.to_hex();
    let found = on_engine!(connection, c => api_tokens::table
        .filter(api_tokens::token_hash.eq(Characters(&hex)))
        .select(columns)
        .get_result::<State>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    let Some((id, expires_at, is_active, last_used_at, owner)) = found else {
        return Ok(find_previous(connection, &hex)?.as_ref().map(TokenState::from));
    };
    let owner_is_active = match owner {
        // A user that was deleted since the first query has no tokens.
        Some(owner) => match owners(connection, [owner])?.get(&owner) {
            Some(owner) => owner.is_active,
            None => return Ok(None),
        },
        None => true,
    };
    let replaced_at = None;
    Ok(Some(TokenState { id, expires_at, is_active, last_used_at, replaced_at, owner_is_active }))
}

/// Returns the token with this id, if it exists.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn get(connection: &mut Connection, id: i64) -> Result<Option<TokenInfo>> {
    let found = on_engine!(connection, c => api_tokens::table
        .filter(api_tokens::id.eq(id))
        .select(COLUMNS)
        .get_result::<Row>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    Ok(with_owners(connection, found.into_iter().collect())?.pop())
}

/// Returns all tokens, or those of a user, newest first.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list(connection: &mut Connection, user_id: Option<&str>) -> Result<Vec<TokenInfo>> {
    let order = (api_tokens::created_at.desc(), api_tokens::id.desc());
    let rows = match user_id {
        None => on_engine!(connection, c => api_tokens::table
            .select(COLUMNS)
            .order(order)
            .load::<Row>(c)),
        Some(user_id) => {
            let Some((owner, _)) = owner::find(connection, user_id)? else { return Ok(Vec::new()) };
            on_engine!(connection, c => api_tokens::table
                .filter(api_tokens::user_id.eq(owner))
                .select(COLUMNS)
                .order(order)
                .load::<Row>(c))
        }
    };
    let rows = rows.map_err(|error| connection.read_error(error))?;
    with_owners(connection, rows)
}

/// Adds the public ids of the owners.
fn with_owners(connection: &mut Connection, rows: Vec<Row>) -> Result<Vec<TokenInfo>> {
    let owners = owners(connection, rows.iter().filter_map(|row| row.user_id))?;
    let info = |row: Row| {
        let owner = row.user_id.and_then(|id| owners.get(&id));
        row.into_info(owner)
    };
    Ok(rows.into_iter().map(info).collect())
}
