//! Fallbacks: which providers follow the first one, and in which order.

use super::eligible::rejection;
use super::order::Ordered;
use super::record::{RejectedModel, RejectionReason};
use super::request::ChooseRequest;
use super::rules::Rules;

/// Applies the fallback policy of the first provider: the one that was tried first, or that of the
/// first candidate. Its other models precede those of the providers in the list.
pub(super) fn apply<'a>(
    ordered: Vec<Ordered<'a>>,
    rules: &Rules<'_>,
    request: &ChooseRequest,
    rejected: &mut Vec<RejectedModel>,
) -> Vec<Ordered<'a>> {
    let first = request.attempts().next().map(|attempt| attempt.provider.to_owned());
    let first = first.or_else(|| ordered.first().map(|first| first.eligible.provider.name.clone()));
    let Some(first) = first else { return ordered };
    let Some(fallback) = rules.fallback(&first) else { return ordered };
    let position = |name: &str| {
        if name == first {
            return Some(0);
        }
        fallback.providers.iter().position(|other| other == name).map(|position| position + 1)
    };
    let mut ranked = Vec::with_capacity(ordered.len());
    for mut candidate in ordered {
        let provider = candidate.eligible.provider;
        match position(&provider.name) {
            Some(rank) => {
                if rank > 0 {
                    let policy = fallback.policy;
                    candidate
                        .reasons
                        .push(format!("follows {first:?} by the fallback policy {policy:?}"));
                }
                ranked.push(((candidate.eligible.half_open.is_some(), rank), candidate));
            }
            None => {
                let explanation = format!(
                    "the fallback policy {:?} of {first:?} does not have the provider",
                    fallback.policy
                );
                rejected.push(rejection(
                    provider,
                    candidate.eligible.model,
                    RejectionReason::NotInFallback,
                    explanation,
                ));
            }
        }
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}
