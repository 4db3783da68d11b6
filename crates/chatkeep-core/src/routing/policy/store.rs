//! Changes of policies, and look-ups by name.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::config::{PolicyConfig, wrong_fallback};
use super::record::{NewPolicy, ProviderPolicy, check_policy_name};
use super::rows::{StoredProviderPolicy, chat_provider_policies, owner_key};
use crate::connection::{Connection, insert_one, on_engine};
use crate::db_error::constraint::{explain_duplicate, is_reference};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{chat_providers, check_provider_name, find_provider, require_provider};
use crate::revision::{self, RevisedSubject};
use crate::value::{Timestamp, public_id};

/// Stores a policy, and replaces one with the same owner and name. Equal values change nothing.
///
/// # Errors
/// `InvalidInput` with the field's name, also if a provider does not exist; `Conflict`, not
/// retryable, with the field `expected_version` if the policy has another version, or `kind` if the
/// owner has another enabled policy of this kind; or an error of the database.
pub fn put(
    connection: &mut Connection,
    new: &NewPolicy,
    expected_version: Option<i64>,
) -> Result<ProviderPolicy> {
    let config = new.checked_config()?;
    check_expected_version(expected_version)?;
    let metadata = config.to_metadata()?;
    let now = Timestamp::now();
    let row = connection.transaction(|connection| {
        // It locks the policies, so no other call changes them after they are read.
        revision::advance(connection, RevisedSubject::Providers)?;
        let provider_id = require_provider(connection, new.provider.as_deref())?;
        require_fallbacks(connection, &config)?;
        let owner = owner_key(provider_id);
        let old = find(connection, &owner, &new.name)?;
        expect(expected_version, old.as_ref())?;
        if new.enabled {
            refuse_second(connection, &owner, new)?;
        }
        let mut row = StoredProviderPolicy {
            id: 0,
            public_id: String::new(),
            provider_id,
            owner_key: owner,
            name: new.name.clone(),
            kind: new.kind.name().to_owned(),
            config: metadata.clone(),
            enabled: new.enabled,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        match old {
            None => {
                row.public_id = public_id::generate()?;
                insert(connection, &row)?;
            }
            Some(old) => {
                (row.id, row.public_id) = (old.id, old.public_id.clone());
                (row.version, row.created_at) = (old.version, old.created_at);
                row.updated_at = old.updated_at;
                if row != old {
                    (row.version, row.updated_at) = (old.version + 1, now);
                    replace(connection, &row)?;
                }
            }
        }
        Ok(row)
    })?;
    row.into_policy(new.provider.clone())
}

/// Refuses a fallback to a provider that does not exist.
fn require_fallbacks(connection: &mut Connection, config: &PolicyConfig) -> Result<()> {
    let names = config.providers();
    if names.is_empty() {
        return Ok(());
    }
    let found = on_engine!(connection, c => chat_providers::table
        .filter(chat_providers::name.eq_any(names))
        .select(chat_providers::name)
        .load::<String>(c));
    let found = found.map_err(|error| connection.read_error(error))?;
    match names.iter().find(|name| !found.contains(name)) {
        None => Ok(()),
        Some(name) => Err(wrong_fallback(name, "which is not the name of a provider")),
    }
}

/// Refuses a second enabled policy of a kind and an owner.
fn refuse_second(connection: &mut Connection, owner: &str, new: &NewPolicy) -> Result<()> {
    use chat_provider_policies::dsl;
    let other = on_engine!(connection, c => chat_provider_policies::table
        .filter(dsl::owner_key.eq(owner))
        .filter(dsl::kind.eq(new.kind.name()))
        .filter(dsl::enabled.eq(true))
        .filter(dsl::name.ne(&new.name))
        .select(dsl::name)
        .first::<String>(c)
        .optional());
    match other.map_err(|error| connection.read_error(error))? {
        None => Ok(()),
        Some(name) => Err(Error::taken(
            "kind",
            format!(
                "is {}, as that of the enabled policy {name:?}; disable or delete it first",
                new.kind.name()
            ),
        )),
    }
}

fn insert(connection: &mut Connection, row: &StoredProviderPolicy) -> Result<()> {
    use chat_provider_policies::dsl;
    let id = insert_one!(
        connection,
        chat_provider_policies,
        (
            dsl::public_id.eq(&row.public_id),
            dsl::provider_id.eq(row.provider_id),
            dsl::owner_key.eq(&row.owner_key),
            dsl::name.eq(&row.name),
            dsl::kind.eq(&row.kind),
            dsl::config.eq(&row.config),
            dsl::enabled.eq(row.enabled),
            dsl::version.eq(row.version),
            dsl::created_at.eq(row.created_at),
            dsl::updated_at.eq(row.updated_at),
        )
    );
    id.map(drop).map_err(|error| {
        let error = connection.insert_error(error);
        // A program that does not advance the revision may have deleted the provider. The next
        // attempt finds out.
        if is_reference(&error) {
            return Error::new(ErrorKind::Conflict, "the provider was deleted");
        }
        explain_duplicate(error, &[])
    })
}

fn replace(connection: &mut Connection, row: &StoredProviderPolicy) -> Result<()> {
    use chat_provider_policies::dsl;
    let changes = (
        dsl::kind.eq(&row.kind),
        dsl::config.eq(&row.config),
        dsl::enabled.eq(row.enabled),
        dsl::version.eq(row.version),
        dsl::updated_at.eq(row.updated_at),
    );
    let stored = on_engine!(connection, c => {
        diesel::update(chat_provider_policies::table.find(row.id)).set(changes).execute(c)
    });
    stored.map(drop).map_err(|error| connection.write_error(error))
}

/// Returns a policy of the application or of a provider, if there is one with this name.
///
/// # Errors
/// `InvalidInput` with the field `name` or `provider`; or an error of the database.
pub fn get(
    connection: &mut Connection,
    name: &str,
    provider: Option<&str>,
) -> Result<Option<ProviderPolicy>> {
    check_policy_name(name)?;
    let Some(owner) = find_owner(connection, provider)? else { return Ok(None) };
    let found = find(connection, &owner, name)?;
    found.map(|row| row.into_policy(provider.map(str::to_owned))).transpose()
}

/// Deletes a policy. Returns false if there is none with this name and owner.
///
/// # Errors
/// `InvalidInput` with the field's name; `Conflict`, not retryable, with the field
/// `expected_version` if the policy has another version; `OutcomeUnknown` or another error of the
/// database.
pub fn delete(
    connection: &mut Connection,
    name: &str,
    provider: Option<&str>,
    expected_version: Option<i64>,
) -> Result<bool> {
    check_policy_name(name)?;
    provider.map_or(Ok(()), |name| check_provider_name("provider", name))?;
    check_expected_version(expected_version)?;
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::Providers)?;
        let found = match find_owner(connection, provider)? {
            Some(owner) => find(connection, &owner, name)?,
            None => None,
        };
        expect(expected_version, found.as_ref())?;
        let Some(found) = found else { return Ok(false) };
        let deleted = on_engine!(connection, c => {
            diesel::delete(chat_provider_policies::table.find(found.id)).execute(c)
        });
        deleted.map(|count| count > 0).map_err(|error| connection.write_error(error))
    })
}

