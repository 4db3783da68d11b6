//! Checked configurations of policies.

use serde_json::{Map, Value, json};

use super::fields::{Fields, invalid};
use super::record::PolicyKind;
use crate::error::{Error, ErrorKind, Result};
use crate::provider::check_provider_name;
use crate::value::Metadata;

/// Maximum number of providers of a fallback.
const MAX_PROVIDERS: usize = 100;
const STRATEGIES: &[(&str, Strategy)] = &[
    ("priority", Strategy::Priority),
    ("weight", Strategy::Weight),
    ("latency", Strategy::Latency),
    ("cost", Strategy::Cost),
];

/// When a provider or a model is left out because its requests fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::routing) struct CircuitBreaker {
    /// Percentage of failed requests from which the circuit is open.
    pub(in crate::routing) failure_percent: i64,
    /// Minimum number of requests in the window.
    pub(in crate::routing) min_requests: i64,
    /// Length of the window.
    pub(in crate::routing) window_minutes: i64,
    /// Time after the last failure from which the model may be tried again.
    pub(in crate::routing) open_seconds: i64,
}

/// The providers that follow a first one, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::routing) struct Fallback {
    pub(in crate::routing) providers: Vec<String>,
}

/// The order of candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::routing) enum Strategy {
    Priority,
    Weight,
    Latency,
    Cost,
}

/// The configuration of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::routing) enum PolicyConfig {
    CircuitBreaker(CircuitBreaker),
    Fallback(Fallback),
    LoadBalance(Strategy),
}

impl PolicyConfig {
    /// Validates a configuration that a caller gives.
    ///
    /// # Errors
    /// `InvalidInput` with the field `config`, or `config.` and the name of the invalid field.
    pub(super) fn check(kind: PolicyKind, config: &Metadata) -> Result<Self> {
        let mut fields = Fields::of(config);
        let checked = Self::read(kind, &mut fields)?;
        fields.refuse_others()?;
        Ok(checked)
    }

    /// Reads a stored configuration. Fields of a later version are ignored.
    ///
    /// # Errors
    /// `Corrupt` if another program stored an invalid configuration.
    pub(in crate::routing) fn from_stored(kind: PolicyKind, config: &Metadata) -> Result<Self> {
        Self::read(kind, &mut Fields::of(config)).map_err(|error| {
            let field = error.field().unwrap_or("config");
            Error::new(ErrorKind::Corrupt, format!("{field} {}", error.message()))
        })
    }

    fn read(kind: PolicyKind, fields: &mut Fields) -> Result<Self> {
        Ok(match kind {
            PolicyKind::CircuitBreaker => Self::CircuitBreaker(CircuitBreaker {
                failure_percent: fields.integer("failure_percent", 1..=100, 50)?,
                min_requests: fields.integer("min_requests", 1..=1_000_000, 10)?,
                window_minutes: fields.integer("window_minutes", 1..=60, 5)?,
                open_seconds: fields.integer("open_seconds", 1..=3_600, 60)?,
            }),
            PolicyKind::Fallback => {
                let providers = fields.texts("providers")?;
                check_providers(&providers)?;
                Self::Fallback(Fallback { providers })
            }
            PolicyKind::LoadBalance => Self::LoadBalance(fields.one_of("strategy", STRATEGIES)?),
        })
    }

    /// Returns the configuration with all fields, as it is stored.
    pub(super) fn to_metadata(&self) -> Result<Metadata> {
        let fields: Map<String, Value> = match self {
            Self::CircuitBreaker(breaker) => [
                ("failure_percent", breaker.failure_percent),
                ("min_requests", breaker.min_requests),
                ("window_minutes", breaker.window_minutes),
                ("open_seconds", breaker.open_seconds),
            ]
            .into_iter()
            .map(|(name, number)| (name.to_owned(), number.into()))
            .collect(),
            Self::Fallback(fallback) => {
                [("providers".to_owned(), json!(fallback.providers))].into_iter().collect()
            }
            Self::LoadBalance(strategy) => {
                let found = STRATEGIES.iter().find(|(_, other)| other == strategy);
                let name = found.map(|(name, _)| *name).unwrap_or_default();
                [("strategy".to_owned(), name.into())].into_iter().collect()
            }
        };
        Metadata::from_map(fields)
    }

    /// Returns the names of the providers that must exist.
    pub(super) fn providers(&self) -> &[String] {
        match self {
            Self::Fallback(fallback) => &fallback.providers,
            Self::CircuitBreaker(_) | Self::LoadBalance(_) => &[],
        }
    }
}

fn check_providers(providers: &[String]) -> Result<()> {
    const FIELD: &str = "providers";
    if providers.len() > MAX_PROVIDERS {
        let message = format!("has more than {MAX_PROVIDERS} providers");
        return Err(invalid(FIELD, message));
    }
    for (index, name) in providers.iter().enumerate() {
        check_provider_name("provider", name)
            .map_err(|error| error.with_field(format!("config.{FIELD}[{index}]")))?;
        if providers[..index].contains(name) {
            return Err(invalid(FIELD, format!("contains {name:?} twice")));
        }
    }
    Ok(())
}

