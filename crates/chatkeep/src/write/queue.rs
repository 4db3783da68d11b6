//! Who writes now, and who waits: a bounded queue whose first becomes the next leader.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::{Error, ErrorKind, NewMessage, Result};

/// A group has at most this many rows and bytes: one statement on every engine.
const GROUP_ROWS: usize = 500;
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// The queue takes at most this much. Then callers wait for room: nothing is ever dropped.
const QUEUE_ROWS: usize = 10_000;
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// Messages that wait for a writer.
pub(super) struct Queue {
    /// Leaders at a time.
    leaders: u32,
    state: Mutex<State>,
    /// Room has come free.
    room: Condvar,
}

#[derive(Default)]
struct State {
    leading: u32,
    waiting: VecDeque<Entry>,
    bytes: usize,
}

/// What a caller is to do.
pub(super) enum Turn<'a> {
    /// Nobody is in the way: write your own message.
    Alone(Leadership<'a>),
    /// Write these messages; the first is your own.
    Lead(Leadership<'a>, Vec<Entry>),
    /// Somebody wrote your message.
    Done(Result<i64>),
}

/// A message of a caller who waits for its outcome. Dropped without one, it tells the caller so.
pub(super) struct Entry {
    message: NewMessage,
    size: usize,
    waiter: Arc<Waiter>,
    settled: bool,
}

struct Waiter {
    answer: Mutex<Option<Answer>>,
    answered: Condvar,
}

enum Answer {
    Outcome(Result<i64>),
    /// Lead: your own entry and those behind it.
    Lead(Vec<Entry>),
}

/// The right to write. When it ends, the first in the queue gets it.
pub(super) struct Leadership<'a> {
    queue: &'a Queue,
}

impl Queue {
    pub(super) fn new(leaders: u32) -> Self {
        Self { leaders, state: Mutex::default(), room: Condvar::new() }
    }

    /// Writes down that a message is to be written, and waits until the caller is to do something about it.
    pub(super) fn enter(&self, message: &NewMessage, longest: Duration) -> Result<Turn<'_>> {
        let waiter = {
            let mut state = lock(&self.state);
            // The queue is empty whenever a leader is missing, so nobody is overtaken.
            if state.leading < self.leaders {
                state.leading += 1;
                return Ok(Turn::Alone(Leadership { queue: self }));
            }
            let size = size(message);
            state = self.wait_for_room(state, size, longest)?;
            if state.leading < self.leaders && state.waiting.is_empty() {
                state.leading += 1;
                return Ok(Turn::Alone(Leadership { queue: self }));
            }
            let waiter = Arc::new(Waiter { answer: Mutex::new(None), answered: Condvar::new() });
            state.bytes += size;
            state.waiting.push_back(Entry {
                message: message.clone(),
                size,
                waiter: Arc::clone(&waiter),
                settled: false,
            });
            waiter
        };
        Ok(match waiter.wait() {
            Answer::Outcome(outcome) => Turn::Done(outcome),
            Answer::Lead(group) => Turn::Lead(Leadership { queue: self }, group),
        })
    }

    fn wait_for_room<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        size: usize,
        longest: Duration,
    ) -> Result<MutexGuard<'a, State>> {
        let end = Instant::now() + longest;
        while !state.has_room(size) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::new(
                    ErrorKind::PoolTimeout,
                    format!(
                        "{} messages are waiting to be written, and none was within {} s",
                        state.waiting.len(),
                        longest.as_secs_f64()
                    ),
                ));
            }
            state = self.room.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(state)
    }
}

impl State {
    /// An empty queue takes any message, however large.
    fn has_room(&self, size: usize) -> bool {
        self.waiting.is_empty() || (self.waiting.len() < QUEUE_ROWS && self.bytes + size <= QUEUE_BYTES)
    }

    /// Moves as much of the queue's head as belongs into one group.
    fn fill(&mut self, group: &mut Vec<Entry>) {
        let mut bytes: usize = group.iter().map(|entry| entry.size).sum();
        while let Some(next) = self.waiting.front() {
            let fits = group.is_empty() || (group.len() < GROUP_ROWS && bytes + next.size <= GROUP_BYTES);
            if !fits {
                break;
            }
            if let Some(entry) = self.waiting.pop_front() {
                bytes += entry.size;
                self.bytes -= entry.size;
                group.push(entry);
            }
        }
    }
}

impl Leadership<'_> {
    /// Takes in who came between being chosen and beginning to write.
    pub(super) fn top_up(&self, group: &mut Vec<Entry>) {
        lock(&self.queue.state).fill(group);
        self.queue.room.notify_all();
    }
}

impl Drop for Leadership<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.queue.state);
        let mut group = Vec::new();
        state.fill(&mut group);
        match group.first() {
            Some(first) => {
                let waiter = Arc::clone(&first.waiter);
                drop(state);
                waiter.answer_with(Answer::Lead(group));
                self.queue.room.notify_all();
            }
            None => state.leading -= 1,
        }
    }
}

impl Entry {
    /// The message, for the one who writes it.
    pub(super) fn take_message(&mut self) -> NewMessage {
        std::mem::take(&mut self.message)
    }

    /// Tells the caller what became of its message.
    pub(super) fn settle(mut self, outcome: Result<i64>) {
        self.settled = true;
        self.waiter.answer_with(Answer::Outcome(outcome));
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.settled {
            let lost = Error::internal("the call that wrote this message for others ended in a panic");
            self.waiter.answer_with(Answer::Outcome(Err(lost)));
        }
    }
}

impl Waiter {
    fn wait(&self) -> Answer {
        let mut answer = lock(&self.answer);
        loop {
            match answer.take() {
                Some(given) => return given,
                None => answer = self.answered.wait(answer).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn answer_with(&self, given: Answer) {
        *lock(&self.answer) = Some(given);
        self.answered.notify_one();
    }
}

fn size(message: &NewMessage) -> usize {
    usize::try_from(message.size_in_bytes()).unwrap_or(usize::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
