//! Tokens that were looked up a moment ago.
//!
//! A chat backend checks the same few tokens at every request. So an answer is kept for a few seconds, by the token's
//! digest. Revoking a token in this process takes effect at once in all its stores; elsewhere, when that time is over. Only
//! answers of the database are kept: an outage is never remembered as a verdict.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use chatkeep_core::{Error, ErrorKind, Result, TokenHash, TokenInfo, interruption};
use chatkeep_pool::OfProcess;
use quick_cache::sync::{Cache, GuardResult};

use crate::revocations::Revocations;

/// Tokens, and texts that are none, that are remembered at the most. They are bounded apart, so that somebody who tries
/// out texts cannot push the real tokens out.
const KNOWN: usize = 10_000;
const UNKNOWN: usize = 10_000;
/// "No such token" is believed for at most this long: it may just be being made elsewhere.
const LONGEST_UNKNOWN: Duration = Duration::from_secs(1);

/// What the database said of the tokens that were checked last.
pub(crate) struct TokenCache {
    lifetime: Duration,
    known: Cache<TokenHash, Arc<Known>>,
    unknown: Cache<TokenHash, Instant>,
    revocations: Arc<OfProcess<Revocations>>,
}

struct Known {
    token: Arc<TokenInfo>,
    asked: Instant,
    /// The latest revocation after which the token is known to be as it is here.
    as_of: AtomicU64,
}

impl TokenCache {
    /// A cache whose answers are good for this long.
    pub(crate) fn new(lifetime: Duration) -> Self {
        let revocations = Revocations::of_process();
        Self { lifetime, known: Cache::new(KNOWN), unknown: Cache::new(UNKNOWN), revocations }
    }

