//! Policies to store, and the records that callers receive.

use serde::Serialize;

use super::config::{PolicyConfig, wrong_fallback};
use crate::described::Record;
use crate::error::{Error, Result};
use crate::provider::check_provider_name;
use crate::value::{Metadata, Timestamp, check_bytes, check_nonempty_name};

/// Maximum length of a name, in characters.
const MAX_NAME: usize = 100;
/// Maximum size of a configuration, in bytes. All of them are kept in memory.
const MAX_CONFIG: u64 = 65_536;

/// The kind of a policy, which determines the fields of its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[record(argument)]
pub enum PolicyKind {
    /// Leaves out models whose requests fail: `failure_percent` (1–100, by default 50),
    /// `min_requests` (by default 10), `window_minutes` (1–60, by default 5) and `open_seconds`
    /// (1–3,600, by default 60).
    CircuitBreaker,
    /// The providers that follow a first one: `providers`, a list of names in order.
    Fallback,
    /// The order of candidates: `strategy`, one of `priority`, `weight`, `latency` and `cost`.
    LoadBalance,
}

impl PolicyKind {
    const ALL: [Self; 3] = [Self::CircuitBreaker, Self::Fallback, Self::LoadBalance];

    /// Returns the stable name: `circuit_breaker`, `fallback` or `load_balance`.
    pub fn name(self) -> &'static str {
        match self {
            Self::CircuitBreaker => "circuit_breaker",
            Self::Fallback => "fallback",
            Self::LoadBalance => "load_balance",
        }
    }

    /// Parses a stored kind.
    pub(super) fn from_stored(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| Error::internal(format!("{name:?} is not a kind of a policy")))
    }
}

/// A policy to store.
///
/// ```
/// use chatkeep_core::{Metadata, NewPolicy, PolicyKind};
///
/// let config = Metadata::parse(r#"{"failure_percent": 120}"#)?;
/// let new = NewPolicy {
///     config: Some(config),
///     ..NewPolicy::new("breaker", PolicyKind::CircuitBreaker)
/// };
/// assert_eq!(new.check().unwrap_err().field(), Some("config.failure_percent"));
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewPolicy {
    /// Name of the policy, 1–100 characters. It is unique among those of the same owner.
    pub name: String,
    /// Kind of the policy.
    pub kind: PolicyKind,
    /// Configuration, with the fields of the kind. Omitted fields have their defaults.
    pub config: Option<Metadata>,
    /// Name of the provider to which the policy belongs. By default, it belongs to the application.
    pub provider: Option<String>,
    /// Whether the policy is used. An owner has at most one enabled policy of each kind.
    #[record(default = true)]
    pub enabled: bool,
}

impl NewPolicy {
    /// Creates an enabled policy of the application, with the default configuration.
    pub fn new(name: impl Into<String>, kind: PolicyKind) -> Self {
        Self { name: name.into(), kind, config: None, provider: None, enabled: true }
    }

    /// Validates the values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field, such as `config.failure_percent`.
    pub fn check(&self) -> Result<()> {
        self.checked_config().map(drop)
    }

    /// Validates the values, and returns the configuration with its defaults.
    pub(super) fn checked_config(&self) -> Result<PolicyConfig> {
        check_policy_name(&self.name)?;
        self.provider.as_deref().map_or(Ok(()), |name| check_provider_name("provider", name))?;
        let config = match &self.config {
            Some(config) => {
                check_bytes("config", config.as_json(), MAX_CONFIG)?;
                PolicyConfig::check(self.kind, config)?
            }
            None => PolicyConfig::check(self.kind, &Metadata::parse("{}")?)?,
        };
        match &self.provider {
            Some(own) if config.providers().contains(own) => {
                Err(wrong_fallback(own, "which is the provider of the policy"))
            }
            _ => Ok(config),
        }
    }
}

/// Validates the name of a policy.
///
/// # Errors
/// `InvalidInput` with the field `name`.
pub fn check_policy_name(name: &str) -> Result<()> {
    check_nonempty_name("name", name, MAX_NAME)
}

/// A policy by which models are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct ProviderPolicy {
    /// Id to use outside of the backend. It stays the same in copies of the database.
    pub public_id: String,
    /// Name of the provider to which the policy belongs. `None` for one of the application.
    pub provider: Option<String>,
    /// Name of the policy, unique among those of the same owner.
    pub name: String,
    /// Kind of the policy.
    pub kind: PolicyKind,
    /// Configuration, with all fields of the kind.
    pub config: Metadata,
    /// Whether the policy is used.
    pub enabled: bool,
    /// Number of the last change, which `put_policy` takes as `expected_version`. It starts with 1.
    pub version: i64,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// A page of policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct PolicyPage {
    /// The policies, newest first.
    pub policies: Vec<ProviderPolicy>,
    /// The `cursor` of the next page. `None` means that this is the last one.
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_policies_name_their_field() {
        let breaker = |name: &str| NewPolicy::new(name, PolicyKind::CircuitBreaker);
        let own = NewPolicy {
            provider: Some("a".into()),
            config: Some(Metadata::parse(r#"{"providers": ["b", "a"]}"#).expect("JSON")),
            ..NewPolicy::new("p", PolicyKind::Fallback)
        };
        let large = Metadata::parse(&format!(r#"{{"a": "{}"}}"#, "x".repeat(65_536)));
        for (new, field) in [
            (breaker(""), "name"),
            (breaker("a\0"), "name"),
            (breaker(&"é".repeat(101)), "name"),
            (NewPolicy { provider: Some("A".into()), ..breaker("p") }, "provider"),
            (NewPolicy { config: Some(large.expect("JSON")), ..breaker("p") }, "config"),
            (own, "config.providers"),
        ] {
            assert_eq!(new.check().expect_err("it is invalid").field(), Some(field));
        }
        assert!(breaker(&"é".repeat(100)).check().is_ok());
        for kind in PolicyKind::ALL {
            assert_eq!(PolicyKind::from_stored(kind.name()).expect("it is known"), kind);
        }
        assert!(PolicyKind::from_stored("later").is_err());
    }
}
