//! The health of providers in several windows.

use std::collections::{BTreeMap, BTreeSet};

use super::super::health::{ModelHealth, ProviderHealth};

/// The health of providers by the length of the window, in minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoutingHealth(BTreeMap<i64, Vec<ProviderHealth>>);

impl RoutingHealth {
    /// Creates it from the health in each window.
    pub fn new(windows: BTreeMap<i64, Vec<ProviderHealth>>) -> Self {
        Self(windows)
    }

    /// Returns whether it has all these windows.
    pub fn has(&self, windows: &BTreeSet<i64>) -> bool {
        windows.iter().all(|minutes| self.0.contains_key(minutes))
    }

    /// Returns the health of a provider and one of its models, if there were requests.
    pub(super) fn find(
        &self,
        minutes: i64,
        provider: &str,
        model: &str,
    ) -> Option<(&ProviderHealth, Option<&ModelHealth>)> {
        let providers = self.0.get(&minutes)?;
        let found = providers.iter().find(|health| health.provider == provider)?;
        Some((found, found.models.iter().find(|health| health.model == model)))
    }
}
