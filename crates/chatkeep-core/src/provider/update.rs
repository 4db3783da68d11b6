//! Changes of a provider.

use diesel::{QueryDsl, RunQueryDsl};

use super::base_url::check_base_url;
use super::check::{
    check_capabilities, check_display_name, check_kind, check_priority, check_provider_name,
    check_weight,
};
use super::new::{check_limits_and_config, check_storable};
use super::record::Provider;
use super::rows::StoredProvider;
use super::store::find;
use super::tables::chat_providers;
use crate::connection::{Connection, on_engine};
use crate::described::Record;
use crate::error::{Error, Result};
use crate::revision::{self, RevisedSubject};
use crate::value::{Metadata, TextSet, Timestamp};

/// Changes of a provider. Fields that are not given stay unchanged. An empty text or list removes
/// the value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct ProviderChanges {
    /// New kind: 1–50 lower-case letters a–z, digits, dots, hyphens and underscores.
    pub kind: Option<String>,
    /// New name to show, at most 255 characters.
    pub display_name: Option<String>,
    /// New address, `http` or `https`, without a user name, password or key.
    pub base_url: Option<String>,
    /// Whether the provider may be used.
    pub enabled: Option<bool>,
    /// New order among the providers, -1,000,000 to 1,000,000. A higher number is preferred.
    pub priority: Option<i64>,
    /// New share among providers with the same priority, 0 to 1,000,000.
    pub weight: Option<i64>,
    /// New abilities, which replace all of the former.
    pub capabilities: Option<Vec<String>>,
    /// New limits, which replace all of the former.
    pub rate_limits: Option<Metadata>,
    /// New configuration, which replaces all of the former. Keys such as `api_key` are refused.
    pub config: Option<Metadata>,
}

impl ProviderChanges {
    /// Validates the values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        self.kind.as_deref().map_or(Ok(()), check_kind)?;
        check_display_name(self.display_name.as_deref())?;
        self.base_url.as_deref().and_then(nonempty).map_or(Ok(()), check_base_url)?;
        self.priority.map_or(Ok(()), check_priority)?;
        self.weight.map_or(Ok(()), check_weight)?;
        check_capabilities(self.capabilities.as_deref().unwrap_or_default())?;
        check_limits_and_config(self.rate_limits.as_ref(), self.config.as_ref())
    }

    /// Returns the row with these changes.
    fn apply(&self, mut row: StoredProvider) -> StoredProvider {
        replace(&mut row.kind, self.kind.clone());
        let optional =
            |text: &Option<String>| text.as_deref().map(|text| nonempty(text).map(str::to_owned));
        replace(&mut row.display_name, optional(&self.display_name));
        replace(&mut row.base_url, optional(&self.base_url));
        replace(&mut row.enabled, self.enabled);
        // The numbers were checked to be in their ranges.
        replace(&mut row.priority, self.priority.map(|number| number as i32));
        replace(&mut row.weight, self.weight.map(|number| number as i32));
        replace(&mut row.capabilities, self.capabilities.as_deref().map(TextSet::from));
        replace(&mut row.rate_limits, self.rate_limits.clone());
        replace(&mut row.config, self.config.clone());
        row
    }
}

fn nonempty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn replace<T>(value: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *value = new;
    }
}

/// Changes a provider, and returns the result. `None` means that there is none with this name.
///
/// With `expected_version`, nothing is changed if the provider has another version. A call that
/// changes no value returns the provider with its present version.
///
/// # Errors
/// `InvalidInput` with the field's name; `Conflict`, not retryable, with the field
/// `expected_version`; `OutcomeUnknown` or another error of the database.
pub fn update(
    connection: &mut Connection,
    name: &str,
    changes: &ProviderChanges,
    expected_version: Option<i64>,
) -> Result<Option<Provider>> {
    check_provider_name("name", name)?;
    changes.check()?;
    connection.transaction(|connection| {
        // It locks the providers, so no other call changes this one after it is read.
        revision::advance(connection, RevisedSubject::Providers)?;
        let Some(old) = find(connection, name)? else { return Ok(None) };
        if let Some(expected) = expected_version.filter(|expected| *expected != old.version) {
            return Err(other_version(expected, old.version));
        }
        let mut row = changes.apply(old.clone());
        if row == old {
            return Ok(Some(old.into()));
        }
        check_storable(connection, &row)?;
        row.version += 1;
        row.updated_at = Timestamp::now();
        let stored = on_engine!(connection, c => {
            diesel::update(chat_providers::table.find(row.id)).set(&row).execute(c)
        });
        stored.map_err(|error| connection.write_error(error))?;
        Ok(Some(row.into()))
    })
}

fn other_version(expected: i64, actual: i64) -> Error {
    Error::taken(
        "expected_version",
        format!("is {expected}, but the provider has version {actual}; read it again"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::new::NewProvider;
    use super::*;

    #[test]
    fn changes_replace_values_that_are_given_and_empty_texts_remove_them() {
        let new = NewProvider {
            display_name: Some("A".into()),
            base_url: Some("https://a.example".into()),
            capabilities: Some(vec!["b".into(), "a".into()]),
            ..NewProvider::new("a", "openai")
        };
        let row = new.to_row(Timestamp::MIN).unwrap();
        assert_eq!(ProviderChanges::default().apply(row.clone()), row);
        let changes = ProviderChanges {
            base_url: Some(String::new()),
            weight: Some(0),
            capabilities: Some(vec!["a".into(), "b".into(), "a".into()]),
            ..ProviderChanges::default()
        };
        assert!(changes.check().is_ok());
        let changed = changes.apply(row.clone());
        assert_eq!(changed, StoredProvider { base_url: None, weight: 0, ..row });
    }

    #[test]
    fn invalid_changes_name_their_field() {
        let secret = Metadata::parse(r#"{"token": "hunter2"}"#).unwrap();
        let none = ProviderChanges::default;
        for (changes, field) in [
            (ProviderChanges { kind: Some(String::new()), ..none() }, "kind"),
            (ProviderChanges { display_name: Some("\0".into()), ..none() }, "display_name"),
            (ProviderChanges { base_url: Some("x".into()), ..none() }, "base_url"),
            (ProviderChanges { priority: Some(i64::MAX), ..none() }, "priority"),
            (ProviderChanges { weight: Some(-1), ..none() }, "weight"),
            (ProviderChanges { capabilities: Some(vec!["A".into()]), ..none() }, "capabilities"),
            (ProviderChanges { config: Some(secret), ..none() }, "config"),
        ] {
            assert_eq!(changes.check().unwrap_err().field(), Some(field));
        }
    }
}
