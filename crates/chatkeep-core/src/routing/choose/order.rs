//! The order of candidates.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::super::policy::Strategy;
use super::breaker::minutes;
use super::eligible::Eligible;
use super::health::RoutingHealth;
use super::record::ModelCandidate;
use super::request::ChooseRequest;
use super::rules::{LATENCY_MINUTES, Rules};
use super::weighted;
use crate::provider::ProviderSnapshot;
use crate::value::TotalCost;

/// A latency for which no bound is known, because the median exceeds the last one.
const BEYOND_BOUNDS: i128 = 60_001;

/// A candidate with the reasons for its position.
#[derive(Debug, Clone)]
pub(super) struct Ordered<'a> {
    pub(super) eligible: Eligible<'a>,
    pub(super) reasons: Vec<String>,
}

impl Ordered<'_> {
    pub(super) fn into_candidate(self) -> ModelCandidate {
        let Eligible { provider, model, half_open } = self.eligible;
        let is_half_open = half_open.is_some();
        ModelCandidate {
            provider: provider.name.clone(),
            model: model.name.clone(),
            kind: provider.kind.clone(),
            base_url: provider.base_url.clone(),
            params: model.params.clone(),
            context_window: model.context_window,
            max_output_tokens: model.max_output_tokens,
            input_price: model.input_price,
            output_price: model.output_price,
            cached_input_price: model.cached_input_price,
            half_open: is_half_open,
            reasons: half_open.into_iter().chain(self.reasons).collect(),
        }
    }
}

/// The values by which candidates are ordered. No two candidates have the same.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    /// Latency or cost.
    measure: i128,
    priority: Reverse<i32>,
    /// Position by weight.
    share: u64,
    provider: &'a str,
    model: &'a str,
}

/// Orders candidates: the preferred ones, the default model, and the others by the strategy. Those
/// that are tried again after many failures are last.
pub(super) fn order<'a>(
    eligible: Vec<Eligible<'a>>,
    snapshot: &ProviderSnapshot,
    rules: &Rules<'_>,
    health: &RoutingHealth,
    request: &ChooseRequest,
) -> Vec<Ordered<'a>> {
    let mut context = Context::new(&eligible, rules.strategy(), health, request);
    let mut sorted = eligible;
    sorted.sort_by_cached_key(|candidate| context.key(candidate));
    let mut reasons: Vec<_> = sorted.iter().map(|candidate| context.reason(candidate)).collect();
    for (name, strategy) in rules.own_strategies() {
        context.strategy = strategy;
        let slots: Vec<_> =
            (0..sorted.len()).filter(|slot| sorted[*slot].provider.name == name).collect();
        let mut models: Vec<_> = slots.iter().map(|slot| sorted[*slot].clone()).collect();
        models.sort_by_cached_key(|candidate| context.key(candidate));
        for (slot, model) in slots.into_iter().zip(models) {
            reasons[slot] = context.reason(&model);
            sorted[slot] = model;
        }
    }
    let default = request
        .purpose
        .as_ref()
        .and_then(|purpose| snapshot.defaults.iter().find(|default| default.purpose == *purpose));
    let mut ordered = Vec::with_capacity(sorted.len());
    for (eligible, reason) in sorted.into_iter().zip(reasons) {
        let (provider, model) = (&eligible.provider.name, &eligible.model.name);
        let is_preferred = request.prefers(provider, model);
        let default =
            default.filter(|default| default.provider == *provider && default.model == *model);
        let reasons = is_preferred.then(|| "preferred by the request".to_owned());
        let of_default =
            default.map(|default| format!("the default model for {:?}", default.purpose));
        let reasons = reasons.into_iter().chain(of_default).chain([reason]).collect();
        let tier = (eligible.half_open.is_some(), !is_preferred, default.is_none());
        ordered.push((tier, Ordered { eligible, reasons }));
    }
    ordered.sort_by_key(|(tier, _)| *tier);
    ordered.into_iter().map(|(_, candidate)| candidate).collect()
}

/// The values that a strategy compares.
struct Context<'h> {
    strategy: Strategy,
    health: &'h RoutingHealth,
    seed: i64,
    /// Sums of the weights of providers by priority.
    weights: HashMap<i32, i64>,
}

impl<'h> Context<'h> {
    fn new(
        eligible: &[Eligible<'_>],
        strategy: Strategy,
        health: &'h RoutingHealth,
        request: &ChooseRequest,
    ) -> Self {
        let mut weights: HashMap<i32, i64> = HashMap::new();
        let mut last = None;
        // The models of a provider follow each other.
        for provider in eligible.iter().map(|candidate| candidate.provider) {
            if last != Some(&provider.name) {
                *weights.entry(provider.priority).or_default() += i64::from(provider.weight);
            }
            last = Some(&provider.name);
        }
        Self { strategy, health, seed: request.seed.unwrap_or_default(), weights }
    }

    fn key<'a>(&self, candidate: &Eligible<'a>) -> Key<'a> {
        let Eligible { provider, model, .. } = candidate;
        let measure = match self.strategy {
            Strategy::Priority | Strategy::Weight => 0,
            Strategy::Latency => self.latency(candidate).unwrap_or(i128::MAX),
            Strategy::Cost => cost(candidate).map_or(i128::MAX, TotalCost::nano_dollars),
        };
        let priority = if self.strategy == Strategy::Weight { 0 } else { provider.priority };
        Key {
            measure,
            priority: Reverse(priority),
            share: weighted::position(self.seed, &provider.name, provider.weight),
            provider: &provider.name,
            model: &model.name,
        }
    }

    /// Returns the upper bound of the median latency, in milliseconds.
    fn latency(&self, candidate: &Eligible<'_>) -> Option<i128> {
        let (provider, model) = (&candidate.provider.name, &candidate.model.name);
        let (_, health) = self.health.find(LATENCY_MINUTES, provider, model)?;
        let health = health?;
        let is_measured = health.average_latency_ms.is_some();
        health.median_latency_ms.map(i128::from).or(is_measured.then_some(BEYOND_BOUNDS))
    }

    fn reason(&self, candidate: &Eligible<'_>) -> String {
        let provider = candidate.provider;
        match self.strategy {
            Strategy::Priority => {
                let sum = self.weights.get(&provider.priority).copied().unwrap_or_default();
                format!("priority {}, weight {} of {sum}", provider.priority, provider.weight)
            }
            Strategy::Weight => {
                let sum: i64 = self.weights.values().sum();
                format!("weight {} of {sum}", provider.weight)
            }
            Strategy::Latency => {
                let window = minutes(LATENCY_MINUTES);
                match self.latency(candidate) {
                    Some(BEYOND_BOUNDS) => {
                        format!("median latency of more than 60000 ms in {window}")
                    }
                    Some(bound) => format!("median latency of at most {bound} ms in {window}"),
                    None => format!("no latency in {window}"),
                }
            }
            Strategy::Cost => match cost(candidate) {
                Some(sum) => {
                    format!("{sum} US dollars for a million input and a million output tokens")
                }
                None => "its prices are not known".to_owned(),
            },
        }
    }
}

/// Returns the sum of the prices of input and output tokens.
fn cost(candidate: &Eligible<'_>) -> Option<TotalCost> {
    let mut sum = TotalCost::from(candidate.model.input_price?);
    sum += TotalCost::from(candidate.model.output_price?);
    Some(sum)
}
