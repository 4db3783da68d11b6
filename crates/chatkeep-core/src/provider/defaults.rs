//! Queries on the default models of purposes.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::check::{check_after, check_model_name, check_provider_name, check_purpose};
use super::lookup::{find_model, provider_id};
use super::record::ModelDefault;
use super::tables::{chat_model_defaults, chat_models, chat_providers};
use crate::connection::{Connection, insert_one, on_engine};
use crate::db_error::constraint::explain_duplicate;
use crate::error::{Error, Result};
use crate::revision::{self, RevisedSubject};
use crate::value::{Timestamp, check_limit};

/// Makes a model the default of a purpose, in place of the former one.
///
/// # Errors
/// `InvalidInput` with the field `purpose`, `provider` or `model`, also if there is no such model;
/// or an error of the database.
pub fn set_default(
    connection: &mut Connection,
    purpose: &str,
    provider: &str,
    model: &str,
) -> Result<ModelDefault> {
    use chat_model_defaults::dsl;
    check_purpose(purpose)?;
    check_provider_name("provider", provider)?;
    check_model_name("model", model)?;
    let now = Timestamp::now();
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::Providers)?;
        let provider_id = provider_id(connection, provider)?;
        let model_id = find_model(connection, provider_id, model)?.ok_or_else(|| {
            let message = format!("the provider {provider:?} has no model {model:?}");
            Error::invalid_input("model", message)
        })?;
        let updated_at = match find(connection, purpose)? {
            Some((_, old, updated_at)) if old == model_id => updated_at,
            Some((id, ..)) => {
                let changed = on_engine!(connection, c => {
                    diesel::update(chat_model_defaults::table.find(id))
                        .set((dsl::model_id.eq(model_id), dsl::updated_at.eq(now)))
                        .execute(c)
                });
                changed.map_err(|error| connection.write_error(error))?;
                now
            }
            None => {
                let row =
                    (dsl::purpose.eq(purpose), dsl::model_id.eq(model_id), dsl::updated_at.eq(now));
                let id = insert_one!(connection, chat_model_defaults, row);
                id.map_err(|error| explain_duplicate(connection.insert_error(error), &[]))?;
                now
            }
        };
        let (purpose, provider) = (purpose.to_owned(), provider.to_owned());
        Ok(ModelDefault { purpose, provider, model: model.to_owned(), updated_at })
    })
}

/// Returns the row of a purpose: its id, the id of the model, and the time of the change.
fn find(connection: &mut Connection, purpose: &str) -> Result<Option<(i64, i64, Timestamp)>> {
    use chat_model_defaults::dsl;
    let found = on_engine!(connection, c => chat_model_defaults::table
        .filter(dsl::purpose.eq(purpose))
        .select((dsl::id, dsl::model_id, dsl::updated_at))
        .get_result::<(i64, i64, Timestamp)>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Deletes the default model of a purpose. Returns false if there is none.
///
/// # Errors
/// `InvalidInput` with the field `purpose`; `OutcomeUnknown` or another error of the database.
pub fn delete_default(connection: &mut Connection, purpose: &str) -> Result<bool> {
    check_purpose(purpose)?;
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::Providers)?;
        let row = chat_model_defaults::table.filter(chat_model_defaults::purpose.eq(purpose));
        let deleted = on_engine!(connection, c => diesel::delete(row).execute(c));
        deleted.map(|count| count > 0).map_err(|error| connection.write_error(error))
    })
}

/// Returns the default models by purpose, which follow the purpose `after`.
///
/// # Errors
/// `InvalidInput` with the field `limit` or `after`; or an error of the database.
pub fn list_defaults(
    connection: &mut Connection,
    limit: i64,
    after: Option<&str>,
) -> Result<Vec<ModelDefault>> {
    check_limit(limit)?;
    check_after(after)?;
    type Row = (String, String, String, Timestamp);
    let rows = on_engine!(connection, c => chat_model_defaults::table
        .inner_join(chat_models::table.inner_join(chat_providers::table))
        // No purpose is empty.
        .filter(chat_model_defaults::purpose.gt(after.unwrap_or_default()))
        .order(chat_model_defaults::purpose.asc())
        .limit(limit)
        .select((
            chat_model_defaults::purpose,
            chat_providers::name,
            chat_models::name,
            chat_model_defaults::updated_at,
        ))
        .load::<Row>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    let default = |(purpose, provider, model, updated_at)| ModelDefault {
        purpose,
        provider,
        model,
        updated_at,
    };
    Ok(rows.into_iter().map(default).collect())
}