/// Returns the text that identifies an owner. `None` if there is no such provider.
fn find_owner(connection: &mut Connection, provider: Option<&str>) -> Result<Option<String>> {
    match provider {
        None => Ok(Some(owner_key(None))),
        Some(name) => find_provider(connection, name).map(|id| id.map(|id| owner_key(Some(id)))),
    }
}

fn find(
    connection: &mut Connection,
    owner: &str,
    name: &str,
) -> Result<Option<StoredProviderPolicy>> {
    let found = on_engine!(connection, c => chat_provider_policies::table
        .filter(chat_provider_policies::owner_key.eq(owner))
        .filter(chat_provider_policies::name.eq(name))
        .get_result::<StoredProviderPolicy>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Validates an expected version: 0 means that there is no such policy.
///
/// # Errors
/// `InvalidInput` with the field `expected_version`.
pub fn check_expected_version(version: Option<i64>) -> Result<()> {
    match version {
        Some(version @ ..0) => Err(Error::invalid_input(
            "expected_version",
            format!("must be 0 (no such policy) or more, not {version}"),
        )),
        _ => Ok(()),
    }
}

/// Compares the version that the caller expects with the stored one.
fn expect(expected: Option<i64>, found: Option<&StoredProviderPolicy>) -> Result<()> {
    let actual = found.map_or(0, |found| found.version);
    match expected {
        Some(expected) if expected != actual => {
            let state = match found {
                Some(_) => format!("the policy has version {actual}"),
                None => "the policy does not exist (version 0)".to_owned(),
            };
            let message = format!("is {expected}, but {state}; read it again");
            Err(Error::taken("expected_version", message))
        }
        _ => Ok(()),
    }
}
