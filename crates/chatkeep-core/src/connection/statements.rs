//! A cache of one connection's prepared statements, which evicts the least recently used one.
//!
//! Diesel's own cache never evicts a statement. The number of different texts has no limit: a
//! filter by several metadata keys has one text per combination.

use std::collections::HashMap;
use std::hash::Hash;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::connection::statement_cache::StatementCacheKey;
use diesel::query_builder::{QueryFragment, QueryId};

/// Maximum number of prepared statements per connection, on every engine.
pub(super) const MAX_STATEMENTS: usize = 256;

pub(super) struct Statements<DB: Backend, S> {
    cached: HashMap<StatementCacheKey<DB>, Cached<S>>,
    /// Number of uses so far.
    clock: u64,
}

struct Cached<S> {
    statement: S,
    last_used: u64,
}

/// Result of a cache lookup.
pub(super) enum Lookup<DB: Backend, S> {
    Prepared(S),
    /// The statement must be prepared, and then cached under this key.
    New(StatementCacheKey<DB>),
    /// The statement must be prepared, and must not be cached.
    Once(StatementCacheKey<DB>),
}

impl<DB, S> Statements<DB, S>
where
    DB: Backend,
    DB::QueryBuilder: Default,
    DB::TypeMetadata: Clone,
    StatementCacheKey<DB>: Hash + Eq,
    S: Clone,
{
    pub(super) fn new() -> Self {
        Self { cached: HashMap::new(), clock: 0 }
    }

    pub(super) fn find<T>(
        &mut self,
        source: &T,
        types: &[DB::TypeMetadata],
        backend: &DB,
    ) -> QueryResult<Lookup<DB, S>>
    where
        T: QueryFragment<DB> + QueryId,
    {
        let key = StatementCacheKey::for_source(T::query_id(), source, types, backend)?;
        if let Some(cached) = self.cached.get_mut(&key) {
            self.clock += 1;
            cached.last_used = self.clock;
            return Ok(Lookup::Prepared(cached.statement.clone()));
        }
        Ok(if source.is_safe_to_cache_prepared(backend)? {
            Lookup::New(key)
        } else {
            Lookup::Once(key)
        })
    }

    /// Caches a statement, and returns the evicted one, if any.
    pub(super) fn insert(&mut self, key: StatementCacheKey<DB>, statement: S) -> Option<S> {
        let evicted = if self.cached.len() >= MAX_STATEMENTS { self.remove_oldest() } else { None };
        self.clock += 1;
        self.cached.insert(key, Cached { statement, last_used: self.clock });
        evicted
    }

    /// Removes the least recently used statement. The linear scan takes microseconds, while
    /// preparing the new statement takes a round trip.
    fn remove_oldest(&mut self) -> Option<S> {
        let oldest = self.cached.values().map(|cached| cached.last_used).min()?;
        self.cached
            .extract_if(|_, cached| cached.last_used == oldest)
            .next()
            .map(|(_, cached)| cached.statement)
    }
}

#[cfg(test)]
#[path = "statements_tests.rs"]
mod tests;
