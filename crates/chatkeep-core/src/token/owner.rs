//! The owners of tokens. They are read only for tokens that have one.

use std::collections::HashMap;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::public_ids::no_user;
use crate::schema::chat_users;
use crate::value::public_id;

/// Maximum number of users that one query reads.
const MAX_USERS: usize = 1_000;

/// The owner of a token.
#[derive(Debug, Clone, Queryable)]
pub(super) struct Owner {
    pub(super) public_id: String,
    pub(super) is_active: bool,
}

/// Returns the users with these ids.
pub(super) fn owners(
    connection: &mut Connection,
    ids: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, Owner>> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut owners = HashMap::new();
    for ids in ids.chunks(MAX_USERS) {
        let rows = on_engine!(connection, c => chat_users::table
            .filter(chat_users::id.eq_any(ids))
            .select((chat_users::id, chat_users::public_id, chat_users::active))
            .load::<(i64, String, bool)>(c));
        let rows = rows.map_err(|error| connection.read_error(error))?;
        let owner = |(id, public_id, is_active)| (id, Owner { public_id, is_active });
        owners.extend(rows.into_iter().map(owner));
    }
    Ok(owners)
}

/// Returns the id of an active user, for a new token.
///
/// # Errors
/// `InvalidInput` with the field `user_id` when there is no such user, or it is inactive.
pub(super) fn active_owner(connection: &mut Connection, public_id: &str) -> Result<i64> {
    match find(connection, public_id)? {
        Some((id, true)) => Ok(id),
        Some((_, false)) => {
            let message = format!("the user with the id {public_id} is inactive");
            Err(Error::invalid_input("user_id", message))
        }
        None => Err(no_user(public_id)),
    }
}

/// Returns the id of a user, and whether the user is active.
pub(super) fn find(connection: &mut Connection, public_id: &str) -> Result<Option<(i64, bool)>> {
    if !public_id::may_exist(public_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_users::table
        .filter(chat_users::public_id.eq(public_id))
        .select((chat_users::id, chat_users::active))
        .get_result::<(i64, bool)>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}
