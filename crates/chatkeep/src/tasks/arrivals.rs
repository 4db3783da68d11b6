//! Claims that wait for tasks.
//!
//! A waiting claim holds neither a connection nor a worker thread of other calls. Tasks that this
//! process queues wake it at once. For those of other processes, one of the waiting claims of the
//! same kinds looks at the database, at intervals that grow up to a second.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::interrupt::{self, WaitOutcome};
use chatkeep_core::{Error, Result};
use chatkeep_pool::OfProcess;

use crate::background::long_wait;

/// Interval after the first look that finds no task. It grows by half with each further one, up to
/// the maximum.
const FIRST_INTERVAL: Duration = Duration::from_millis(50);
const LONGEST_INTERVAL: Duration = Duration::from_secs(1);
/// Number of lists of kinds after which their intervals are forgotten.
const MAX_LISTS: usize = 1_000;
/// Maximum wait of a claim, in seconds.
const LONGEST_WAIT: i64 = 300;

/// The waiting claims of one process.
#[derive(Default)]
pub(super) struct Arrivals {
    state: Mutex<State>,
    changed: Condvar,
}

pub(super) type SharedArrivals = Arc<OfProcess<Arrivals>>;

#[derive(Default)]
struct State {
    next_number: u64,
    waiting: HashMap<u64, Waiting>,
    /// The lists of kinds for which no task was found.
    idle: HashMap<Vec<String>, Idle>,
    closed: bool,
}

impl State {
    /// Wakes up to `limit` claims that `matches`. Returns whether one was woken.
    fn wake(&mut self, matches: impl Fn(&[String]) -> bool, limit: usize) -> bool {
        let waiting = self.waiting.values_mut();
        let asleep = waiting.filter(|waiting| !waiting.is_woken && matches(&waiting.kinds));
        asleep.take(limit).map(|waiting| waiting.is_woken = true).count() > 0
    }

    /// Wakes a claim, except the one with this number, that waits for one of these kinds.
    fn wake_another(&mut self, number: u64, kinds: &[String]) -> bool {
        let others = self.waiting.iter_mut().filter(|(other, _)| **other != number);
        let mut others = others.map(|(_, waiting)| waiting);
        let is_like = |waiting: &&mut Waiting| {
            !waiting.is_woken && waiting.kinds.iter().any(|kind| kinds.contains(kind))
        };
        others.find(is_like).map(|waiting| waiting.is_woken = true).is_some()
    }
}

struct Waiting {
    kinds: Vec<String>,
    is_woken: bool,
}

#[derive(Clone, Copy)]
struct Idle {
    interval: Duration,
    next_look: Instant,
}

/// A claim that may wait. Dropping it ends its registration.
pub(super) struct Arrival {
    arrivals: SharedArrivals,
    number: u64,
    kinds: Vec<String>,
    has_looked: bool,
}

/// The next step of a waiting claim.
pub(super) enum Step {
    /// Look for tasks. There may be some.
    Look,
    /// Return without tasks.
    End,
}

impl Arrivals {
    /// Registers a claim of tasks of these kinds.
    pub(super) fn register(this: &SharedArrivals, kinds: &[String]) -> Arrival {
        let mut state = this.lock();
        let number = state.next_number;
        state.next_number += 1;
        let waiting = Waiting { kinds: kinds.to_vec(), is_woken: false };
        state.waiting.insert(number, waiting);
        let (arrivals, kinds) = (Arc::clone(this), kinds.to_vec());
        Arrival { arrivals, number, kinds, has_looked: false }
    }

