//! Tests of the policies by which models are chosen, and of the choice.

mod choosing;
mod concurrency;
mod health;
mod lists;
mod policy;

use chatkeep::{
    ChooseRequest, ModelChoice, NewModel, NewPolicy, NewProvider, PolicyKind, ProviderPolicy,
    RejectionReason, Result,
};

use crate::store::{Store, metadata};

/// Creates a provider with a model `m`.
fn create(store: &Store, name: &str, priority: i64) {
    let new = NewProvider { priority, ..NewProvider::new(name, "openai") };
    store.providers().create_provider(&new).expect("it is created");
    store.providers().put_model(name, &NewModel::new("m")).expect("it is stored");
}

fn policy(owner: Option<&str>, name: &str, kind: PolicyKind, config: &str) -> NewPolicy {
    NewPolicy {
        provider: owner.map(str::to_owned),
        config: Some(metadata(config)),
        ..NewPolicy::new(name, kind)
    }
}

/// Stores a policy with this configuration.
fn try_put(
    store: &Store,
    owner: Option<&str>,
    name: &str,
    kind: PolicyKind,
    config: &str,
) -> Result<ProviderPolicy> {
    store.routing().put_policy(&policy(owner, name, kind, config), None)
}

fn put(
    store: &Store,
    owner: Option<&str>,
    name: &str,
    kind: PolicyKind,
    config: &str,
) -> ProviderPolicy {
    try_put(store, owner, name, kind, config).expect("it is stored")
}

fn get(store: &Store, name: &str, owner: Option<&str>) -> Option<ProviderPolicy> {
    store.routing().get_policy(name, owner).expect("the query succeeds")
}

fn choose(store: &Store, request: &ChooseRequest) -> ModelChoice {
    store.routing().choose_model(request).expect("a choice")
}

/// Returns the providers of the candidates, in order.
fn providers(choice: &ModelChoice) -> Vec<&str> {
    choice.candidates.iter().map(|candidate| candidate.provider.as_str()).collect()
}

/// Returns the reason for which the models of a provider were rejected.
fn rejected(choice: &ModelChoice, provider: &str) -> Option<RejectionReason> {
    let mut rejected = choice.rejected.iter();
    let found = rejected.find(|one| one.provider.as_deref() == Some(provider));
    found.map(|one| one.reason)
}
