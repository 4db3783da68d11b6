//! The enabled policies by owner and kind.

use std::collections::{BTreeSet, HashMap};

use super::super::policy::{CircuitBreaker, PolicyConfig, ProviderPolicy, Strategy};
use crate::error::{Error, Result};

/// Window of the latencies by which candidates are ordered, in minutes.
pub(super) const LATENCY_MINUTES: i64 = 5;

/// The rules of the application and of providers.
#[derive(Debug, Default)]
pub(super) struct Rules<'a> {
    application: OwnerRules<'a>,
    providers: HashMap<&'a str, OwnerRules<'a>>,
}

#[derive(Debug, Default)]
struct OwnerRules<'a> {
    breaker: Option<CircuitBreaker>,
    fallback: Option<FallbackRule<'a>>,
    strategy: Option<Strategy>,
}

/// A fallback, and the name of its policy.
#[derive(Debug)]
pub(super) struct FallbackRule<'a> {
    pub(super) policy: &'a str,
    pub(super) providers: Vec<String>,
}

impl<'a> Rules<'a> {
    /// Reads the enabled policies. If another program stored several of a kind, the first is used.
    pub(super) fn of(policies: &'a [ProviderPolicy]) -> Result<Self> {
        let mut rules = Self::default();
        for policy in policies.iter().filter(|policy| policy.enabled) {
            let config =
                PolicyConfig::from_stored(policy.kind, &policy.config).map_err(|error| {
                    let message = format!("policy {:?}: {}", policy.name, error.message());
                    Error::new(error.kind(), message)
                })?;
            let owner = match &policy.provider {
                None => &mut rules.application,
                Some(provider) => rules.providers.entry(provider).or_default(),
            };
            owner.add(&policy.name, config);
        }
        Ok(rules)
    }

    /// Returns the rule of a provider, or else the one of the application.
    fn rule<T>(
        &self,
        provider: &str,
        kind: impl for<'r> Fn(&'r OwnerRules<'a>) -> Option<&'r T>,
    ) -> Option<&T> {
        self.providers.get(provider).and_then(&kind).or_else(|| kind(&self.application))
    }

    pub(super) fn breaker(&self, provider: &str) -> Option<CircuitBreaker> {
        self.rule(provider, |rules| rules.breaker.as_ref()).copied()
    }

    pub(super) fn fallback(&self, provider: &str) -> Option<&FallbackRule<'a>> {
        self.rule(provider, |rules| rules.fallback.as_ref())
    }

    /// Returns the order of all candidates.
    pub(super) fn strategy(&self) -> Strategy {
        self.application.strategy.unwrap_or(Strategy::Priority)
    }

    /// Returns the order of a provider's models among themselves, if it has a policy of its own.
    pub(super) fn own_strategies(&self) -> impl Iterator<Item = (&'a str, Strategy)> {
        self.providers.iter().filter_map(|(name, rules)| Some((*name, rules.strategy?)))
    }

    /// Returns the windows whose health is needed, in minutes.
    pub(super) fn windows(&self) -> BTreeSet<i64> {
        let owners = || self.providers.values().chain([&self.application]);
        let breakers = owners().filter_map(|rules| Some(rules.breaker?.window_minutes));
        let latencies = owners().filter_map(|rules| {
            (rules.strategy == Some(Strategy::Latency)).then_some(LATENCY_MINUTES)
        });
        breakers.chain(latencies).collect()
    }
}

impl<'a> OwnerRules<'a> {
    fn add(&mut self, policy: &'a str, config: PolicyConfig) {
        match config {
            PolicyConfig::CircuitBreaker(breaker) => {
                self.breaker.get_or_insert(breaker);
            }
            PolicyConfig::Fallback(fallback) => {
                let providers = fallback.providers;
                self.fallback.get_or_insert(FallbackRule { policy, providers });
            }
            PolicyConfig::LoadBalance(strategy) => {
                self.strategy.get_or_insert(strategy);
            }
        }
    }
}
