//! Queries on models.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::check::{check_after, check_model_name, check_provider_name};
use super::lookup::{find_provider, no_provider, provider_id};
use super::new::NewModel;
use super::record::Model;
use super::rows::StoredModel;
use super::tables::chat_models;
use crate::connection::{Connection, insert_one, on_engine};
use crate::db_error::constraint::{explain_duplicate, is_reference};
use crate::error::Result;
use crate::revision::{self, RevisedSubject};
use crate::value::{Timestamp, check_limit};

/// Maximum number of rows that one query reads by their ids.
const CHUNK: usize = 500;

/// Stores a model, and replaces one with the same name. Equal values change nothing.
///
/// # Errors
/// `InvalidInput` with the field's name, also if there is no such provider; or an error of the
/// database.
pub fn put_model(connection: &mut Connection, provider: &str, new: &NewModel) -> Result<Model> {
    new.check()?;
    let now = Timestamp::now();
    let row = connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::Providers)?;
        let provider_id = provider_id(connection, provider)?;
        let mut row = new.to_row(provider_id, now)?;
        connection.check_bytes("params", row.params.as_json())?;
        match find(connection, provider_id, &new.name)? {
            None => insert(connection, &row, provider)?,
            Some(old) => {
                (row.id, row.created_at, row.updated_at) = (old.id, old.created_at, old.updated_at);
                if row != old {
                    row.updated_at = now;
                    replace(connection, &row)?;
                }
            }
        }
        Ok(row)
    })?;
    Ok(row.into_model(provider))
}

fn insert(connection: &mut Connection, row: &StoredModel, provider: &str) -> Result<()> {
    use chat_models::dsl;
    let id = insert_one!(
        connection,
        chat_models,
        (
            dsl::provider_id.eq(row.provider_id),
            dsl::name.eq(&row.name),
            dsl::display_name.eq(row.display_name.as_deref()),
            dsl::enabled.eq(row.enabled),
            dsl::capabilities.eq(&row.capabilities),
            dsl::context_window.eq(row.context_window),
            dsl::max_output_tokens.eq(row.max_output_tokens),
            dsl::params.eq(&row.params),
            dsl::input_price.eq(row.input_price),
            dsl::output_price.eq(row.output_price),
            dsl::cached_input_price.eq(row.cached_input_price),
            dsl::created_at.eq(row.created_at),
            dsl::updated_at.eq(row.updated_at),
        )
    );
    id.map(drop).map_err(|error| {
        let error = connection.insert_error(error);
        // A program that does not advance the revision may have deleted the provider.
        if is_reference(&error) {
            return no_provider(provider);
        }
        explain_duplicate(error, &[])
    })
}

fn replace(connection: &mut Connection, row: &StoredModel) -> Result<()> {
    let stored = on_engine!(connection, c => {
        diesel::update(chat_models::table.find(row.id)).set(row).execute(c)
    });
    stored.map(drop).map_err(|error| connection.write_error(error))
}

fn find(connection: &mut Connection, provider_id: i64, name: &str) -> Result<Option<StoredModel>> {
    let found = on_engine!(connection, c => chat_models::table
        .filter(chat_models::provider_id.eq(provider_id))
        .filter(chat_models::name.eq(name))
        .get_result::<StoredModel>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Returns a model of a provider, if there is one with this name.
///
/// # Errors
/// `InvalidInput` with the field `provider` or `name`; or an error of the database.
pub fn get_model(connection: &mut Connection, provider: &str, name: &str) -> Result<Option<Model>> {
    check_model_name("name", name)?;
    let Some(provider_id) = find_provider(connection, provider)? else { return Ok(None) };
    let found = find(connection, provider_id, name)?;
    Ok(found.map(|row| row.into_model(provider)))
}

/// Returns the models of a provider by name, which follow the name `after`.
///
/// # Errors
/// `InvalidInput` with the field `provider`, `limit` or `after`, also if there is no such provider;
/// or an error of the database.
pub fn list_models(
    connection: &mut Connection,
    provider: &str,
    enabled: Option<bool>,
    limit: i64,
    after: Option<&str>,
) -> Result<Vec<Model>> {
    check_limit(limit)?;
    check_after(after)?;
    let provider_id = provider_id(connection, provider)?;
    // Only the ids are sorted: MySQL cannot sort rows whose JSON exceeds the sort buffer.
    let ids = on_engine!(connection, c => {
        let mut query = chat_models::table
            .filter(chat_models::provider_id.eq(provider_id))
            .select(chat_models::id)
            .order(chat_models::name.asc())
            .limit(limit)
            .into_boxed();
        if let Some(enabled) = enabled {
            query = query.filter(chat_models::enabled.eq(enabled));
        }
        if let Some(after) = after {
            query = query.filter(chat_models::name.gt(after));
        }
        query.load::<i64>(c)
    });
    let ids = ids.map_err(|error| connection.read_error(error))?;
    let mut models = Vec::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let rows = on_engine!(connection, c => chat_models::table
            .filter(chat_models::id.eq_any(ids))
            .load::<StoredModel>(c));
        let rows = rows.map_err(|error| connection.read_error(error))?;
        models.extend(rows.into_iter().map(|row| row.into_model(provider)));
    }
    models.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(models)
}

/// Deletes a model of a provider, and the defaults that it is. Returns false if there is none with
/// this name.
///
/// # Errors
/// `InvalidInput` with the field `provider` or `name`; `OutcomeUnknown` or another error of the
/// database.
pub fn delete_model(connection: &mut Connection, provider: &str, name: &str) -> Result<bool> {
    check_model_name("name", name)?;
    check_provider_name("provider", provider)?;
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::Providers)?;
        let Some(provider_id) = find_provider(connection, provider)? else { return Ok(false) };
        let deleted = on_engine!(connection, c => diesel::delete(
            chat_models::table
                .filter(chat_models::provider_id.eq(provider_id))
                .filter(chat_models::name.eq(name)),
        )
        .execute(c));
        deleted.map(|count| count > 0).map_err(|error| connection.write_error(error))
    })
}
