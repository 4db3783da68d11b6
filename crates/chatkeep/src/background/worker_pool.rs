//! A small thread pool that runs jobs in the order of their submission.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use chatkeep_core::{Error, ErrorKind, Result};

/// Idle time after which a thread ends.
const IDLE: Duration = Duration::from_secs(10);

/// A unit of work.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A pool of threads that start on demand. Dropping it does not cancel the submitted jobs.
pub(crate) struct WorkerPool {
    shared: Arc<Shared>,
}

struct Shared {
    /// Name of the threads.
    name: &'static str,
    max_threads: usize,
    state: Mutex<State>,
    has_work: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    is_dropped: bool,
}

impl WorkerPool {
    /// Creates a pool of at most `max_threads` threads. It starts none yet.
    pub(crate) fn new(name: &'static str, max_threads: usize) -> Self {
        let max_threads = max_threads.max(1);
        let shared =
            Shared { name, max_threads, state: Mutex::default(), has_work: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Submits a job, to run on one of the pool's threads.
    ///
    /// # Errors
    /// `Unavailable` when no thread can be started. The job is then dropped.
    pub(crate) fn submit(&self, job: Job) -> Result<()> {
        let mut state = lock(&self.shared.state);
        state.jobs.push_back(job);
        if state.jobs.len() <= state.idle || state.threads == self.shared.max_threads {
            self.shared.has_work.notify_one();
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let started = thread::Builder::new()
            .name(self.shared.name.to_owned())
            .spawn(move || shared.run_jobs());
        match started {
            Ok(_) => state.threads += 1,
            // An existing thread will run the job.
            Err(_) if state.threads > 0 => {}
            Err(cause) => {
                let rejected = state.jobs.pop_back();
                // Dropping the job may submit another one, so the lock is released first.
                drop(state);
                drop(rejected);
                return Err(Error::new(ErrorKind::Unavailable, "failed to start a worker thread")
                    .with_source(cause));
            }
        }
        Ok(())
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        lock(&self.shared.state).is_dropped = true;
        self.shared.has_work.notify_all();
    }
}

impl Shared {
    fn run_jobs(&self) {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // A panic ends the job, whose caller gets an error, but not the thread.
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = lock(&self.state);
                continue;
            }
            if state.is_dropped {
                break;
            }
            state.idle += 1;
            let (woken, waited) =
                self.has_work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
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

    fn submit(pool: &WorkerPool, job: impl FnOnce() + Send + 'static) {
        assert!(pool.submit(Box::new(job)).is_ok());
    }

    #[test]
    fn jobs_run_on_at_most_max_threads_of_the_pool() {
        let pool = WorkerPool::new("pool-test", 2);
        assert_eq!(lock(&pool.shared.state).threads, 0, "threads start on demand");
        let (sender, receiver) = mpsc::channel();
        for _ in 0..20 {
            let sender = sender.clone();
            submit(&pool, move || sender.send(thread::current().id()).unwrap());
        }
        let mut threads: Vec<_> = (0..20).map(|_| receiver.recv().unwrap()).collect();
        threads.dedup();
        assert!(!threads.contains(&thread::current().id()));
        assert!((1..=2).contains(&lock(&pool.shared.state).threads));
    }

    #[test]
    fn a_panic_ends_the_job_but_not_the_thread() {
        let pool = WorkerPool::new("pool-test", 1);
        let (sender, receiver) = mpsc::channel();
        submit(&pool, || panic!("a panic of the job"));
        submit(&pool, move || sender.send("next").unwrap());
        assert_eq!(receiver.recv().unwrap(), "next");
    }

    #[test]
    fn submitted_jobs_run_after_the_pool_is_dropped() {
        let (sender, receiver) = mpsc::channel();
        let pool = WorkerPool::new("pool-test", 1);
        for number in 0..10 {
            let sender = sender.clone();
            submit(&pool, move || sender.send(number).unwrap());
        }
        drop((pool, sender));
        assert_eq!(receiver.iter().collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    }
}
