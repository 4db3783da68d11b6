//! Where the outcomes of an environment's calls lie until JavaScript fetches them. An environment is the main thread's
//! JavaScript, or a worker's.

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

use crate::answer::{Answer, Told, whole};

/// So many promises are settled at a time; then the event loop may turn to something else.
const AT_A_TIME: usize = 256;

/// What became of some calls.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Batch {
    /// Calls that are answered by a whole number: the call's number, the answer, the next call's number, and so on.
    pub whole: Vec<f64>,
    /// The numbers of other calls.
    pub calls: Vec<f64>,
    /// Their answers, in the same order.
    #[napi(ts_type = "(null | boolean | number | string | Failure)[]")]
    pub answers: Vec<Told>,
    /// Whether there are more, to be fetched with `fetch`.
    pub more: bool,
}

/// Wakes the environment's event loop, and keeps it alive while it is referred to.
type Bell = ThreadsafeFunction<(), UnknownReturnValue, Batch, Status, false, true>;

/// The mailbox of an environment.
#[napi]
pub struct Mailbox {
    slot: Arc<Slot>,
}

/// The side of it that other threads see. Nothing in it belongs to JavaScript.
pub(crate) struct Slot {
    posted: Mutex<Posted>,
    /// Locked for writing on the environment's own thread alone, for an instant.
    bell: OnceLock<RwLock<Bell>>,
    /// Calls that have not been answered. It is counted on the environment's own thread alone.
    open: AtomicUsize,
}

#[derive(Default)]
struct Posted {
    outcomes: VecDeque<(u64, Answer)>,
    /// The bell was rung, and the environment has not yet emptied this.
    is_rung: bool,
    /// The environment has ended: nobody will ever look.
    is_closed: bool,
}

#[napi]
impl Mailbox {
    /// A mailbox whose outcomes are handed to this function, some hundred in one call.
    #[napi(constructor)]
    pub fn new(settle: Function<'_, Batch, UnknownReturnValue>) -> napi::Result<Self> {
        let slot = Arc::new(Slot {
            posted: Mutex::default(),
            bell: OnceLock::new(),
            open: AtomicUsize::new(0),
        });
        let weak = Arc::downgrade(&slot);
        let bell = settle
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(move |rung| {
                Ok(Weak::upgrade(&weak).map_or_else(Batch::default, |slot| slot.fetch(&rung.env)))
            })?;
        // It is the first.
        let _ = slot.bell.set(RwLock::new(bell));
        Ok(Self { slot })
    }

    /// Takes the next outcomes out.
    #[napi]
    pub fn fetch(&self, env: Env) -> Batch {
        self.slot.fetch(&env)
    }

    pub(crate) fn slot(&self) -> Arc<Slot> {
        Arc::clone(&self.slot)
    }
}

impl Slot {
    /// A call begins: from now on its outcome is waited for.
    pub(crate) fn begin(&self, env: &Env) {
        if self.open.fetch_add(1, Ordering::Relaxed) == 0 {
            self.keep_alive(env, true);
        }
    }

    /// It did not, after all.
    pub(crate) fn forget(&self, env: &Env) {
        self.end(env, 1);
    }

    fn end(&self, env: &Env, calls: usize) {
        if calls > 0 && self.open.fetch_sub(calls, Ordering::Relaxed) == calls {
            self.keep_alive(env, false);
        }
    }

    fn keep_alive(&self, env: &Env, is_alive: bool) {
        let Some(bell) = self.bell.get() else { return };
        let mut bell = bell.write().unwrap_or_else(PoisonError::into_inner);
        #[expect(
            deprecated,
            reason = "a function that is weak for good would end the process before its outcomes come"
        )]
        let done = if is_alive { bell.refer(env) } else { bell.unref(env) };
        // It fails only where the environment is ending, and then it does not matter.
        drop(done);
    }

    /// Lays an outcome in, and wakes the event loop unless it is about to look anyway.
    pub(crate) fn post(&self, outcomes: impl IntoIterator<Item = (u64, Answer)>) {
        let must_ring = {
            let mut posted = self.lock();
            if posted.is_closed {
                return;
            }
            posted.outcomes.extend(outcomes);
            !std::mem::replace(&mut posted.is_rung, true)
        };
        if must_ring && !self.ring() {
            let mut posted = self.lock();
            posted.is_closed = true;
            posted.outcomes = VecDeque::new();
        }
    }

    /// Rings. False when the environment has ended, as a worker that was terminated.
    fn ring(&self) -> bool {
        self.bell.get().is_some_and(|bell| {
            let bell = bell.read().unwrap_or_else(PoisonError::into_inner);
            bell.call((), ThreadsafeFunctionCallMode::NonBlocking) == Status::Ok
        })
    }

    /// Takes the next outcomes out, on the environment's own thread.
    fn fetch(&self, env: &Env) -> Batch {
        let mut batch = Batch::default();
        let outcomes: Vec<_> = {
            let mut posted = self.lock();
            let count = posted.outcomes.len().min(AT_A_TIME);
            let outcomes = posted.outcomes.drain(..count).collect();
            batch.more = !posted.outcomes.is_empty();
            // While there are more, the environment comes back by itself.
            posted.is_rung = batch.more;
            outcomes
        };
        self.end(env, outcomes.len());
        for (number, answer) in outcomes {
            let number = call_number(number);
            match answer {
                Answer::Whole(value) => match whole(value) {
                    Either::A(value) => batch.whole.extend([number, value]),
                    Either::B(_) => batch.answer(number, Answer::Whole(value)),
                },
                answer => batch.answer(number, answer),
            }
        }
        batch
    }

    fn lock(&self) -> MutexGuard<'_, Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    fn answer(&mut self, number: f64, answer: Answer) {
        self.calls.push(number);
        self.answers.push(answer.told());
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript counted it")]
fn call_number(number: u64) -> f64 {
    number as f64
}

impl MessageSink for Slot {
    fn settle(&self, outcomes: Vec<(u64, Result<i64>)>) {
        self.post(
            outcomes.into_iter().map(|(number, outcome)| {
                (number, outcome.map_or_else(Answer::Failed, Answer::Whole))
            }),
        );
    }
}
