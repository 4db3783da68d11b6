//! The choice of a model for a request: a pure function of the providers, their policies, their
//! health, the needs of the request, and the time.

mod breaker;
mod eligible;
mod fallback;
mod health;
mod order;
mod record;
mod request;
mod rules;
#[cfg(test)]
mod tests;
mod weighted;

use std::collections::BTreeSet;

pub use health::RoutingHealth;
pub use record::{ModelCandidate, ModelChoice, RejectedModel, RejectionReason};
pub use request::ChooseRequest;
pub use weighted::random_seed;

use self::order::Ordered;
use self::rules::Rules;
use crate::error::Result;
use crate::provider::ProviderSnapshot;
use crate::value::Timestamp;

/// Chooses models for a request, in the order in which they are to be tried.
///
/// Equal arguments have an equal result. Without a seed in the request, it is 0.
///
/// # Errors
/// `InvalidInput` with the field's name; `Corrupt` if another program stored an invalid policy.
pub fn choose(
    snapshot: &ProviderSnapshot,
    health: &RoutingHealth,
    request: &ChooseRequest,
    now: Timestamp,
) -> Result<ModelChoice> {
    request.check()?;
    let rules = Rules::of(&snapshot.policies)?;
    let (eligible, mut rejected) = eligible::select(snapshot, &rules, health, request, now);
    rejected.extend(eligible::unknown_preference(snapshot, request));
    let ordered = order::order(eligible, snapshot, &rules, health, request);
    let ordered = fallback::apply(ordered, &rules, request, &mut rejected);
    Ok(ModelChoice {
        candidates: ordered.into_iter().map(Ordered::into_candidate).collect(),
        rejected,
    })
}

/// Returns the windows, in minutes, whose health a choice needs.
///
/// # Errors
/// `Corrupt` if another program stored an invalid policy.
pub fn needed_windows(snapshot: &ProviderSnapshot) -> Result<BTreeSet<i64>> {
    Rules::of(&snapshot.policies).map(|rules| rules.windows())
}
