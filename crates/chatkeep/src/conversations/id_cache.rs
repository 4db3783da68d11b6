//! A cache of internal ids, which never change.

use chatkeep_core::Result;

use crate::process_map::ProcessMap;

/// Maximum number of cached ids.
const MAX_IDS: usize = 10_000;

/// Internal ids by public ids.
pub(super) struct IdCache(ProcessMap<i64>);

impl IdCache {
    pub(super) fn new() -> Self {
        Self(ProcessMap::new(MAX_IDS))
    }

    /// Returns the id of a row, from the cache or from `look_up`. A missing row is not cached.
    pub(super) fn find(
        &self,
        public_id: &str,
        look_up: impl FnOnce() -> Result<Option<i64>>,
    ) -> Result<Option<i64>> {
        if let Some(id) = self.0.get(public_id) {
            return Ok(Some(id));
        }
        let found = look_up()?;
        if let Some(id) = found {
            self.0.insert(public_id, id);
        }
        Ok(found)
    }

    /// Calls `work` with the id of a row. Returns `None` if the row does not exist, or if `work`
    /// returns `None`.
    ///
    /// A row that was deleted and created again has another id. So if `work` returns `None` for a
    /// cached id, it is called again with the current one.
    pub(super) fn with<T>(
        &self,
        public_id: &str,
        look_up: impl Fn() -> Result<Option<i64>>,
        mut work: impl FnMut(i64) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let Some(id) = self.find(public_id, &look_up)? else { return Ok(None) };
        if let Some(value) = work(id)? {
            return Ok(Some(value));
        }
        self.remove(public_id);
        match self.find(public_id, look_up)? {
            Some(current) if current != id => work(current),
            _ => Ok(None),
        }
    }

    pub(super) fn insert(&self, public_id: &str, id: i64) {
        self.0.insert(public_id, id);
    }

    pub(super) fn remove(&self, public_id: &str) {
        self.0.remove(public_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_was_created_again_is_found_under_its_new_id() {
        let cache = IdCache::new();
        cache.insert("a", 1);
        let found = cache.with("a", || Ok(Some(2)), |id| Ok((id == 2).then_some(id)));
        assert_eq!(found.expect("no error"), Some(2));
        assert_eq!(cache.find("a", || unreachable!("it is cached")).expect("no error"), Some(2));
    }

    #[test]
    fn a_missing_row_is_looked_up_again() {
        let cache = IdCache::new();
        assert_eq!(cache.find("a", || Ok(None)).expect("no error"), None);
        assert_eq!(cache.find("a", || Ok(Some(7))).expect("no error"), Some(7));
        let gone = cache.with("a", || Ok(None), |_| Ok(None::<()>));
        assert_eq!(gone.expect("no error"), None);
    }
}
