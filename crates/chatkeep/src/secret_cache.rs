//! A cache of recent lookups of tokens or sessions.
//!
//! A chat backend checks the same few secrets with every request. So lookups are cached for a few
//! seconds, by the secret's digest. A revocation takes effect immediately in all stores of this
//! process, and in other processes when the cache time has elapsed. Only answers of the database
//! are cached: an outage is never cached as "no such token".

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use chatkeep_core::{Error, ErrorKind, FoundToken, Result, TokenHash, interrupt};
use chatkeep_pool::{OfProcess, PerProcess};
use quick_cache::sync::{Cache, GuardResult};

use crate::revocations::Revocations;

/// Maximum numbers of cached rows and of cached misses. They are separate, so that a client that
/// guesses secrets cannot evict valid ones.
const MAX_FOUND: usize = 10_000;
const MAX_MISSES: usize = 10_000;
/// Maximum time for which a miss is cached: the secret may be created elsewhere at any time.
const LONGEST_MISS: Duration = Duration::from_secs(1);

/// A row that a secret identifies.
pub(crate) trait SecretRow {
    /// Returns the row's id.
    fn id(&self) -> i64;

    /// Returns this process's revocations of such rows.
    fn revocations() -> Arc<OfProcess<Revocations>>;
}

impl SecretRow for FoundToken {
    fn id(&self) -> i64 {
        self.info.id
    }

    fn revocations() -> Arc<OfProcess<Revocations>> {
        Revocations::of_tokens()
    }
}

/// The process's cache. It is disabled if the lifetime is zero. A forked child starts with an empty
/// one.
pub(crate) struct ProcessCache<T> {
    lifetime: Duration,
    cache: PerProcess<SecretCache<T>>,
}

impl<T: SecretRow> ProcessCache<T> {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, cache: PerProcess::new(SecretCache::new(lifetime)) }
    }

    pub(crate) fn get(&self) -> Option<Arc<OfProcess<SecretCache<T>>>> {
        (!self.lifetime.is_zero()).then(|| self.cache.get(|| SecretCache::new(self.lifetime)))
    }
}

/// Recent answers of the database.
pub(crate) struct SecretCache<T> {
    lifetime: Duration,
    found: Cache<TokenHash, Arc<CachedRow<T>>>,
    /// Time of the lookup of each unknown secret.
    misses: Cache<TokenHash, Instant>,
    revocations: Arc<OfProcess<Revocations>>,
}

struct CachedRow<T> {
    row: Arc<T>,
    looked_up: Instant,
    /// Number of the latest revocation that this lookup reflects.
    as_of: AtomicU64,
}

impl<T: SecretRow> SecretCache<T> {
    /// Creates an empty cache, in which a row is valid for `lifetime` after its lookup.
    pub(crate) fn new(lifetime: Duration) -> Self {
        let revocations = T::revocations();
        let (found, misses) = (Cache::new(MAX_FOUND), Cache::new(MAX_MISSES));
        Self { lifetime, found, misses, revocations }
    }

