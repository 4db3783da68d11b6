//! The health of providers in memory, for choices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::policies::RoutingHealth;
use chatkeep_core::{Result, Timestamp, routing_requests};
use chatkeep_pool::{PerProcess, Pool};

use crate::snapshot::{Shared, wait_limit};

/// Time for which the health is used without asking the database.
const FRESH: Duration = Duration::from_millis(if cfg!(test) { 500 } else { 5_000 });
/// The same after a request of this process failed, so that the failure is noticed soon.
const FRESH_AFTER_FAILURE: Duration = Duration::from_millis(if cfg!(test) { 100 } else { 1_000 });
/// Maximum age of the health, while one call asks the database or the database is down.
const MAX_AGE: Duration = Duration::from_millis(if cfg!(test) { 1_000 } else { 10_000 });

/// The health that choices need. One call reads it for all. A forked child starts without it.
pub(super) struct HealthCache(PerProcess<State>);

struct State {
    cached: Shared<Cached>,
    /// Time of the last request of this process that failed.
    failed_at: Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Cached {
    health: Arc<RoutingHealth>,
    /// Time before the health was read.
    as_of: Instant,
}

impl State {
    fn new() -> Self {
        Self { cached: Shared::new(), failed_at: Mutex::new(None) }
    }
}

impl HealthCache {
    pub(super) fn new() -> Self {
        Self(PerProcess::new(State::new()))
    }

    /// Returns the health in these windows, in minutes. Without windows, the database is not asked.
    ///
    /// # Errors
    /// `Unavailable`, `PoolTimeout`, `Interrupted` or another error of the database. While the
    /// database is down, the health is returned until it is 10 s old.
    pub(super) fn get(&self, pool: &Pool, windows: &BTreeSet<i64>) -> Result<Arc<RoutingHealth>> {
        if windows.is_empty() {
            return Ok(Arc::default());
        }
        let state = self.0.get(State::new);
        let failed_at = *state.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_younger =
            |cached: &Cached, age| cached.health.has(windows) && cached.as_of.elapsed() < age;
        let is_current = |cached: &Cached| {
            let has_failed = failed_at.is_some_and(|at| at >= cached.as_of);
            is_younger(cached, if has_failed { FRESH_AFTER_FAILURE } else { FRESH })
        };
        let cached = state.cached.get(
            wait_limit(pool),
            is_current,
            |cached| is_younger(cached, MAX_AGE),
            || read(pool, windows),
        );
        cached.map(|cached| cached.health)
    }

    /// Makes the next choices ask the database sooner, after a request that failed was recorded.
    pub(super) fn note_failure(&self) {
        let state = self.0.get(State::new);
        *state.failed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

fn read(pool: &Pool, windows: &BTreeSet<i64>) -> Result<Cached> {
    let as_of = Instant::now();
    let mut connection = pool.reader()?;
    let now = Timestamp::now();
    let mut health = BTreeMap::new();
    for minutes in windows {
        let providers = routing_requests::provider_health(&mut connection, *minutes, now)?;
        health.insert(*minutes, providers);
    }
    Ok(Cached { health: Arc::new(RoutingHealth::new(health)), as_of })
}
