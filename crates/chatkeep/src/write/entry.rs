//! A message that waits for a writer, and how its caller is told the outcome.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::interruption::{self, Waited};
use chatkeep_core::{Error, NewMessage, Result};
use tokio::sync::oneshot;

use super::queue::Before;
use crate::background::Pending;

/// Takes the outcomes of messages that were handed in with
/// [`MessageLogger::hand_in`](crate::MessageLogger::hand_in): all those of one commit in one call.
///
/// A language binding implements it, to enter its interpreter once for all of them.
pub trait MessageSink: Send + Sync {
    /// The outcomes, each with the number that its message was handed in with. Called on a thread of chatkeep's that has
    /// other messages to write: hand them on, and return.
    fn settle(&self, outcomes: Vec<(u64, Result<i64>)>);
}

/// A message of a caller who is owed its outcome. Dropped without one, it tells the caller so.
pub(super) struct Entry {
    message: NewMessage,
    size: usize,
    /// When the call began.
    since: Instant,
    /// Until it is told.
    caller: Option<Caller>,
    /// Ends with the entry, after the caller was told.
    _pending: Pending,
}

/// Who is told the outcome.
pub(super) enum Caller {
    /// A thread that waits, and may be asked to write.
    Blocked(Arc<Waiter>),
    /// A future, which somebody may or may not await any more.
    Future(oneshot::Sender<Result<i64>>),
    /// Whoever handed the message in under this number.
    Sink(Arc<dyn MessageSink>, u64),
}

/// Where a blocked caller waits.
pub(super) struct Waiter {
    /// A caller whose waits may be broken off must not write for others.
    can_lead: bool,
    answer: Mutex<Option<Answer>>,
    answered: Condvar,
}

pub(super) enum Answer {
    Outcome(Result<i64>),
    /// Lead after these: your own entry and those behind it.
    Lead(Before, Vec<Entry>),
}

impl Entry {
    pub(super) fn new(message: NewMessage, caller: Caller, pending: Pending) -> Self {
        let size = usize::try_from(message.size_in_bytes()).unwrap_or(usize::MAX);
        Self { message, size, since: Instant::now(), caller: Some(caller), _pending: pending }
    }

    /// When the call began, which has been waiting since.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The message, for the one who writes it.
    pub(super) fn take_message(&mut self) -> NewMessage {
        std::mem::take(&mut self.message)
    }

    /// The place where the caller waits, if it is a thread.
    pub(super) fn waiter(&self) -> Option<&Arc<Waiter>> {
        match &self.caller {
            Some(Caller::Blocked(waiter)) => Some(waiter),
            _ => None,
        }
    }

    /// The caller knows by itself.
    pub(super) fn dismiss(mut self) {
        self.caller = None;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some(caller) = self.caller.take() else { return };
        let lost = Error::internal("the call that wrote this message for others ended in a panic")
            .with_operation("log_message");
        match caller {
            Caller::Blocked(waiter) => waiter.answer_with(Answer::Outcome(Err(lost))),
            Caller::Future(sender) => {
                let _ = sender.send(Err(lost));
            }
            Caller::Sink(sink, number) => sink.settle(vec![(number, Err(lost))]),
        }
    }
}

/// Tells each caller its outcome; each sink all of its own at once.
pub(super) fn settle(told: impl Iterator<Item = (Entry, Result<i64>)>) {
    struct Batch {
        sink: Arc<dyn MessageSink>,
        outcomes: Vec<(u64, Result<i64>)>,
        /// They have not ended before the sink knows.
        entries: Vec<Entry>,
    }
    let mut batches: Vec<Batch> = Vec::new();
    for (mut entry, outcome) in told {
        let outcome = outcome.map_err(|error| error.with_operation("log_message"));
        match entry.caller.take() {
            Some(Caller::Blocked(waiter)) => waiter.answer_with(Answer::Outcome(outcome)),
            Some(Caller::Future(sender)) => {
                // Who stopped waiting is told nothing; the message is stored all the same.
                let _ = sender.send(outcome);
            }
            Some(Caller::Sink(sink, number)) => {
                if let Some(batch) =
                    batches.iter_mut().find(|batch| Arc::ptr_eq(&batch.sink, &sink))
                {
                    batch.outcomes.push((number, outcome));
                    batch.entries.push(entry);
                } else {
                    batches.push(Batch {
                        sink,
                        outcomes: vec![(number, outcome)],
                        entries: vec![entry],
                    });
                }
            }
            None => {}
        }
    }
    for batch in batches {
        batch.sink.settle(batch.outcomes);
        drop(batch.entries);
    }
}

impl Waiter {
    /// A place for the caller that this thread is.
    pub(super) fn of_this_thread() -> Arc<Self> {
        let can_lead = !interruption::is_interruptible();
        Arc::new(Self { can_lead, answer: Mutex::default(), answered: Condvar::new() })
    }

    pub(super) fn can_lead(&self) -> bool {
        self.can_lead
    }

    /// Waits for the answer, for so long if there is a limit. Else, why there is none.
    pub(super) fn wait(&self, longest: Option<Duration>) -> Result<Answer, Waited> {
        let answer = self.lock();
        let missing = |answer: &mut Option<_>| answer.is_none();
        let (mut answer, waited) =
            interruption::wait_while(&self.answered, &self.answer, answer, longest, missing);
        answer.take().ok_or(waited)
    }

    pub(super) fn answer_with(&self, given: Answer) {
        *self.lock() = Some(given);
        self.answered.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Answer>> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
