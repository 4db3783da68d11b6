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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn message(text: &str) -> NewMessage {
        NewMessage::new(text)
    }

    /// Waits until so many callers queue up.
    fn wait_for_queue(queue: &Queue, length: usize) {
        while lock(&queue.state).waiting.len() < length {
            thread::yield_now();
        }
    }

    /// What a caller does with its turn: a number for each message of the group, its own first.
    fn serve(turn: Turn<'_>) -> Result<i64> {
        match turn {
            Turn::Alone(_) => Ok(0),
            Turn::Lead(leadership, mut group) => {
                leadership.top_up(&mut group);
                for (place, entry) in group.into_iter().enumerate().skip(1) {
                    entry.settle(Ok(place as i64));
                }
                Ok(100)
            }
            Turn::Done(outcome) => outcome,
        }
    }

    #[test]
    fn who_comes_while_another_writes_goes_into_one_group() {
        let queue = Queue::new(1);
        let first = queue.enter(&message("first"), LONG).unwrap();
        assert!(matches!(first, Turn::Alone(_)), "nobody was writing");
        thread::scope(|scope| {
            let others: Vec<_> = (0..5)
                .map(|_| scope.spawn(|| serve(queue.enter(&message("other"), LONG).unwrap())))
                .collect();
            wait_for_queue(&queue, 5);
            drop(first);
            let mut outcomes: Vec<_> =
                others.into_iter().map(|other| other.join().unwrap().unwrap()).collect();
            outcomes.sort_unstable();
            assert_eq!(outcomes, [1, 2, 3, 4, 100], "one led, and the others were told");
        });
        assert!(
            matches!(queue.enter(&message("last"), LONG).unwrap(), Turn::Alone(_)),
            "the right was given back"
        );
    }

    #[test]
    fn a_leader_that_panics_fails_its_group_and_nobody_else() {
        let queue = Queue::new(1);
        let first = queue.enter(&message("first"), LONG).unwrap();
        thread::scope(|scope| {
            let others: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| match queue.enter(&message("other"), LONG).unwrap() {
                        Turn::Lead(_leadership, _group) => panic!("in the middle of writing"),
                        Turn::Alone(_) => Ok(0),
                        Turn::Done(outcome) => outcome,
                    })
                })
                .collect();
            wait_for_queue(&queue, 3);
            drop(first);
            let ended: Vec<_> = others.into_iter().map(thread::ScopedJoinHandle::join).collect();
            assert_eq!(ended.iter().filter(|end| end.is_err()).count(), 1, "the leader itself");
            let told = ended.into_iter().flatten().map(|outcome| outcome.unwrap_err().kind());
            assert_eq!(told.collect::<Vec<_>>(), [ErrorKind::Internal; 2]);
        });
        assert!(matches!(queue.enter(&message("last"), LONG).unwrap(), Turn::Alone(_)));
    }

    #[test]
    fn a_full_queue_makes_callers_wait_and_then_says_so() {
        let queue = Queue::new(1);
        let first = queue.enter(&message("first"), LONG).unwrap();
        let large = NewMessage::new("x".repeat(QUEUE_BYTES));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| serve(queue.enter(&large, LONG).unwrap()));
            wait_for_queue(&queue, 1);
            let refused = queue.enter(&message("one more"), Duration::from_millis(20));
            assert_eq!(refused.err().map(|error| error.kind()), Some(ErrorKind::PoolTimeout));
            drop(first);
            assert_eq!(waiting.join().unwrap().unwrap(), 100, "an empty queue takes a message of any size");
        });
    }
}
