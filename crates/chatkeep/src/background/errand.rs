//! Work that one thread does at a time, and once more when it was wanted meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use chatkeep_pool::{OfProcess, PerProcess};

use super::Calls;

/// Has a thread of chatkeep's do a piece of work whenever it is wanted.
pub(crate) struct Errand {
    calls: Arc<Calls>,
    state: PerProcess<AtomicU8>,
}

/// Nobody does it.
const IDLE: u8 = 0;
/// Somebody is about to.
const WANTED: u8 = 1;
const UNDER_WAY: u8 = 2;
/// It was wanted again meanwhile, perhaps too late for what is done now.
const UNDER_WAY_AND_WANTED: u8 = 3;

impl Errand {
    pub(crate) fn new(calls: Arc<Calls>) -> Self {
        Self { calls, state: PerProcess::new(AtomicU8::new(IDLE)) }
    }

    /// The thread begins now, if it is not at it already.
    pub(crate) fn want(&self, work: impl Fn() + Send + 'static) {
        let state = self.state.get(|| AtomicU8::new(IDLE));
        let before = state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |state| match state {
            IDLE => Some(WANTED),
            UNDER_WAY => Some(UNDER_WAY_AND_WANTED),
            _ => None,
        });
        if before != Ok(IDLE) {
            return;
        }
        let mut turn = Turn { state, over: false };
        // If it is refused, it is dropped, and the work is left to the next time.
        let _ = self.calls.hand_in(move || {
            while turn.goes_on() {
                work();
            }
        });
    }
}

/// The one who does it. Dropped before it is over, it makes room for another.
struct Turn {
    state: Arc<OfProcess<AtomicU8>>,
    over: bool,
}

impl Turn {
    /// Whether it is to be done, or to be done once more.
    fn goes_on(&mut self) -> bool {
        let next = |state| Some(if state == UNDER_WAY { IDLE } else { UNDER_WAY });
        let before = self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        self.over = before == Ok(UNDER_WAY);
        !self.over
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.over {
            self.state.store(IDLE, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::{Barrier, mpsc};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_is_wanted_meanwhile_is_done_once_more() {
        let calls = Arc::new(Calls::new(4));
        let errand = Errand::new(Arc::clone(&calls));
        let begun = Arc::new(Barrier::new(2));
        let (go_on, wait) = mpsc::channel::<()>();
        let wait = std::sync::Mutex::new(wait);
        let times = Arc::new(AtomicUsize::new(0));
        let (theirs, counted) = (Arc::clone(&begun), Arc::clone(&times));
        errand.want(move || {
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                theirs.wait();
                let _ = wait.lock().expect("nobody panics").recv();
            }
        });
        begun.wait();
        for _ in 0..3 {
            errand.want(|| panic!("one thread is at it already"));
        }
        go_on.send(()).expect("it waits");
        assert_eq!(calls.wait(Instant::now() + Duration::from_secs(20)), 0);
        assert_eq!(times.load(Ordering::SeqCst), 2);
        let counted = Arc::clone(&times);
        errand.want(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(calls.wait(Instant::now() + Duration::from_secs(20)), 0);
        assert_eq!(times.load(Ordering::SeqCst), 3);
    }
}
