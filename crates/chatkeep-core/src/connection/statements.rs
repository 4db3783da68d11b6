//! Prepared statements of one connection, up to a limit. Beyond it the one that was not used for longest is removed.
//!
//! Diesel's own cache keeps every text for as long as the connection is open. The number of texts has no limit: a filter by
//! several keys of the metadata has one for each combination.

use std::collections::HashMap;
use std::hash::Hash;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::connection::statement_cache::StatementCacheKey;
use diesel::query_builder::{QueryFragment, QueryId};

/// Maximum number of statements that a connection keeps prepared, on every engine.
pub(super) const MAX_STATEMENTS: usize = 256;

pub(super) struct Statements<DB: Backend, S> {
    kept: HashMap<StatementCacheKey<DB>, Kept<S>>,
    /// Counts the uses.
    clock: u64,
}

struct Kept<S> {
    statement: S,
    last_used: u64,
}

/// What is known of a statement that is about to be run.
pub(super) enum Lookup<DB: Backend, S> {
    Prepared(S),
    /// It has to be prepared, and is kept under this key.
    New(StatementCacheKey<DB>),
    /// It has to be prepared, and is used once.
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
        Self { kept: HashMap::new(), clock: 0 }
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
        if let Some(kept) = self.kept.get_mut(&key) {
            self.clock += 1;
            kept.last_used = self.clock;
            return Ok(Lookup::Prepared(kept.statement.clone()));
        }
        Ok(if source.is_safe_to_cache_prepared(backend)? {
            Lookup::New(key)
        } else {
            Lookup::Once(key)
        })
    }

    /// Keeps a statement, and returns the one that had to make room for it.
    pub(super) fn keep(&mut self, key: StatementCacheKey<DB>, statement: S) -> Option<S> {
        let removed = if self.kept.len() >= MAX_STATEMENTS { self.remove_oldest() } else { None };
        self.clock += 1;
        self.kept.insert(key, Kept { statement, last_used: self.clock });
        removed
    }

    /// Looking at all of them takes microseconds; the statement that replaces it takes a round trip to prepare.
    fn remove_oldest(&mut self) -> Option<S> {
        let oldest = self.kept.values().map(|kept| kept.last_used).min()?;
        self.kept
            .extract_if(|_, kept| kept.last_used == oldest)
            .next()
            .map(|(_, kept)| kept.statement)
    }
}

#[cfg(test)]
#[path = "statements_tests.rs"]
mod tests;