/// Returns the error about a provider of a fallback that does not exist, or is the policy's own.
pub(super) fn wrong_fallback(name: &str, problem: &str) -> Error {
    invalid("providers", format!("contains {name:?}, {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: PolicyKind, config: &str) -> Result<PolicyConfig> {
        PolicyConfig::check(kind, &Metadata::parse(config).expect("a JSON object"))
    }

    #[test]
    fn defaults_are_filled_in_and_stored_in_canonical_form() {
        for (kind, config, stored) in [
            (
                PolicyKind::CircuitBreaker,
                "{}",
                r#"{"failure_percent":50,"min_requests":10,"open_seconds":60,"window_minutes":5}"#,
            ),
            (
                PolicyKind::CircuitBreaker,
                r#"{"window_minutes": 60, "open_seconds": 1, "failure_percent": 100}"#,
                r#"{"failure_percent":100,"min_requests":10,"open_seconds":1,"window_minutes":60}"#,
            ),
            (PolicyKind::Fallback, r#"{"providers": []}"#, r#"{"providers":[]}"#),
            (PolicyKind::Fallback, r#"{"providers": ["b", "a"]}"#, r#"{"providers":["b","a"]}"#),
            (PolicyKind::LoadBalance, r#"{"strategy": "cost"}"#, r#"{"strategy":"cost"}"#),
        ] {
            let checked = check(kind, config).expect("it is valid");
            let metadata = checked.to_metadata().expect("it is JSON");
            assert_eq!(metadata.as_json(), stored);
            assert_eq!(PolicyConfig::from_stored(kind, &metadata).expect("it is valid"), checked);
        }
    }

    #[test]
    fn invalid_configurations_name_their_field() {
        let many = format!(
            r#"{{"providers": [{}]}}"#,
            (0..=MAX_PROVIDERS)
                .map(|number| format!("\"p{number}\""))
                .collect::<Vec<_>>()
                .join(",")
        );
        let breaker = PolicyKind::CircuitBreaker;
        for (kind, config, field) in [
            (breaker, r#"{"failure_percent": 0}"#, "config.failure_percent"),
            (breaker, r#"{"failure_percent": 101}"#, "config.failure_percent"),
            (breaker, r#"{"failure_percent": "50"}"#, "config.failure_percent"),
            (breaker, r#"{"failure_percent": 50.5}"#, "config.failure_percent"),
            (breaker, r#"{"failure_percent": null}"#, "config.failure_percent"),
            (breaker, r#"{"min_requests": 0}"#, "config.min_requests"),
            (breaker, r#"{"min_requests": 18446744073709551615}"#, "config.min_requests"),
            (breaker, r#"{"window_minutes": 61}"#, "config.window_minutes"),
            (breaker, r#"{"window_minutes": -5}"#, "config.window_minutes"),
            (breaker, r#"{"open_seconds": 3601}"#, "config.open_seconds"),
            (breaker, r#"{"open_seconds": [1]}"#, "config.open_seconds"),
            (breaker, r#"{"failurePercent": 50}"#, "config"),
            (breaker, r#"{"providers": []}"#, "config"),
            (PolicyKind::Fallback, "{}", "config.providers"),
            (PolicyKind::Fallback, r#"{"providers": "a"}"#, "config.providers"),
            (PolicyKind::Fallback, r#"{"providers": [1]}"#, "config.providers"),
            (PolicyKind::Fallback, r#"{"providers": ["a", "a"]}"#, "config.providers"),
            (PolicyKind::Fallback, r#"{"providers": ["a", "A"]}"#, "config.providers[1]"),
            (PolicyKind::Fallback, &many, "config.providers"),
            (PolicyKind::LoadBalance, "{}", "config.strategy"),
            (PolicyKind::LoadBalance, r#"{"strategy": "random"}"#, "config.strategy"),
            (PolicyKind::LoadBalance, r#"{"strategy": 1}"#, "config.strategy"),
        ] {
            let error = check(kind, config).expect_err(config);
            assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some(field)));
            assert!(error.message().len() < 300, "{error}");
        }
    }

    #[test]
    fn stored_fields_of_a_later_version_are_ignored_and_invalid_ones_are_corrupt() {
        let read = |config: &str| {
            let config = Metadata::parse(config).expect("a JSON object");
            PolicyConfig::from_stored(PolicyKind::LoadBalance, &config)
        };
        let later = read(r#"{"strategy": "weight", "later": 1}"#).expect("it is valid");
        assert_eq!(later, PolicyConfig::LoadBalance(Strategy::Weight));
        let error = read(r#"{"strategy": "later"}"#).expect_err("it is unknown");
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.message().starts_with("config.strategy must be one of"), "{error}");
    }
}