    /// Notifies waiting claims of tasks of this kind: one claim for each task.
    pub(super) fn queued(&self, kind: &str, tasks: usize) {
        let mut state = self.lock();
        state.idle.retain(|kinds, _| !kinds.iter().any(|other| other == kind));
        if state.wake(|kinds| kinds.iter().any(|other| other == kind), tasks) {
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Ends all waits.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival {
    /// Waits until the claim has to look for tasks, at most until `until`.
    ///
    /// # Errors
    /// `Interrupted` when the caller interrupts the wait.
    pub(super) fn wait(&mut self, until: Instant) -> Result<Step> {
        let arrivals = Arc::clone(&self.arrivals);
        let mut guard = arrivals.lock();
        loop {
            let state = &mut *guard;
            let waiting = state.waiting.get_mut(&self.number);
            let is_woken = waiting.is_some_and(|waiting| std::mem::take(&mut waiting.is_woken));
            let now = Instant::now();
            if state.closed {
                // The call then fails, unless it was already waiting.
                return Ok(if self.has_looked { Step::End } else { self.look() });
            }
            let next = state.idle.get(&self.kinds).map_or(now, |idle| idle.next_look);
            if is_woken || next <= now || (now >= until && !self.has_looked) {
                if let Some(idle) = state.idle.get_mut(&self.kinds) {
                    // Other claims of the same kinds do not look at the same time.
                    idle.next_look = now + idle.interval;
                }
                drop(guard);
                return Ok(self.look());
            }
            if now >= until {
                return Ok(Step::End);
            }
            drop(guard);
            self.pause(next.min(until) - now)?;
            guard = arrivals.lock();
        }
    }

    fn look(&mut self) -> Step {
        self.has_looked = true;
        Step::Look
    }

    fn pause(&self, longest: Duration) -> Result<()> {
        let outcome = long_wait(|| {
            let (mutex, number) = (&self.arrivals.state, self.number);
            let unchanged = |state: &mut State| {
                let waiting = state.waiting.get(&number);
                !state.closed && waiting.is_some_and(|waiting| !waiting.is_woken)
            };
            let (changed, state) = (&self.arrivals.changed, self.arrivals.lock());
            interrupt::wait_while(changed, mutex, state, Some(longest), unchanged).1
        });
        match outcome {
            WaitOutcome::Interrupted => Err(interrupt::interrupted()),
            WaitOutcome::Done | WaitOutcome::TimedOut => Ok(()),
        }
    }

    /// Records whether a look found tasks.
    pub(super) fn looked(&self, has_tasks: bool) {
        let mut state = self.arrivals.lock();
        if has_tasks {
            // There may be more tasks, for another claim.
            state.idle.remove(&self.kinds);
            if state.wake_another(self.number, &self.kinds) {
                self.arrivals.changed.notify_all();
            }
            return;
        }
        if state.waiting.get(&self.number).is_none_or(|waiting| waiting.is_woken) {
            // A task was queued since, for which this claim looks again.
            return;
        }
        let before = state.idle.get(&self.kinds).map(|idle| idle.interval);
        let interval =
            before.map_or(FIRST_INTERVAL, |interval| (interval * 3 / 2).min(LONGEST_INTERVAL));
        if state.idle.len() >= MAX_LISTS {
            state.idle.clear();
        }
        let next_look = Instant::now() + jittered(interval);
        state.idle.insert(self.kinds.clone(), Idle { interval, next_look });
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut state = self.arrivals.lock();
        let waiting = state.waiting.remove(&self.number);
        // Another claim looks in place of this one.
        if waiting.is_some_and(|waiting| waiting.is_woken)
            && state.wake_another(self.number, &self.kinds)
        {
            self.arrivals.changed.notify_all();
        }
    }
}

/// Returns three to four quarters of an interval, so that processes which started together do not
/// all look at the same time.
fn jittered(interval: Duration) -> Duration {
    // Its keys are random.
    let random = RandomState::new().hash_one(std::process::id());
    interval * 3 / 4 + interval / 4 * (random % 256) as u32 / 255
}

/// Checks the maximum wait of a claim.
pub(super) fn check_wait(seconds: i64) -> Result<Duration> {
    if (0..=LONGEST_WAIT).contains(&seconds) {
        return Ok(Duration::from_secs(seconds.unsigned_abs()));
    }
    let message = format!("must be between 0 and {LONGEST_WAIT}, not {seconds}");
    Err(Error::invalid_input("wait_seconds", message))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use chatkeep_pool::PerProcess;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn arrivals() -> SharedArrivals {
        PerProcess::new(Arrivals::default()).get(Arrivals::default)
    }

    fn kinds(kinds: &[&str]) -> Vec<String> {
        kinds.iter().map(|kind| (*kind).to_owned()).collect()
    }

    fn looks(arrival: &mut Arrival, within: Duration) -> bool {
        matches!(arrival.wait(Instant::now() + within), Ok(Step::Look))
    }

    #[test]
    fn a_claim_looks_once_at_least_and_later_at_growing_intervals() {
        let arrivals = arrivals();
        let mut first = Arrivals::register(&arrivals, &kinds(&["a"]));
        let start = Instant::now();
        let mut count = 0;
        while looks(&mut first, Duration::from_millis(600).saturating_sub(start.elapsed())) {
            first.looked(false);
            count += 1;
        }
        assert!((3..=9).contains(&count), "{count}");
        drop(first);
        // The interval is that of the kinds, also for a claim that begins later.
        let mut second = Arrivals::register(&arrivals, &kinds(&["a"]));
        assert!(looks(&mut second, Duration::ZERO), "it looks before it ends");
        assert!(!looks(&mut second, Duration::ZERO));
    }

    #[test]
    fn queued_tasks_wake_one_claim_each() {
        let arrivals = arrivals();
        let mut idle: Vec<_> = (0..3)
            .map(|_| {
                let mut arrival = Arrivals::register(&arrivals, &kinds(&["a", "b"]));
                assert!(looks(&mut arrival, Duration::ZERO));
                arrival.looked(false);
                arrival
            })
            .collect();
        let woken = |arrivals: &Arrivals| {
            arrivals.lock().waiting.values().filter(|waiting| waiting.is_woken).count()
        };
        arrivals.queued("c", 5);
        assert_eq!(woken(&arrivals), 0);
        arrivals.queued("b", 2);
        assert_eq!(woken(&arrivals), 2);
        arrivals.queued("b", 5);
        assert_eq!(woken(&arrivals), 3);
        let mut waiting = idle.pop().expect("there are three");
        assert!(looks(&mut waiting, LONG));
        assert_eq!(woken(&arrivals), 2);
        drop(idle.pop());
        assert_eq!(woken(&arrivals), 2, "the claim that ended wakes another one");
        waiting.looked(true);
        assert_eq!(woken(&arrivals), 2);
    }

    #[test]
    fn waits_end_when_a_task_is_queued_or_the_store_is_closed() {
        let arrivals = arrivals();
        for close in [false, true] {
            let mut arrival = Arrivals::register(&arrivals, &kinds(&["a"]));
            // The interval is as long as it gets.
            for _ in 0..12 {
                arrival.looked(false);
            }
            arrival.has_looked = true;
            let waiting = thread::spawn(move || arrival.wait(Instant::now() + LONG));
            thread::sleep(Duration::from_millis(100));
            let start = Instant::now();
            if close {
                arrivals.close();
            } else {
                arrivals.queued("a", 1);
            }
            let step = waiting.join().expect("no panic").expect("it is not interrupted");
            assert_eq!(matches!(step, Step::End), close);
            assert!(start.elapsed() < Duration::from_millis(500));
        }
    }

    #[test]
    fn waits_are_limited() {
        for seconds in [0, 300] {
            let wait = check_wait(seconds).expect("it is in range");
            assert_eq!(wait.as_secs() as i64, seconds);
        }
        for seconds in [-1, 301, i64::MIN, i64::MAX] {
            let error = check_wait(seconds).expect_err("it is out of range");
            assert_eq!(error.field(), Some("wait_seconds"));
        }
    }
}
