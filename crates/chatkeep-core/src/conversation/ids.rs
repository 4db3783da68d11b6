//! Look-ups of public ids.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::schema::{chat_conversations, chat_users};
use crate::value::public_id;

/// Returns whether a row may have this id. Others are not looked up.
pub(super) fn may_be_public_id(id: &str) -> bool {
    public_id::check("id", id).is_ok()
}

/// Returns the internal id of the conversation with this public id, if it exists. It never changes.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn find(connection: &mut Connection, public_id: &str) -> Result<Option<i64>> {
    if !may_be_public_id(public_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_conversations::table
        .filter(chat_conversations::public_id.eq(public_id))
        .select(chat_conversations::id)
        .get_result::<i64>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Returns the internal ids of a conversation and of its user. The user may change.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn find_with_user(
    connection: &mut Connection,
    public_id: &str,
) -> Result<Option<(i64, Option<i64>)>> {
    if !may_be_public_id(public_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_conversations::table
        .filter(chat_conversations::public_id.eq(public_id))
        .select((chat_conversations::id, chat_conversations::user_id))
        .get_result::<(i64, Option<i64>)>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Returns the internal id of the user with this public id, if it exists. It never changes.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn find_user(connection: &mut Connection, public_id: &str) -> Result<Option<i64>> {
    if !may_be_public_id(public_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_users::table
        .filter(chat_users::public_id.eq(public_id))
        .select(chat_users::id)
        .get_result::<i64>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Returns the internal id of a user that must exist.
pub(super) fn require_user(
    connection: &mut Connection,
    public_id: Option<&str>,
) -> Result<Option<i64>> {
    let Some(public_id) = public_id else { return Ok(None) };
    match find_user(connection, public_id)? {
        Some(id) => Ok(Some(id)),
        None => Err(missing("user_id", "user", public_id)),
    }
}

/// Returns the error about a conversation that does not exist.
pub fn no_conversation(public_id: &str) -> Error {
    missing("conversation_id", "conversation", public_id)
}

fn missing(field: &'static str, noun: &str, public_id: &str) -> Error {
    // A caller's text can be arbitrarily long; the start is enough to find it.
    let shown: String = public_id.chars().take(64).collect();
    Error::invalid_input(field, format!("no {noun} has the id {shown:?}"))
}

/// Returns the public ids of users by their internal ids.
pub(super) fn public_ids_of_users(
    connection: &mut Connection,
    ids: impl Iterator<Item = i64>,
) -> Result<BTreeMap<i64, String>> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = on_engine!(connection, c => chat_users::table
        .filter(chat_users::id.eq_any(&ids))
        .select((chat_users::id, chat_users::public_id))
        .load::<(i64, String)>(c));
    rows.map(|rows| rows.into_iter().collect()).map_err(|error| connection.read_error(error))
}