    /// The token with this hash: as it was found within the last seconds, or as `look_up` finds it now. Of several
    /// callers who ask for the same token at the same time one looks it up, and the others get its answer.
    pub(crate) fn find(
        &self,
        hash: TokenHash,
        patience: Duration,
        look_up: impl FnOnce() -> Result<Option<TokenInfo>>,
    ) -> Result<Option<Arc<TokenInfo>>> {
        let end = Instant::now() + patience;
        loop {
            if let Some(asked) = self.unknown.get(&hash) {
                if self.is_believed(asked) {
                    return Ok(None);
                }
                self.unknown.remove(&hash);
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.known.get_value_or_guard(&hash, Some(interruption::slice(left))) {
                GuardResult::Value(known) if self.holds(&known) => {
                    return Ok(Some(Arc::clone(&known.token)));
                }
                GuardResult::Value(_) => {
                    self.known.remove_if(&hash, |known| !self.holds(known));
                }
                GuardResult::Guard(place) => {
                    // Before the look-up: what is revoked while it runs may be missing in its answer.
                    let (asked, as_of) =
                        (Instant::now(), AtomicU64::new(self.revocations.latest()));
                    let found = look_up()?.map(Arc::new);
                    match &found {
                        Some(token) => {
                            let known = Known { token: Arc::clone(token), asked, as_of };
                            if self.holds(&known) {
                                // A revocation from now on is noticed by whoever reads the entry.
                                let _ = place.insert(Arc::new(known));
                            }
                        }
                        None => self.unknown.insert(hash, asked),
                    }
                    return Ok(found);
                }
                GuardResult::Timeout if interruption::is_interrupted() => {
                    return Err(interruption::interrupted());
                }
                GuardResult::Timeout if Instant::now() < end => {}
                GuardResult::Timeout => {
                    return Err(Error::new(
                        ErrorKind::Unavailable,
                        format!(
                            "another call has been looking this token up for {} s",
                            patience.as_secs_f64()
                        ),
                    ));
                }
            }
        }
    }

    /// The token with this hash as it was found within the last seconds: known, or known not to be.
    pub(crate) fn get(&self, hash: TokenHash) -> Option<Option<Arc<TokenInfo>>> {
        if let Some(known) = self.known.get(&hash).filter(|known| self.holds(known)) {
            return Some(Some(Arc::clone(&known.token)));
        }
        self.unknown.get(&hash).filter(|asked| self.is_believed(*asked)).map(|_| None)
    }

    /// Whether a token is still believed to be as it was found: recently, and not revoked since.
    fn holds(&self, known: &Known) -> bool {
        known.asked.elapsed() < self.lifetime
            && !self.revocations.is_revoked_since(known.token.id, &known.as_of)
    }

    /// Whether "no such token" still holds that was heard at this moment.
    fn is_believed(&self, asked: Instant) -> bool {
        asked.elapsed() < self.lifetime.min(LONGEST_UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::Chatkeep;

    const LONG: Duration = Duration::from_secs(60);

    fn token() -> (TokenHash, TokenInfo) {
        let chat = Chatkeep::open("sqlite:///:memory:").unwrap();
        let created = chat.tokens().create_token("a", None).unwrap();
        (created.token.hash(), chat.tokens().get_token_info(created.id).unwrap().unwrap())
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_then_asked_for_again() {
        let (hash, info) = token();
        let cache = TokenCache::new(Duration::from_millis(50));
        let asked = AtomicUsize::new(0);
        let find = || {
            cache.find(hash, LONG, || {
                asked.fetch_add(1, Ordering::SeqCst);
                Ok(Some(info.clone()))
            })
        };
        for _ in 0..3 {
            assert_eq!(find().unwrap().unwrap().id, info.id);
        }
        let before = asked.load(Ordering::SeqCst);
        thread::sleep(Duration::from_millis(60));
        find().unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), before + 1);
    }

    #[test]
    fn a_failure_is_told_and_not_kept() {
        let (hash, info) = token();
        let cache = TokenCache::new(LONG);
        let down = cache.find(hash, LONG, || Err(Error::new(ErrorKind::Unavailable, "down")));
        assert_eq!(down.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(cache.find(hash, LONG, || Ok(Some(info.clone()))).unwrap().unwrap().id, info.id);
    }

    #[test]
    fn a_change_during_the_look_up_is_not_overwritten_by_its_answer() {
        let (hash, info) = token();
        let cache = TokenCache::new(LONG);
        let stale = cache.find(hash, LONG, || {
            cache.revocations.record(info.id);
            Ok(Some(info.clone()))
        });
        assert!(stale.unwrap().is_some());
        assert!(
            cache.find(hash, LONG, || Ok(None)).unwrap().is_none(),
            "the stale answer was not kept"
        );
    }

    #[test]
    fn an_entry_that_was_inserted_after_a_revocation_of_its_token_is_not_believed() {
        let (hash, info) = token();
        let cache = TokenCache::new(LONG);
        // As if the thread that looked it up had been suspended between its look-up and this insertion.
        let as_of = AtomicU64::new(cache.revocations.latest());
        cache.revocations.record(info.id);
        let known = Known { token: Arc::new(info), asked: Instant::now(), as_of };
        cache.known.insert(hash, Arc::new(known));
        assert!(cache.get(hash).is_none());
        assert!(cache.find(hash, LONG, || Ok(None)).unwrap().is_none());
    }

    #[test]
    fn a_revocation_in_one_cache_ends_the_entry_in_another() {
        let (hash, info) = token();
        let caches = [TokenCache::new(LONG), TokenCache::new(LONG)];
        for cache in &caches {
            assert!(cache.find(hash, LONG, || Ok(Some(info.clone()))).unwrap().is_some());
            assert!(cache.get(hash).is_some());
        }
        caches[0].revocations.record(info.id);
        for cache in &caches {
            assert!(cache.get(hash).is_none());
        }
    }

    #[test]
    fn one_of_many_callers_asks_for_all() {
        let (hash, info) = token();
        let cache = TokenCache::new(LONG);
        let asked = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let found = cache.find(hash, LONG, || {
                        asked.fetch_add(1, Ordering::SeqCst);
                        thread::sleep(Duration::from_millis(20));
                        Ok(Some(info.clone()))
                    });
                    assert!(found.unwrap().is_some());
                });
            }
        });
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn texts_that_are_no_token_do_not_push_tokens_out() {
        let (hash, info) = token();
        let cache = TokenCache::new(LONG);
        cache.find(hash, LONG, || Ok(Some(info.clone()))).unwrap();
        for number in 0..3 * UNKNOWN {
            let guess = TokenHash::of(&number.to_string());
            assert!(cache.find(guess, LONG, || Ok(None)).unwrap().is_none());
        }
        assert!(cache.unknown.len() <= UNKNOWN);
        assert!(cache.find(hash, LONG, || panic!("it is still known")).unwrap().is_some());
    }
}