    /// Returns the row with this hash, from the cache or from `look_up`. Concurrent calls for the
    /// same secret share one lookup, for which they wait at most `timeout`.
    pub(crate) fn find(
        &self,
        hash: TokenHash,
        timeout: Duration,
        look_up: impl FnOnce() -> Result<Option<T>>,
    ) -> Result<Option<Arc<T>>> {
        let end = Instant::now() + timeout;
        loop {
            if let Some(looked_up) = self.misses.get(&hash) {
                if self.is_miss_valid(looked_up) {
                    return Ok(None);
                }
                self.misses.remove(&hash);
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.found.get_value_or_guard(&hash, Some(interrupt::slice(left))) {
                GuardResult::Value(cached) if self.is_valid(&cached) => {
                    return Ok(Some(Arc::clone(&cached.row)));
                }
                GuardResult::Value(_) => {
                    self.found.remove_if(&hash, |cached| !self.is_valid(cached));
                }
                GuardResult::Guard(guard) => {
                    // Read before the lookup: its answer may miss a revocation made while it runs.
                    let (looked_up, as_of) =
                        (Instant::now(), AtomicU64::new(self.revocations.latest()));
                    let found = look_up()?.map(Arc::new);
                    match &found {
                        Some(row) => {
                            let row = Arc::clone(row);
                            let cached = CachedRow { row, looked_up, as_of };
                            if self.is_valid(&cached) {
                                // Readers of the entry notice later revocations.
                                let _ = guard.insert(Arc::new(cached));
                            }
                        }
                        None => self.misses.insert(hash, looked_up),
                    }
                    return Ok(found);
                }
                GuardResult::Timeout if interrupt::is_interrupted() => {
                    return Err(interrupt::interrupted());
                }
                GuardResult::Timeout if Instant::now() < end => {}
                GuardResult::Timeout => {
                    return Err(Error::new(
                        ErrorKind::Unavailable,
                        format!(
                            "timed out after {} s (DB_QUERY_TIMEOUT) waiting for another call's \
                             lookup of the same secret",
                            timeout.as_secs_f64()
                        ),
                    ));
                }
            }
        }
    }

    /// Returns the cached answer for this hash: a row, or `Some(None)` for a miss. Returns `None`
    /// if nothing is cached.
    pub(crate) fn get(&self, hash: TokenHash) -> Option<Option<Arc<T>>> {
        if let Some(cached) = self.found.get(&hash).filter(|cached| self.is_valid(cached)) {
            return Some(Some(Arc::clone(&cached.row)));
        }
        self.misses.get(&hash).filter(|looked_up| self.is_miss_valid(*looked_up)).map(|_| None)
    }

    /// Returns whether a cached row is recent and was not revoked since its lookup.
    fn is_valid(&self, cached: &CachedRow<T>) -> bool {
        cached.looked_up.elapsed() < self.lifetime
            && !self.revocations.is_revoked_since(cached.row.id(), &cached.as_of)
    }

    fn is_miss_valid(&self, looked_up: Instant) -> bool {
        looked_up.elapsed() < self.lifetime.min(LONGEST_MISS)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::Chatkeep;

    const LONG: Duration = Duration::from_secs(60);

    fn token() -> (TokenHash, FoundToken) {
        let chat = Chatkeep::open("sqlite:///:memory:").unwrap();
        let created = chat.tokens().create_token("a", None).unwrap();
        let info = chat.tokens().get_token_info(created.id).unwrap().unwrap();
        let found = FoundToken { info, replaced_at: None, owner_is_active: true };
        (created.token.hash(), found)
    }

    #[test]
    fn a_lookup_is_repeated_after_the_cache_time() {
        let (hash, token) = token();
        let cache = SecretCache::new(Duration::from_millis(50));
        let lookups = AtomicUsize::new(0);
        let find = || {
            cache.find(hash, LONG, || {
                lookups.fetch_add(1, Ordering::SeqCst);
                Ok(Some(token.clone()))
            })
        };
        for _ in 0..3 {
            assert_eq!(find().unwrap().unwrap().id(), token.id());
        }
        let before = lookups.load(Ordering::SeqCst);
        thread::sleep(Duration::from_millis(60));
        find().unwrap();
        assert_eq!(lookups.load(Ordering::SeqCst), before + 1);
    }

    #[test]
    fn a_failed_lookup_is_not_cached() {
        let (hash, token) = token();
        let cache = SecretCache::new(LONG);
        let down = cache.find(hash, LONG, || Err(Error::new(ErrorKind::Unavailable, "down")));
        assert_eq!(down.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(
            cache.find(hash, LONG, || Ok(Some(token.clone()))).unwrap().unwrap().id(),
            token.id()
        );
    }

    #[test]
    fn a_token_revoked_during_its_lookup_is_not_cached() {
        let (hash, token) = token();
        let cache = SecretCache::new(LONG);
        let stale = cache.find(hash, LONG, || {
            cache.revocations.record(token.id());
            Ok(Some(token.clone()))
        });
        assert!(stale.unwrap().is_some());
        assert!(
            cache.find(hash, LONG, || Ok(None)).unwrap().is_none(),
            "the stale answer is not cached"
        );
    }

    #[test]
    fn an_entry_inserted_after_the_revocation_of_its_token_is_invalid() {
        let (hash, token) = token();
        let cache = SecretCache::new(LONG);
        // As if the thread had been suspended between its lookup and this insertion.
        let as_of = AtomicU64::new(cache.revocations.latest());
        cache.revocations.record(token.id());
        let cached = CachedRow { row: Arc::new(token), looked_up: Instant::now(), as_of };
        cache.found.insert(hash, Arc::new(cached));
        assert!(cache.get(hash).is_none());
        assert!(cache.find(hash, LONG, || Ok(None)).unwrap().is_none());
    }

    #[test]
    fn a_revocation_invalidates_the_entries_of_all_caches() {
        let (hash, token) = token();
        let caches = [SecretCache::new(LONG), SecretCache::new(LONG)];
        for cache in &caches {
            assert!(cache.find(hash, LONG, || Ok(Some(token.clone()))).unwrap().is_some());
            assert!(cache.get(hash).is_some());
        }
        caches[0].revocations.record(token.id());
        for cache in &caches {
            assert!(cache.get(hash).is_none());
        }
    }

    #[test]
    fn concurrent_calls_share_one_lookup() {
        let (hash, token) = token();
        let cache = SecretCache::new(LONG);
        let lookups = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let found = cache.find(hash, LONG, || {
                        lookups.fetch_add(1, Ordering::SeqCst);
                        thread::sleep(Duration::from_millis(20));
                        Ok(Some(token.clone()))
                    });
                    assert!(found.unwrap().is_some());
                });
            }
        });
        assert_eq!(lookups.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn misses_do_not_evict_tokens() {
        let (hash, token) = token();
        let cache = SecretCache::new(LONG);
        cache.find(hash, LONG, || Ok(Some(token.clone()))).unwrap();
        for number in 0..3 * MAX_MISSES {
            let guess = TokenHash::of(&number.to_string());
            assert!(cache.find(guess, LONG, || Ok(None)).unwrap().is_none());
        }
        assert!(cache.misses.len() <= MAX_MISSES);
        assert!(cache.find(hash, LONG, || panic!("the token is still cached")).unwrap().is_some());
    }
}
