//! A bounded map that a forked child does not share.

use chatkeep_pool::PerProcess;
use quick_cache::sync::Cache;

/// A bounded map by text. When it is full, entries that are used rarely are removed. A forked child
/// starts with an empty one.
pub(crate) struct ProcessMap<V> {
    max_entries: usize,
    map: PerProcess<Cache<Box<str>, V>>,
}

impl<V: Clone> ProcessMap<V> {
    pub(crate) fn new(max_entries: usize) -> Self {
        Self { max_entries, map: PerProcess::new(Cache::new(max_entries)) }
    }

    pub(crate) fn get(&self, key: &str) -> Option<V> {
        self.map.get(|| Cache::new(self.max_entries)).get(key)
    }

    pub(crate) fn insert(&self, key: &str, value: V) {
        self.map.get(|| Cache::new(self.max_entries)).insert(key.into(), value);
    }

    pub(crate) fn remove(&self, key: &str) {
        self.map.get(|| Cache::new(self.max_entries)).remove(key);
    }
}
