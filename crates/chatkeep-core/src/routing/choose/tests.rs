//! Tests of the choice: cases, and properties of random ones.

mod cases;
mod properties;

use std::collections::BTreeMap;

use super::super::health::{ModelHealth, ProviderHealth};
use super::super::policy::{PolicyKind, ProviderPolicy};
use super::*;
use crate::provider::{Model, ModelDefault, Provider, ProviderWithModels};
use crate::value::Metadata;

fn now() -> Timestamp {
    Timestamp::parse("2024-01-01T12:00:00Z").expect("a timestamp")
}

fn ago(seconds: i64) -> Timestamp {
    now().checked_add_microseconds(-seconds * 1_000_000).expect("in range")
}

fn provider(name: &str, priority: i32, weight: i32) -> Provider {
    Provider {
        public_id: format!("p-{name}"),
        name: name.to_owned(),
        display_name: None,
        kind: "openai".to_owned(),
        base_url: None,
        enabled: true,
        priority,
        weight,
        capabilities: Vec::new(),
        rate_limits: Metadata::parse("{}").expect("JSON"),
        config: Metadata::parse("{}").expect("JSON"),
        version: 1,
        created_at: Timestamp::MIN,
        updated_at: Timestamp::MIN,
    }
}

fn model(provider: &str, name: &str) -> Model {
    Model {
        provider: provider.to_owned(),
        name: name.to_owned(),
        display_name: None,
        enabled: true,
        capabilities: Vec::new(),
        context_window: None,
        max_output_tokens: None,
        params: Metadata::parse("{}").expect("JSON"),
        input_price: None,
        output_price: None,
        cached_input_price: None,
        created_at: Timestamp::MIN,
        updated_at: Timestamp::MIN,
    }
}

fn policy(owner: Option<&str>, kind: PolicyKind, config: &str) -> ProviderPolicy {
    ProviderPolicy {
        public_id: "p".to_owned(),
        provider: owner.map(str::to_owned),
        name: format!("{}-{}", owner.unwrap_or("app"), kind.name()),
        kind,
        config: Metadata::parse(config).expect("JSON"),
        enabled: true,
        version: 1,
        created_at: Timestamp::MIN,
        updated_at: Timestamp::MIN,
    }
}

fn default(purpose: &str, provider: &str, model: &str) -> ModelDefault {
    ModelDefault {
        purpose: purpose.to_owned(),
        provider: provider.to_owned(),
        model: model.to_owned(),
        updated_at: Timestamp::MIN,
    }
}

/// Creates a snapshot from providers with models, as the database orders them.
fn snapshot(
    providers: Vec<(Provider, Vec<Model>)>,
    policies: Vec<ProviderPolicy>,
    defaults: Vec<ModelDefault>,
) -> ProviderSnapshot {
    let mut providers: Vec<_> = providers
        .into_iter()
        .map(|(provider, models)| ProviderWithModels { provider, models })
        .collect();
    providers.sort_by_key(|entry| {
        (std::cmp::Reverse(entry.provider.priority), entry.provider.name.clone())
    });
    ProviderSnapshot {
        revision: 1,
        providers: providers.into(),
        defaults: defaults.into(),
        policies: policies.into(),
    }
}

/// Requests to a model: all, failures, cancelled ones, seconds since the last failure, and the
/// median latency.
#[derive(Clone, Copy, Default)]
struct Requests {
    all: i64,
    failures: i64,
    cancelled: i64,
    failed_ago: i64,
    latency: Option<i64>,
}

/// Returns the health of models in a window.
fn health(minutes: i64, models: &[(&str, &str, Requests)]) -> RoutingHealth {
    let mut providers: Vec<ProviderHealth> = Vec::new();
    for (provider, model, requests) in models {
        let last_failure_at = (requests.failures > 0).then(|| ago(requests.failed_ago));
        let of_model = ModelHealth {
            model: (*model).to_owned(),
            requests: requests.all,
            failures: requests.failures,
            cancelled: requests.cancelled,
            failures_per_thousand: None,
            average_latency_ms: requests.latency,
            median_latency_ms: requests.latency,
            p95_latency_ms: None,
            average_ttft_ms: None,
            last_request_at: ago(0),
            last_failure_at,
        };
        match providers.iter_mut().find(|health| health.provider == *provider) {
            Some(health) => {
                health.requests += requests.all;
                health.failures += requests.failures;
                health.cancelled += requests.cancelled;
                health.last_failure_at = health.last_failure_at.max(last_failure_at);
                health.models.push(of_model);
            }
            None => providers.push(ProviderHealth {
                provider: (*provider).to_owned(),
                requests: requests.all,
                failures: requests.failures,
                cancelled: requests.cancelled,
                failures_per_thousand: None,
                average_latency_ms: requests.latency,
                median_latency_ms: requests.latency,
                p95_latency_ms: None,
                average_ttft_ms: None,
                last_request_at: ago(0),
                last_failure_at,
                models: vec![of_model],
            }),
        }
    }
    RoutingHealth::new(BTreeMap::from([(minutes, providers)]))
}

/// Returns the candidates as `provider/model`.
fn names(choice: &ModelChoice) -> Vec<String> {
    let name = |candidate: &ModelCandidate| format!("{}/{}", candidate.provider, candidate.model);
    choice.candidates.iter().map(name).collect()
}

/// Returns the reason for which a model was rejected.
fn rejected(choice: &ModelChoice, provider: &str, model: &str) -> Option<RejectionReason> {
    let found = choice.rejected.iter().find(|rejected| {
        rejected.provider.as_deref() == Some(provider) && rejected.model.as_deref() == Some(model)
    });
    found.map(|rejected| rejected.reason)
}
