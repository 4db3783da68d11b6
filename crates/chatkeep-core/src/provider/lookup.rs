//! Look-ups between the names and the internal ids of providers and models.

use std::collections::HashMap;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::check::check_provider_name;
use super::tables::{chat_models, chat_providers};
use crate::connection::{Connection, MysqlConnection, Session, on_engine};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Maximum number of ids in one query.
const MAX_IDS: usize = 1_000;

/// Returns the internal id of the provider with this name, if there is one. It never changes.
///
/// # Errors
/// `InvalidInput` with the field `provider`; or an error of the database.
pub(crate) fn find_provider(connection: &mut Connection, name: &str) -> Result<Option<i64>> {
    check_provider_name("provider", name)?;
    let found = on_engine!(connection, c => chat_providers::table
        .filter(chat_providers::name.eq(name))
        .select(chat_providers::id)
        .get_result::<i64>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Returns the internal id of a provider that must exist, if one is given.
pub(crate) fn require_provider(
    connection: &mut Connection,
    name: Option<&str>,
) -> Result<Option<i64>> {
    name.map(|name| provider_id(connection, name)).transpose()
}

/// Returns the internal id of a provider that must exist.
pub(super) fn provider_id(connection: &mut Connection, name: &str) -> Result<i64> {
    find_provider(connection, name)?.ok_or_else(|| no_provider(name))
}

/// Locks a provider until the end of the transaction, so that a row that refers to it can be
/// stored. Returns false if it does not exist. Others may hold it at the same time, unless it is
/// deleted.
///
/// MySQL needs it since 9.6, which checks foreign keys outside of InnoDB, unless the server was
/// started with `innodb_native_foreign_keys=ON`. Without the lock, MySQL 9.7.4 kept a row that was
/// stored while its provider was deleted. The other engines lock the provider themselves.
pub(crate) fn hold_provider(connection: &mut Connection, id: i64) -> Result<bool> {
    let Some(c) = mysql(connection) else { return Ok(true) };
    let row = chat_providers::table.find(id).select(chat_providers::id);
    let found = row.for_share().get_result::<i64>(c).optional();
    found.map(|id| id.is_some()).map_err(|error| connection.write_error(error))
}

/// Locks a provider that is to be deleted, after waiting for the rows that are stored for it; see
/// [`hold_provider`].
pub(super) fn lock_provider(connection: &mut Connection, name: &str) -> Result<()> {
    let Some(c) = mysql(connection) else { return Ok(()) };
    let row = chat_providers::table.filter(chat_providers::name.eq(name));
    let found = row.select(chat_providers::id).for_update().load::<i64>(c);
    found.map(drop).map_err(|error| connection.write_error(error))
}

fn mysql(connection: &mut Connection) -> Option<&mut MysqlConnection> {
    let is_mysql = connection.engine() == Engine::MySql;
    match &mut connection.session {
        Session::MySql(c) if is_mysql => Some(c.as_mut()),
        _ => None,
    }
}

/// Returns the error about a provider that does not exist. Its name was checked.
pub(super) fn no_provider(name: &str) -> Error {
    Error::invalid_input("provider", format!("no provider has the name {name:?}"))
}

/// Returns the names of the providers with these internal ids, by internal id.
pub(crate) fn names_of_providers(
    connection: &mut Connection,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, String>> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = HashMap::new();
    for ids in ids.chunks(MAX_IDS) {
        let rows = on_engine!(connection, c => chat_providers::table
            .filter(chat_providers::id.eq_any(ids))
            .select((chat_providers::id, chat_providers::name))
            .load::<(i64, String)>(c));
        found.extend(rows.map_err(|error| connection.read_error(error))?);
    }
    Ok(found)
}

/// Returns the internal id of a model of a provider, if there is one with this name.
pub(super) fn find_model(
    connection: &mut Connection,
    provider_id: i64,
    name: &str,
) -> Result<Option<i64>> {
    let found = on_engine!(connection, c => chat_models::table
        .filter(chat_models::provider_id.eq(provider_id))
        .filter(chat_models::name.eq(name))
        .select(chat_models::id)
        .get_result::<i64>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}
