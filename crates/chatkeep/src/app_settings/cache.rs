//! Stored settings in memory, by scope.

use std::collections::BTreeMap;
use std::sync::Arc;

use chatkeep_core::revisions::RevisedSubject;
use chatkeep_core::{AppSetting, Result, app_settings};
use chatkeep_pool::Pool;

use crate::process_map::ProcessMap;
use crate::snapshot::{RevisionWatch, Snapshot};

/// Maximum number of scopes in memory. An application may have a scope for each user.
const MAX_SCOPES: usize = 10_000;

/// The settings of a scope by key.
pub(super) type ScopeSettings = BTreeMap<String, AppSetting>;

/// The scopes that were read. All of them ask for the revision together.
pub(crate) struct SettingCache {
    watch: Arc<RevisionWatch>,
    scopes: ProcessMap<Arc<Snapshot<ScopeSettings>>>,
}

impl SettingCache {
    pub(crate) fn new() -> Self {
        let watch = Arc::new(RevisionWatch::new(RevisedSubject::AppSettings));
        Self { watch, scopes: ProcessMap::new(MAX_SCOPES) }
    }

    /// Returns the stored settings of a scope.
    ///
    /// # Errors
    /// `Unavailable`, `PoolTimeout`, `Interrupted` or another error of the database.
    pub(super) fn scope(&self, pool: &Pool, scope: &str) -> Result<Arc<ScopeSettings>> {
        let snapshot = self.scopes.get(scope).unwrap_or_else(|| {
            let snapshot = Arc::new(Snapshot::of(&self.watch));
            self.scopes.insert(scope, Arc::clone(&snapshot));
            snapshot
        });
        snapshot.get(pool, |connection| app_settings::load_scope(connection, scope))
    }

    /// Makes the next call ask for the revision, after a change by this process.
    pub(crate) fn forget(&self) {
        self.watch.forget();
    }
}
