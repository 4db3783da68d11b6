//! All rows of the tables at one time, and the policies.

use std::cmp::Reverse;
use std::collections::HashMap;

use diesel::{QueryDsl, RunQueryDsl};

use super::record::{ModelDefault, Provider, ProviderSnapshot, ProviderWithModels};
use super::rows::{StoredModel, StoredModelDefault, StoredProvider};
use super::tables::{chat_model_defaults, chat_models, chat_providers};
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::revision::{self, RevisedSubject};
use crate::routing::policy::{ProviderPolicy, load_all, with_names};

/// Reads all providers, models, defaults and policies, with their revision. The caller has a transaction in
/// which all statements read the same state.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn snapshot(connection: &mut Connection) -> Result<ProviderSnapshot> {
    let revision = revision::current(connection, RevisedSubject::Providers)?;
    // The database does not sort, because MySQL cannot sort rows with large JSON.
    let providers = on_engine!(connection, c => chat_providers::table.load::<StoredProvider>(c));
    let providers = providers.map_err(|error| connection.read_error(error))?;
    let models = on_engine!(connection, c => chat_models::table.load::<StoredModel>(c));
    let models = models.map_err(|error| connection.read_error(error))?;
    let defaults = on_engine!(connection, c => chat_model_defaults::table
        .select(chat_model_defaults::all_columns)
        .load::<StoredModelDefault>(c));
    let defaults = defaults.map_err(|error| connection.read_error(error))?;
    let names = providers.iter().map(|row| (row.id, row.name.clone())).collect();
    let policies = with_names(load_all(connection)?, &names)?;
    Ok(assemble(revision, providers, &names, models, defaults, policies))
}

fn assemble(
    revision: i64,
    providers: Vec<StoredProvider>,
    names: &HashMap<i64, String>,
    models: Vec<StoredModel>,
    defaults: Vec<StoredModelDefault>,
    policies: Vec<ProviderPolicy>,
) -> ProviderSnapshot {
    let mut models_of: HashMap<i64, Vec<_>> = HashMap::new();
    let mut names_of_models = HashMap::new();
    for row in models {
        let (id, provider_id) = (row.id, row.provider_id);
        let Some(provider) = names.get(&provider_id) else { continue };
        names_of_models.insert(id, (provider.clone(), row.name.clone()));
        models_of.entry(provider_id).or_default().push(row.into_model(provider));
    }
    let with_models = |row: StoredProvider| {
        let mut models = models_of.remove(&row.id).unwrap_or_default();
        models.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        ProviderWithModels { provider: Provider::from(row), models }
    };
    let mut providers: Vec<_> = providers.into_iter().map(with_models).collect();
    providers.sort_unstable_by(|one, other| {
        let key = |entry: &ProviderWithModels| Reverse(entry.provider.priority);
        key(one).cmp(&key(other)).then_with(|| one.provider.name.cmp(&other.provider.name))
    });
    let named = |row: StoredModelDefault| {
        let (provider, model) = names_of_models.get(&row.model_id)?.clone();
        Some(ModelDefault { purpose: row.purpose, provider, model, updated_at: row.updated_at })
    };
    let mut defaults: Vec<_> = defaults.into_iter().filter_map(named).collect();
    defaults.sort_unstable_by(|one, other| one.purpose.cmp(&other.purpose));
    ProviderSnapshot {
        revision,
        providers: providers.into(),
        defaults: defaults.into(),
        policies: policies.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::new::{NewModel, NewProvider};
    use super::*;
    use crate::value::Timestamp;

    fn provider(id: i64, name: &str, priority: i64, enabled: bool) -> StoredProvider {
        let new = NewProvider { priority, enabled, ..NewProvider::new(name, "openai") };
        StoredProvider { id, ..new.to_row(Timestamp::MIN).unwrap() }
    }

    fn model(id: i64, provider_id: i64, name: &str, enabled: bool) -> StoredModel {
        let new = NewModel { enabled, ..NewModel::new(name) };
        StoredModel { id, ..new.to_row(provider_id, Timestamp::MIN).unwrap() }
    }

    fn default(id: i64, purpose: &str, model_id: i64) -> StoredModelDefault {
        let updated_at = Timestamp::MIN;
        StoredModelDefault { id, purpose: purpose.to_owned(), model_id, updated_at }
    }

    #[test]
    fn providers_are_ordered_by_priority_and_defaults_require_enabled_rows() {
        let providers = vec![
            provider(1, "c", 0, true),
            provider(2, "off", 5, false),
            provider(3, "b", 0, true),
        ];
        let names = providers.iter().map(|row| (row.id, row.name.clone())).collect();
        let snapshot = assemble(
            7,
            providers,
            &names,
            vec![
                model(1, 3, "m2", true),
                model(2, 3, "m1", false),
                model(3, 2, "m", true),
                // Its provider was deleted by a program without foreign keys.
                model(4, 9, "orphan", true),
            ],
            vec![
                default(1, "z", 1),
                default(2, "disabled-model", 2),
                default(3, "disabled-provider", 3),
                default(4, "orphan", 4),
            ],
            vec![],
        );
        let names: Vec<_> =
            snapshot.providers.iter().map(|entry| entry.provider.name.as_str()).collect();
        assert_eq!((snapshot.revision, names), (7, vec!["off", "b", "c"]));
        let models: Vec<_> =
            snapshot.providers[1].models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(models, ["m1", "m2"]);
        let purposes: Vec<_> =
            snapshot.defaults.iter().map(|default| default.purpose.as_str()).collect();
        assert_eq!(purposes, ["disabled-model", "disabled-provider", "z"]);
        let selected = snapshot.default_model("z").expect("both are enabled");
        assert_eq!((&*selected.provider.name, &*selected.model.name), ("b", "m2"));
        for purpose in ["disabled-model", "disabled-provider", "orphan", "Z", ""] {
            assert_eq!(snapshot.default_model(purpose), None, "{purpose}");
        }
    }
}
