//! Providers, policies and health in memory.

use std::sync::Arc;

use chatkeep_core::policies::{choose, needed_windows, random_seed};
use chatkeep_core::{ChooseRequest, ModelChoice, ProviderSnapshot, Result, Timestamp, providers};
use chatkeep_pool::Pool;

use super::health_cache::HealthCache;
use crate::snapshot::Snapshot;

/// The data of choices, shared by the clones of a manager.
pub(super) struct Chooser {
    providers: Arc<Snapshot<ProviderSnapshot>>,
    health: HealthCache,
}

impl Chooser {
    pub(super) fn new(providers: &Arc<Snapshot<ProviderSnapshot>>) -> Self {
        Self { providers: Arc::clone(providers), health: HealthCache::new() }
    }

    /// Chooses models for a valid request.
    pub(super) fn choose(&self, pool: &Pool, request: &ChooseRequest) -> Result<ModelChoice> {
        let snapshot = self.providers.get(pool, providers::snapshot)?;
        let health = self.health.get(pool, &needed_windows(&snapshot)?)?;
        if request.seed.is_some() {
            return choose(&snapshot, &health, request, Timestamp::now());
        }
        let request = ChooseRequest { seed: Some(random_seed()?), ..request.clone() };
        choose(&snapshot, &health, &request, Timestamp::now())
    }

    /// Makes the next choice read the policies again, after a change by this process.
    pub(super) fn forget_policies(&self) {
        self.providers.forget();
    }

    /// Makes the next choices ask for the health sooner, after a request that failed was recorded.
    pub(super) fn note_failure(&self) {
        self.health.note_failure();
    }
}
