//! Lists of policies.

use std::collections::HashMap;

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::record::{PolicyPage, ProviderPolicy};
use super::rows::{StoredProviderPolicy, chat_provider_policies, owner_key};
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::message::{Cursor, next_page};
use crate::provider::{find_provider, names_of_providers};
use crate::value::check_limit;

/// Maximum number of rows that one query reads by their ids.
const CHUNK: usize = 500;

/// Returns policies, newest first: all, or those of a provider.
///
/// # Errors
/// `InvalidInput` with the field `provider`, `limit` or `cursor`; or an error of the database.
pub fn list(
    connection: &mut Connection,
    provider: Option<&str>,
    limit: i64,
    cursor: Option<&str>,
) -> Result<PolicyPage> {
    check_limit(limit)?;
    let before = cursor.map(str::parse::<Cursor>).transpose()?.map(Cursor::id);
    let owner = match provider {
        None => None,
        Some(name) => match find_provider(connection, name)? {
            Some(id) => Some(owner_key(Some(id))),
            None => return Ok(PolicyPage { policies: Vec::new(), next_cursor: None }),
        },
    };
    // Only the ids are sorted: MySQL cannot sort rows whose JSON exceeds the sort buffer.
    let ids = on_engine!(connection, c => {
        let mut query = chat_provider_policies::table
            .select(chat_provider_policies::id)
            .order(chat_provider_policies::id.desc())
            .limit(limit + 1)
            .into_boxed();
        if let Some(owner) = &owner {
            query = query.filter(chat_provider_policies::owner_key.eq(owner));
        }
        if let Some(before) = before {
            query = query.filter(chat_provider_policies::id.lt(before));
        }
        query.load::<i64>(c)
    });
    let ids = ids.map_err(|error| connection.read_error(error))?;
    let mut rows = Vec::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let found = on_engine!(connection, c => chat_provider_policies::table
            .filter(chat_provider_policies::id.eq_any(ids))
            .load::<StoredProviderPolicy>(c));
        rows.extend(found.map_err(|error| connection.read_error(error))?);
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    let next_cursor = next_page(&mut rows, limit, |row| Cursor::after(row.created_at, row.id));
    let names = names_of_providers(connection, rows.iter().filter_map(|row| row.provider_id))?;
    let policies = rows.into_iter().filter_map(|row| named(row, &names)).collect::<Result<_>>()?;
    Ok(PolicyPage { policies, next_cursor })
}

/// Reads all rows, for the snapshot of providers.
pub(crate) fn load_all(connection: &mut Connection) -> Result<Vec<StoredProviderPolicy>> {
    let rows = on_engine!(connection, c => {
        chat_provider_policies::table.load::<StoredProviderPolicy>(c)
    });
    rows.map_err(|error| connection.read_error(error))
}

/// Converts rows, with the names of their providers: first those of the application, then by
/// provider and name.
pub(crate) fn with_names(
    rows: Vec<StoredProviderPolicy>,
    names: &HashMap<i64, String>,
) -> Result<Vec<ProviderPolicy>> {
    let policies = rows.into_iter().filter_map(|row| named(row, names));
    let mut policies: Vec<_> = policies.collect::<Result<_>>()?;
    policies.sort_unstable_by(|one, other| {
        (&one.provider, &one.name).cmp(&(&other.provider, &other.name))
    });
    Ok(policies)
}

/// Converts a row. One whose provider was deleted after it was read was deleted with it.
fn named(
    row: StoredProviderPolicy,
    names: &HashMap<i64, String>,
) -> Option<Result<ProviderPolicy>> {
    let provider = match row.provider_id {
        Some(id) => Some(names.get(&id)?.clone()),
        None => None,
    };
    Some(row.into_policy(provider))
}
