//! The queue of completed calls of an environment, which is the main thread's JavaScript or a
//! worker's. It delivers outcomes to JavaScript in batches.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};

use chatkeep::{MessageSink, Result};
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{
    ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue,
};
use napi::{Either, Env, Status};
use napi_derive::napi;

use crate::response::{JsValue, Response, js_integer};
use crate::tuned::log_message;

/// Maximum number of promises that are settled before the event loop can run other work.
const MAX_BATCH: usize = 256;

/// Outcomes of completed calls.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Batch {
    /// Calls with an integer outcome, as alternating call numbers and integers.
    pub integers: Vec<f64>,
    /// Numbers of the calls with other outcomes.
    pub calls: Vec<f64>,
    /// Outcomes of `calls`, in the same order.
    #[napi(ts_type = "(null | boolean | number | string | Failure)[]")]
    pub responses: Vec<JsValue>,
    /// Whether more outcomes are queued; `fetch` returns them.
    pub more: bool,
}

/// Wakes the environment's event loop, and keeps the loop alive while it is referenced.
type LoopWaker = ThreadsafeFunction<(), UnknownReturnValue, Batch, Status, false, true>;

/// The mailbox of an environment.
#[napi]
pub struct Mailbox {
    completions: Arc<CompletionQueue>,
}

/// The part of a mailbox that other threads use. It owns no JavaScript values.
pub(crate) struct CompletionQueue {
    posted: Mutex<Posted>,
    /// Locked for writing only on the environment's own thread, and only briefly.
    waker: OnceLock<RwLock<LoopWaker>>,
    /// Number of calls without an outcome. It is changed only on the environment's own thread.
    open: AtomicUsize,
}

#[derive(Default)]
struct Posted {
    outcomes: VecDeque<(u64, Response)>,
    /// The event loop has been woken and has not yet drained the queue.
    is_woken: bool,
    /// The environment has ended and will not read any more outcomes.
    is_closed: bool,
}

#[napi]
impl Mailbox {
    /// Creates a mailbox that passes outcomes to `settle`, at most 256 per call.
    #[napi(constructor)]
    pub fn new(settle: Function<'_, Batch, UnknownReturnValue>) -> napi::Result<Self> {
        let completions = Arc::new(CompletionQueue {
            posted: Mutex::default(),
            waker: OnceLock::new(),
            open: AtomicUsize::new(0),
        });
        let weak = Arc::downgrade(&completions);
        let waker = settle
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(move |context| {
                Ok(Weak::upgrade(&weak)
                    .map_or_else(Batch::default, |completions| completions.fetch(&context.env)))
            })?;
        // The cell is empty: this is the only place that sets it.
        let _ = completions.waker.set(RwLock::new(waker));
        Ok(Self { completions })
    }

    /// Removes and returns the next outcomes.
    #[napi]
    pub fn fetch(&self, env: Env) -> Batch {
        self.completions.fetch(&env)
    }

    pub(crate) fn completions(&self) -> Arc<CompletionQueue> {
        Arc::clone(&self.completions)
    }
}

impl CompletionQueue {
    /// Counts a started call. The event loop stays alive until the call has an outcome.
    pub(crate) fn begin_call(&self, env: &Env) {
        if self.open.fetch_add(1, Ordering::Relaxed) == 0 {
            self.keep_alive(env, true);
        }
    }

    /// Reverts [`Self::begin_call`] for a call that failed to start.
    pub(crate) fn cancel_call(&self, env: &Env) {
        self.end_calls(env, 1);
    }

    fn end_calls(&self, env: &Env, calls: usize) {
        if calls > 0 && self.open.fetch_sub(calls, Ordering::Relaxed) == calls {
            self.keep_alive(env, false);
        }
    }

    fn keep_alive(&self, env: &Env, is_alive: bool) {
        let Some(waker) = self.waker.get() else { return };
        let mut waker = waker.write().unwrap_or_else(PoisonError::into_inner);
        #[expect(
            deprecated,
            reason = "a permanently weak function would let the process end too early"
        )]
        let done = if is_alive { waker.refer(env) } else { waker.unref(env) };
        // It fails only while the environment is ending, when keeping it alive has no effect.
        drop(done);
    }

    /// Queues outcomes, and wakes the event loop unless it has already been woken.
    pub(crate) fn post(&self, outcomes: impl IntoIterator<Item = (u64, Response)>) {
        let must_wake = {
            let mut posted = self.lock();
            if posted.is_closed {
                return;
            }
            posted.outcomes.extend(outcomes);
            !std::mem::replace(&mut posted.is_woken, true)
        };
        if must_wake && !self.wake() {
            let mut posted = self.lock();
            posted.is_closed = true;
            posted.outcomes = VecDeque::new();
        }
    }

    /// Wakes the event loop. Returns false if the environment has ended, for example a worker that
    /// was terminated.
    fn wake(&self) -> bool {
        self.waker.get().is_some_and(|waker| {
            let waker = waker.read().unwrap_or_else(PoisonError::into_inner);
            waker.call((), ThreadsafeFunctionCallMode::NonBlocking) == Status::Ok
        })
    }

    /// Removes and returns the next outcomes, on the environment's own thread.
    fn fetch(&self, env: &Env) -> Batch {
        let mut batch = Batch::default();
        let outcomes: Vec<_> = {
            let mut posted = self.lock();
            let count = posted.outcomes.len().min(MAX_BATCH);
            let outcomes = posted.outcomes.drain(..count).collect();
            batch.more = !posted.outcomes.is_empty();
            // While more outcomes are queued, JavaScript fetches again without being woken.
            posted.is_woken = batch.more;
            outcomes
        };
        self.end_calls(env, outcomes.len());
        for (number, response) in outcomes {
            let number = call_number(number);
            match response {
                Response::Integer(value) => match js_integer(value) {
                    Either::A(value) => batch.integers.extend([number, value]),
                    Either::B(_) => batch.push(number, Response::Integer(value)),
                },
                response => batch.push(number, response),
            }
        }
        batch
    }

    fn lock(&self) -> MutexGuard<'_, Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    fn push(&mut self, number: f64, response: Response) {
        self.calls.push(number);
        self.responses.push(response.into_js());
    }
}

#[expect(clippy::cast_precision_loss, reason = "call numbers come from a JavaScript number")]
fn call_number(number: u64) -> f64 {
    number as f64
}

impl MessageSink for CompletionQueue {
    fn complete(&self, outcomes: Vec<(u64, Result<i64>)>) {
        let failed = |error| Response::Failed(log_message().rename(error));
        self.post(
            outcomes
                .into_iter()
                .map(|(number, outcome)| (number, outcome.map_or_else(failed, Response::Integer))),
        );
    }
}
