//! Circuit breakers: models whose requests fail are left out for some time.

use super::super::health::{ModelHealth, ProviderHealth};
use super::super::policy::CircuitBreaker;
use super::health::RoutingHealth;
use crate::value::Timestamp;

/// The state of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Circuit {
    /// Few requests failed.
    Closed,
    /// The model is left out, for this reason.
    Open(String),
    /// The model may be tried again, for this reason.
    HalfOpen(String),
}

/// The requests of a model or a provider in the window.
#[derive(Debug, Clone, Copy)]
struct Figures {
    subject: &'static str,
    requests: i64,
    failures: i64,
    last_failure_at: Timestamp,
}

impl Figures {
    fn of_model(health: &ModelHealth) -> Self {
        Self {
            subject: "model",
            requests: health.requests - health.cancelled,
            failures: health.failures,
            last_failure_at: health.last_failure_at.unwrap_or(health.last_request_at),
        }
    }

    fn of_provider(health: &ProviderHealth) -> Self {
        Self {
            subject: "provider",
            requests: health.requests - health.cancelled,
            failures: health.failures,
            last_failure_at: health.last_failure_at.unwrap_or(health.last_request_at),
        }
    }
}

/// Returns the state of a model.
///
/// A model with enough requests is judged by them, so another model of its provider that fails does
/// not exclude it. A model with fewer requests is judged by all requests to its provider. The time
/// until another attempt begins at the last failure: a request that succeeds is no reason to wait.
pub(super) fn circuit(
    breaker: CircuitBreaker,
    health: &RoutingHealth,
    provider: &str,
    model: &str,
    now: Timestamp,
) -> Circuit {
    let Some((of_provider, of_model)) = health.find(breaker.window_minutes, provider, model) else {
        return Circuit::Closed;
    };
    let own = of_model.map(Figures::of_model);
    let figures = own
        .filter(|figures| figures.requests >= breaker.min_requests)
        .unwrap_or_else(|| Figures::of_provider(of_provider));
    let limit = i128::from(breaker.failure_percent) * i128::from(figures.requests);
    if figures.requests < breaker.min_requests || i128::from(figures.failures) * 100 < limit {
        return Circuit::Closed;
    }
    let micros = now.as_microsecond().saturating_sub(figures.last_failure_at.as_microsecond());
    let seconds = micros.max(0) / 1_000_000;
    let text = format!(
        "{} of {} requests to the {} failed in {}; the last failure was {seconds} s ago",
        figures.failures,
        figures.requests,
        figures.subject,
        minutes(breaker.window_minutes),
    );
    if seconds < breaker.open_seconds {
        return Circuit::Open(format!("{text}, less than {} s", breaker.open_seconds));
    }
    Circuit::HalfOpen(format!("may be tried again: {text}"))
}

/// Returns the text of a number of minutes.
pub(super) fn minutes(number: i64) -> String {
    format!("{number} minute{}", if number == 1 { "" } else { "s" })
}
