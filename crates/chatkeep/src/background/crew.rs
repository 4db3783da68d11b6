//! Threads that do what is handed in, in its order.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use chatkeep_core::{Error, ErrorKind, Result};

/// A thread that had nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(10);

/// A piece of work.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A few threads. Dropped, it finishes what it has, and takes nothing more.
pub(crate) struct Crew {
    shared: Arc<Shared>,
}

struct Shared {
    /// What the threads are called.
    name: &'static str,
    most: usize,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    dismissed: bool,
}

impl Crew {
    /// At most so many threads, none of them started yet.
    pub(crate) fn new(name: &'static str, most: usize) -> Self {
        let shared =
            Shared { name, most: most.max(1), state: Mutex::default(), work: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Hands a piece of work in. It is done on another thread than this one.
    ///
    /// # Errors
    /// `Unavailable` when no thread can be started; the work is dropped.
    pub(crate) fn hand_in(&self, job: Job) -> Result<()> {
        let mut state = lock(&self.shared.state);
        state.jobs.push_back(job);
        if state.jobs.len() <= state.idle || state.threads == self.shared.most {
            self.shared.work.notify_one();
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let started =
            thread::Builder::new().name(self.shared.name.to_owned()).spawn(move || shared.serve());
        match started {
            Ok(_) => state.threads += 1,
            // The others will come to it.
            Err(_) if state.threads > 0 => {}
            Err(cause) => {
                let refused = state.jobs.pop_back();
                // Dropping it may hand in something else.
                drop(state);
                drop(refused);
                return Err(Error::new(ErrorKind::Unavailable, "no thread could be started")
                    .with_source(cause));
            }
        }
        Ok(())
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        lock(&self.shared.state).dismissed = true;
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn serve(&self) {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // A panic ends the call, whose caller is told, and not the thread.
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = lock(&self.state);
                continue;
            }
            if state.dismissed {
                break;
            }
            state.idle += 1;
            let (woken, waited) =
                self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if waited.timed_out() && state.jobs.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn hand_in(crew: &Crew, job: impl FnOnce() + Send + 'static) {
        assert!(crew.hand_in(Box::new(job)).is_ok());
    }

    #[test]
    fn work_is_done_on_threads_of_its_own_at_most_so_many() {
        let crew = Crew::new("crew-test", 2);
        assert_eq!(lock(&crew.shared.state).threads, 0, "none before there is work");
        let (sender, receiver) = mpsc::channel();
        for _ in 0..20 {
            let sender = sender.clone();
            hand_in(&crew, move || sender.send(thread::current().id()).unwrap());
        }
        let mut threads: Vec<_> = (0..20).map(|_| receiver.recv().unwrap()).collect();
        threads.dedup();
        assert!(!threads.contains(&thread::current().id()));
        assert!((1..=2).contains(&lock(&crew.shared.state).threads));
    }

    #[test]
    fn a_panic_ends_the_work_and_not_the_thread() {
        let crew = Crew::new("crew-test", 1);
        let (sender, receiver) = mpsc::channel();
        hand_in(&crew, || panic!("in the middle of a call"));
        hand_in(&crew, move || sender.send("next").unwrap());
        assert_eq!(receiver.recv().unwrap(), "next");
    }

    #[test]
    fn what_was_handed_in_is_done_after_the_crew_is_dropped() {
        let (sender, receiver) = mpsc::channel();
        let crew = Crew::new("crew-test", 1);
        for number in 0..10 {
            let sender = sender.clone();
            hand_in(&crew, move || sender.send(number).unwrap());
        }
        drop((crew, sender));
        assert_eq!(receiver.iter().collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    }
}
