//! A small thread pool that runs jobs in the order of their submission.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use chatkeep_core::{Error, ErrorKind, Result};

/// Idle time after which a thread ends.
const IDLE: Duration = Duration::from_secs(10);
/// Maximum number of waiting threads for which another thread may run jobs. A further waiting
/// thread counts as working, so that queued jobs wait for it.
const MAX_WAITING: usize = 1_000;

thread_local! {
    /// The pool that this thread belongs to.
    static POOL: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}

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
    /// Number of threads, without those in a long wait.
    threads: usize,
    /// Number of threads in a long wait.
    waiting: usize,
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
        if state.jobs.len() <= state.idle || state.threads >= self.shared.max_threads {
            self.shared.has_work.notify_one();
            return Ok(());
        }
        match self.shared.start_thread() {
            Ok(()) => state.threads += 1,
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

/// The calling worker thread, during a long wait.
pub(super) struct CurrentWorker(Arc<Shared>);

impl CurrentWorker {
    /// Lets another thread run queued jobs in place of this one until the value is dropped. Returns
    /// `None` if this thread belongs to no pool, or if 1,000 threads are already waiting.
    pub(super) fn begin_wait() -> Option<Self> {
        let shared = POOL.with_borrow(Clone::clone)?;
        let mut state = lock(&shared.state);
        if state.waiting >= MAX_WAITING {
            return None;
        }
        state.waiting += 1;
        state.threads -= 1;
        let needs_thread = state.jobs.len() > state.idle && state.threads < shared.max_threads;
        // Otherwise the jobs wait for this thread, as they would without this call.
        if needs_thread && shared.start_thread().is_ok() {
            state.threads += 1;
        }
        drop(state);
        Some(Self(shared))
    }
}

impl Drop for CurrentWorker {
    /// Counts this thread again. There may be more threads than the maximum until a job ends.
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.waiting -= 1;
        state.threads += 1;
    }
}

impl Shared {
    /// Starts a thread. The caller must increment [`State::threads`].
    fn start_thread(self: &Arc<Self>) -> std::io::Result<()> {
        let shared = Arc::clone(self);
        let run = move || {
            POOL.set(Some(Arc::clone(&shared)));
            shared.run_jobs();
        };
        thread::Builder::new().name(self.name.to_owned()).spawn(run).map(drop)
    }

    fn run_jobs(&self) {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // A panic ends the job, whose caller gets an error, but not the thread.
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = lock(&self.state);
                if state.threads > self.max_threads {
                    break;
                }
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
