//! Queries on providers.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::check::{check_after, check_provider_name};
use super::lookup::lock_provider;
use super::new::{NewProvider, check_storable};
use super::record::Provider;
use super::rows::StoredProvider;
use super::tables::chat_providers;
use crate::connection::{Connection, insert_one, on_engine};
use crate::db_error::constraint::{Unique, explain_duplicate};
use crate::error::Result;
use crate::revision::{self, RevisedSubject};
use crate::value::{Timestamp, check_limit};

/// Maximum number of rows that one query reads by their ids.
const CHUNK: usize = 500;
const UNIQUE: &[Unique] = &[
    Unique { column: "public_id", field: "public_id", message: "another provider has this id" },
    Unique { column: "name", field: "name", message: "another provider has this name" },
];

/// Stores a provider.
///
/// # Errors
/// `InvalidInput` with the field's name; `Conflict`, not retryable, with the field `name` or
/// `public_id` when another provider has the value; or an error of the database.
pub fn create(connection: &mut Connection, new: &NewProvider) -> Result<Provider> {
    new.check()?;
    let row = new.to_row(Timestamp::now())?;
    check_storable(connection, &row)?;
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::Providers)?;
        insert(connection, &row)
    })?;
    Ok(row.into())
}

fn insert(connection: &mut Connection, row: &StoredProvider) -> Result<()> {
    use chat_providers::dsl;
    let id = insert_one!(
        connection,
        chat_providers,
        (
            dsl::public_id.eq(&row.public_id),
            dsl::name.eq(&row.name),
            dsl::display_name.eq(row.display_name.as_deref()),
            dsl::kind.eq(&row.kind),
            dsl::base_url.eq(row.base_url.as_deref()),
            dsl::enabled.eq(row.enabled),
            dsl::priority.eq(row.priority),
            dsl::weight.eq(row.weight),
            dsl::capabilities.eq(&row.capabilities),
            dsl::rate_limits.eq(&row.rate_limits),
            dsl::config.eq(&row.config),
            dsl::version.eq(row.version),
            dsl::created_at.eq(row.created_at),
            dsl::updated_at.eq(row.updated_at),
        )
    );
    id.map(drop).map_err(|error| explain_duplicate(connection.insert_error(error), UNIQUE))
}

/// Returns the provider with this name, if there is one.
///
/// # Errors
/// `InvalidInput` with the field `name`; or an error of the database.
pub fn get(connection: &mut Connection, name: &str) -> Result<Option<Provider>> {
    check_provider_name("name", name)?;
    find(connection, name).map(|row| row.map(Provider::from))
}

/// Returns the row of the provider with this name.
pub(super) fn find(connection: &mut Connection, name: &str) -> Result<Option<StoredProvider>> {
    let found = on_engine!(connection, c => chat_providers::table
        .filter(chat_providers::name.eq(name))
        .get_result::<StoredProvider>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Returns providers by name, which follow the name `after`.
///
/// # Errors
/// `InvalidInput` with the field `limit` or `after`; or an error of the database.
pub fn list(
    connection: &mut Connection,
    enabled: Option<bool>,
    limit: i64,
    after: Option<&str>,
) -> Result<Vec<Provider>> {
    check_limit(limit)?;
    check_after(after)?;
    // Only the ids are sorted: MySQL cannot sort rows whose JSON exceeds the sort buffer.
    let ids = on_engine!(connection, c => {
        let mut query = chat_providers::table
            .select(chat_providers::id)
            .order(chat_providers::name.asc())
            .limit(limit)
            .into_boxed();
        if let Some(enabled) = enabled {
            query = query.filter(chat_providers::enabled.eq(enabled));
        }
        if let Some(after) = after {
            query = query.filter(chat_providers::name.gt(after));
        }
        query.load::<i64>(c)
    });
    let ids = ids.map_err(|error| connection.read_error(error))?;
    let mut providers = Vec::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let rows = on_engine!(connection, c => chat_providers::table
            .filter(chat_providers::id.eq_any(ids))
            .load::<StoredProvider>(c));
        let rows = rows.map_err(|error| connection.read_error(error))?;
        providers.extend(rows.into_iter().map(Provider::from));
    }
    providers.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(providers)
}

/// Deletes a provider with its models, their defaults, its credentials, and its policies. Returns
/// false if there is none with this name.
///
/// # Errors
/// `InvalidInput` with the field `name`; `OutcomeUnknown` or another error of the database.
pub fn delete(connection: &mut Connection, name: &str) -> Result<bool> {
    check_provider_name("name", name)?;
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::Providers)?;
        lock_provider(connection, name)?;
        let deleted = on_engine!(connection, c => {
            diesel::delete(chat_providers::table.filter(chat_providers::name.eq(name))).execute(c)
        });
        deleted.map(|count| count > 0).map_err(|error| connection.write_error(error))
    })
}
