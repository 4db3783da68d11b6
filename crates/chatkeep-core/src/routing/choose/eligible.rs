//! Which models meet the needs of a request.

use super::breaker::{Circuit, circuit};
use super::health::RoutingHealth;
use super::record::{RejectedModel, RejectionReason};
use super::request::ChooseRequest;
use super::rules::Rules;
use crate::provider::{Model, Provider, ProviderSnapshot};
use crate::value::Timestamp;

/// A model that meets the needs.
#[derive(Debug, Clone)]
pub(super) struct Eligible<'a> {
    pub(super) provider: &'a Provider,
    pub(super) model: &'a Model,
    /// The reason for another attempt, if many requests failed.
    pub(super) half_open: Option<String>,
}

/// Separates the models that meet the needs from the others.
pub(super) fn select<'a>(
    snapshot: &'a ProviderSnapshot,
    rules: &Rules<'_>,
    health: &RoutingHealth,
    request: &ChooseRequest,
    now: Timestamp,
) -> (Vec<Eligible<'a>>, Vec<RejectedModel>) {
    let (mut eligible, mut rejected) = (Vec::new(), Vec::new());
    for entry in snapshot.providers.iter() {
        let provider = &entry.provider;
        if entry.models.is_empty() {
            let explanation = "the provider has no models".to_owned();
            rejected.push(RejectedModel {
                provider: Some(provider.name.clone()),
                model: None,
                reason: RejectionReason::NoModels,
                explanation,
            });
        }
        for model in &entry.models {
            let state = problem(provider, model, request)
                .map_or_else(|| state_of_circuit(provider, model, rules, health, now), Err);
            match state {
                Ok(half_open) => eligible.push(Eligible { provider, model, half_open }),
                Err((reason, explanation)) => {
                    rejected.push(rejection(provider, model, reason, explanation));
                }
            }
        }
    }
    (eligible, rejected)
}

/// Returns the rejection of a model.
pub(super) fn rejection(
    provider: &Provider,
    model: &Model,
    reason: RejectionReason,
    explanation: String,
) -> RejectedModel {
    RejectedModel {
        provider: Some(provider.name.clone()),
        model: Some(model.name.clone()),
        reason,
        explanation,
    }
}

type Problem = (RejectionReason, String);

/// Returns the first need that a model does not meet.
fn problem(provider: &Provider, model: &Model, request: &ChooseRequest) -> Option<Problem> {
    if !provider.enabled {
        return Some((RejectionReason::ProviderDisabled, "the provider is disabled".to_owned()));
    }
    if !model.enabled {
        return Some((RejectionReason::ModelDisabled, "the model is disabled".to_owned()));
    }
    let has = |name| model.capabilities.contains(name) || provider.capabilities.contains(name);
    let missing = request.capabilities().iter().filter(|name| !has(*name));
    let missing: Vec<_> = missing.map(String::as_str).collect();
    if !missing.is_empty() {
        let explanation = format!("lacks {}", missing.join(", "));
        return Some((RejectionReason::MissingCapability, explanation));
    }
    if let Some(needed) = request.min_context_window
        && model.context_window.is_none_or(|window| window < needed)
    {
        let explanation = match model.context_window {
            Some(window) => format!("its context window has {window} tokens, not {needed}"),
            None => format!("its context window is not known; {needed} tokens are needed"),
        };
        return Some((RejectionReason::ContextWindow, explanation));
    }
    let is_tried = request.attempts().any(|attempt| attempt.includes(&provider.name, &model.name));
    is_tried.then(|| (RejectionReason::Tried, "was tried in this request".to_owned()))
}

/// Returns the reason for another attempt, if there is one. The error is that the circuit is open.
fn state_of_circuit(
    provider: &Provider,
    model: &Model,
    rules: &Rules<'_>,
    health: &RoutingHealth,
    now: Timestamp,
) -> Result<Option<String>, Problem> {
    let Some(breaker) = rules.breaker(&provider.name) else { return Ok(None) };
    match circuit(breaker, health, &provider.name, &model.name, now) {
        Circuit::Closed => Ok(None),
        Circuit::HalfOpen(reason) => Ok(Some(reason)),
        Circuit::Open(reason) => Err((RejectionReason::CircuitOpen, reason)),
    }
}

/// Returns a rejection if the preferred provider or model does not exist.
pub(super) fn unknown_preference(
    snapshot: &ProviderSnapshot,
    request: &ChooseRequest,
) -> Option<RejectedModel> {
    let (provider, model) = (&request.preferred_provider, &request.preferred_model);
    if provider.is_none() && model.is_none() {
        return None;
    }
    let found = provider.as_deref().map(|name| snapshot.provider(name));
    let explanation = match (found, model) {
        (Some(None), _) => "no provider has this name".to_owned(),
        (Some(Some(entry)), Some(name)) => {
            if entry.models.iter().any(|model| model.name == *name) {
                return None;
            }
            "the provider has no model with this name".to_owned()
        }
        (None, Some(name)) => {
            let mut models = snapshot.providers.iter().flat_map(|entry| &entry.models);
            if models.any(|model| model.name == *name) {
                return None;
            }
            "no provider has a model with this name".to_owned()
        }
        (_, None) => return None,
    };
    Some(RejectedModel {
        provider: provider.clone(),
        model: model.clone(),
        reason: RejectionReason::Unknown,
        explanation,
    })
}
