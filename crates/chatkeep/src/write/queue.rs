//! Who writes now, and who waits: a bounded queue whose first becomes the next leader.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::interruption::{self, Waited};
use chatkeep_core::{Error, ErrorKind, NewMessage, Result};
use chatkeep_pool::OfProcess;

use super::clock::Clock;
use super::entry::{Answer, Caller, Entry, Waiter, settle};
use super::line::Line;
use super::storage::Storage;
use crate::background::{Crew, Progress};

/// Messages that wait for a writer.
pub(super) struct Queue {
    storage: Storage,
    /// Leaders at a time.
    leaders: u32,
    /// Threads that lead when no caller can, because nobody blocks.
    threads: Crew,
    progress: Arc<Progress>,
    state: Mutex<State>,
}

/// Leaders keep the queue alive as long as they lead.
pub(super) type SharedQueue = Arc<OfProcess<Queue>>;

#[derive(Default)]
struct State {
    leading: u32,
    line: Line,
    clock: Clock,
    /// Whether the group that was written last had several messages: the next one who comes is not alone.
    company: bool,
    closed: bool,
}

/// What a blocked caller is to do.
pub(super) enum Turn {
    /// Nobody is in the way: write your own message.
    Alone(Leadership),
    /// Write these messages; the first is your own.
    Lead(Leadership, Vec<Entry>),
    /// Somebody wrote your message.
    Done(Result<i64>),
}

/// The right to write. When it ends, the first in the queue gets it.
pub(super) struct Leadership {
    queue: SharedQueue,
    /// Whether others are likely to come while it writes.
    company: bool,
}

impl Queue {
    pub(super) fn new(storage: Storage, leaders: u32) -> Self {
        let threads = Crew::new("chatkeep-write", leaders as usize);
        Self { storage, leaders, threads, progress: Arc::default(), state: Mutex::default() }
    }

    /// Writes down that a message is to be written, and waits until the caller is to do something about it.
    pub(super) fn enter(self_: &SharedQueue, message: &NewMessage, longest: Duration) -> Result<Turn> {
        let waiter = Waiter::of_this_thread();
        let is_in = {
            let mut state = self_.lock();
            state.check_open()?;
            // The queue is empty whenever a leader is missing, so nobody is overtaken.
            let is_free = state.leading < self_.leaders;
            if is_free {
                state.leading += 1;
            }
            if is_free && !(state.company && waiter.can_lead()) {
                return Ok(Turn::Alone(Leadership::new(self_, false)));
            }
            let caller = Caller::Blocked(Arc::clone(&waiter));
            let mut message = message.clone();
            state.clock.stamp(&mut message);
            let entry = Entry::new(message, caller, self_.progress.begin());
            if is_free {
                return Ok(Turn::Lead(Leadership::new(self_, true), vec![entry]));
            }
            state.line.push(entry)
        };
        let answer = match waiter.wait((!is_in).then_some(longest)) {
            Ok(answer) => answer,
            Err(Waited::Interrupted) => return Err(self_.leave_at_once(&waiter)),
            Err(_) => self_.leave(&waiter, longest)?,
        };
        Ok(match answer {
            Answer::Outcome(outcome) => Turn::Done(outcome),
            Answer::Lead(group) => Turn::Lead(Leadership::new(self_, true), group),
        })
    }

    /// There was no room for so long. But there may be by now.
    fn leave(&self, waiter: &Arc<Waiter>, longest: Duration) -> Result<Answer> {
        let left = {
            let mut state = self.lock();
            state.line.leave(waiter).map(|entry| (entry, state.line.len()))
        };
        match left {
            Some((entry, others)) => {
                entry.dismiss();
                Err(no_room(others, longest))
            }
            None => waiter.wait(None).map_err(|_| self.leave_at_once(waiter)),
        }
    }

    /// The caller breaks its wait off. Somebody may be writing its message by now.
    fn leave_at_once(&self, waiter: &Arc<Waiter>) -> Error {
        let left = {
            let mut state = self.lock();
            state.line.leave(waiter).or_else(|| state.line.leave_queue(waiter))
        };
        match left {
            Some(entry) => {
                entry.dismiss();
                interruption::interrupted()
            }
            None => interruption::interrupted_with_unknown_outcome(),
        }
    }

    /// Writes down that a message is to be written, by a thread of chatkeep's.
    pub(super) fn hand_in(self_: &SharedQueue, mut message: NewMessage, caller: Caller) -> Result<()> {
        let (entry, company) = {
            let mut state = self_.lock();
            state.check_open()?;
            state.clock.stamp(&mut message);
            let entry = Entry::new(message, caller, self_.progress.begin());
            if state.leading == self_.leaders {
                state.line.push(entry);
                return Ok(());
            }
            state.leading += 1;
            (entry, state.company)
        };
        Leadership::new(self_, company).lead_on_a_thread(vec![entry]);
        Ok(())
    }

    /// Waits for the messages that were handed in by now, and says how many have not ended when the time is over.
    pub(super) fn wait(&self, until: Instant) -> usize {
        self.progress.wait(until)
    }

    /// Takes no more messages.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    /// Refuses what is waiting still.
    pub(super) fn refuse_waiting(&self) {
        let waiting = self.lock().line.take_all();
        settle(waiting.into_iter().map(|entry| (entry, Err(closed()))));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check_open(&self) -> Result<()> {
        if self.closed { Err(closed()) } else { Ok(()) }
    }
}

impl Leadership {
    fn new(queue: &SharedQueue, company: bool) -> Self {
        Self { queue: Arc::clone(queue), company }
    }

    /// Writes these messages, and those of others who come before the commit; only of blocked callers if so wished. Returns the
    /// outcome of each.
    pub(super) fn write(&mut self, group: &mut Vec<Entry>, blocked: bool) -> Vec<Result<i64>> {
        self.top_up(group, blocked);
        let storage = &self.queue.storage;
        let outcomes = match group.as_mut_slice() {
            // A plain insert, which nobody can join.
            [alone] if !self.company => vec![storage.insert(&alone.take_message())],
            _ => storage.insert_group(group, |group| self.top_up(group, blocked)),
        };
        self.company = group.len() > 1;
        outcomes
    }

    /// Takes in who came between being chosen and beginning to write.
    pub(super) fn top_up(&self, group: &mut Vec<Entry>, blocked: bool) {
        let longest = self.queue.storage.pool().settings().pool_timeout;
        let (too_late, waiting) = {
            let mut state = self.queue.lock();
            state.line.fill(group, blocked);
            (state.line.let_in_next(longest), state.line.len())
        };
        settle(too_late.into_iter().map(|entry| (entry, Err(no_room(waiting, longest)))));
    }

    /// Has a thread of chatkeep's write these messages. Without one they fail: callers must not find themselves writing.
    fn lead_on_a_thread(self, group: Vec<Entry>) {
        let queue = Arc::clone(&self.queue);
        let work = Arc::new(Mutex::new(Some((self, group))));
        let take = |work: &Mutex<Option<_>>| work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let theirs = Arc::clone(&work);
        let started = queue.threads.hand_in(Box::new(move || {
            if let Some((leadership, group)) = take(&theirs) {
                leadership.lead(group);
            }
        }));
        if let Err(error) = started
            && let Some((_leadership, group)) = take(&work)
        {
            settle(group.into_iter().map(|entry| (entry, Err(error.clone()))));
        }
    }

    fn lead(mut self, mut group: Vec<Entry>) {
        let outcomes = self.write(&mut group, false);
        settle(group.into_iter().zip(outcomes));
    }
}

impl Drop for Leadership {
    fn drop(&mut self) {
        let longest = self.queue.storage.pool().settings().pool_timeout;
        let mut state = self.queue.lock();
        state.company = self.company;
        let mut group = Vec::new();
        // A caller who leads must not have to tell the outcomes of those who do not block.
        let blocked = state.line.only_blocked();
        state.line.fill(&mut group, blocked);
        let too_late = state.line.let_in_next(longest);
        let waiting = state.line.len();
        if group.is_empty() {
            state.leading -= 1;
        }
        drop(state);
        settle(too_late.into_iter().map(|entry| (entry, Err(no_room(waiting, longest)))));
        let Some(first) = group.first() else { return };
        match first.waiter().filter(|waiter| blocked && waiter.can_lead()).map(Arc::clone) {
            Some(waiter) => waiter.answer_with(Answer::Lead(group)),
            None => Leadership::new(&self.queue, true).lead_on_a_thread(group),
        }
    }
}

fn no_room(waiting: usize, longest: Duration) -> Error {
    let seconds = longest.as_secs_f64();
    Error::new(
        ErrorKind::PoolTimeout,
        format!(
            "{waiting} messages are waiting to be written, and there was no room for one more within {seconds} s"
        ),
    )
}

fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "this Chatkeep is closed")
}

#[cfg(test)]
mod tests {
    use std::thread;

    use chatkeep_core::DatabaseUrl;
    use chatkeep_pool::{PerProcess, Pool, PoolSettings};

    use super::super::line::QUEUE_BYTES;
    use super::*;
    use crate::background::Calls;
    use crate::counting::Counting;

    const LONG: Duration = Duration::from_secs(60);

    /// A queue whose threads find no table to write into.
    fn queue() -> SharedQueue {
        let settings = PoolSettings { pool_timeout: Duration::from_millis(20), ..PoolSettings::default() };
        let pool = Arc::new(Pool::new(DatabaseUrl::sqlite_memory(), settings).unwrap());
        let counting = Arc::new(Counting::new(Arc::clone(&pool), Arc::new(Calls::new(1))));
        PerProcess::new(Queue::new(Storage::new(pool, counting, None), 1)).get(|| unreachable!("no fork"))
    }

    fn enter(queue: &SharedQueue, text: &str) -> Result<Turn> {
        Queue::enter(queue, &NewMessage::new(text), LONG)
    }

    /// Waits until so many callers queue up.
    fn wait_for_queue(queue: &Queue, length: usize) {
        while queue.lock().line.len() < length {
            thread::yield_now();
        }
    }

    /// Whether the caller writes its own message, and no other's.
    fn can_write(turn: &Turn) -> bool {
        match turn {
            Turn::Alone(_) => true,
            Turn::Lead(_, group) => group.len() == 1,
            Turn::Done(_) => false,
        }
    }

    /// What a caller does with its turn: a number for each message of the group, its own first.
    fn serve(turn: Turn) -> Result<i64> {
        match turn {
            Turn::Alone(_) => Ok(0),
            Turn::Lead(leadership, mut group) => {
                leadership.top_up(&mut group, true);
                let mut group = group.into_iter();
                group.next().expect("its own").dismiss();
                settle(group.zip((1..).map(Ok)));
                Ok(100)
            }
            Turn::Done(outcome) => outcome,
        }
    }

    /// Keeps what it is told.
    #[derive(Default)]
    struct Told(Mutex<Vec<Vec<(u64, ErrorKind)>>>, Mutex<Option<thread::ThreadId>>);

    impl super::super::MessageSink for Told {
        fn settle(&self, outcomes: Vec<(u64, Result<i64>)>) {
            *self.1.lock().unwrap() = Some(thread::current().id());
            let kinds = outcomes.into_iter().map(|(number, outcome)| (number, outcome.unwrap_err().kind()));
            self.0.lock().unwrap().push(kinds.collect());
        }
    }

    #[test]
    fn who_comes_while_another_writes_goes_into_one_group() {
        let queue = queue();
        let first = enter(&queue, "first").unwrap();
        assert!(matches!(first, Turn::Alone(_)), "nobody was writing");
        thread::scope(|scope| {
            let others: Vec<_> =
                (0..5).map(|_| scope.spawn(|| serve(enter(&queue, "other").unwrap()))).collect();
            wait_for_queue(&queue, 5);
            drop(first);
            let mut outcomes: Vec<_> =
                others.into_iter().map(|other| other.join().unwrap().unwrap()).collect();
            outcomes.sort_unstable();
            assert_eq!(outcomes, [1, 2, 3, 4, 100], "one led, and the others were told");
        });
        assert!(can_write(&enter(&queue, "last").unwrap()), "the right was given back");
    }

    #[test]
    fn after_a_group_others_can_join_until_one_was_alone_again() {
        let queue = queue();
        let first = enter(&queue, "first").unwrap();
        thread::scope(|scope| {
            let others: Vec<_> =
                (0..2).map(|_| scope.spawn(|| serve(enter(&queue, "other").unwrap()))).collect();
            wait_for_queue(&queue, 2);
            drop(first);
            for other in others {
                other.join().unwrap().unwrap();
            }
        });
        let Turn::Lead(mut leadership, mut group) = enter(&queue, "next").unwrap() else {
            panic!("there was company")
        };
        assert_eq!(leadership.write(&mut group, true).len(), 1);
        group.pop().expect("its own").dismiss();
        drop(leadership);
        assert!(matches!(enter(&queue, "last").unwrap(), Turn::Alone(_)), "nobody came");
    }

    #[test]
    fn what_was_handed_in_is_written_by_another_thread_and_told_at_once() {
        let queue = queue();
        let told = Arc::new(Told::default());
        let first = enter(&queue, "first").unwrap();
        for number in 0..3 {
            let sink = Arc::clone(&told) as Arc<dyn super::super::MessageSink>;
            Queue::hand_in(&queue, NewMessage::new("other"), Caller::Sink(sink, number)).unwrap();
        }
        assert!(told.0.lock().unwrap().is_empty(), "somebody is writing");
        drop(first);
        assert_eq!(queue.wait(Instant::now() + LONG), 0);
        // The group was refused as a whole and tried by halves; that there is no table is the fault of no row.
        let all = told.0.lock().unwrap();
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [3], "all at once");
        assert_eq!(all[0].iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2]);
        assert_ne!(told.1.lock().unwrap().unwrap(), thread::current().id());
    }

    #[test]
    fn a_leader_that_panics_fails_its_group_and_nobody_else() {
        let queue = queue();
        let first = enter(&queue, "first").unwrap();
        thread::scope(|scope| {
            let others: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| match enter(&queue, "other").unwrap() {
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
        assert!(can_write(&enter(&queue, "last").unwrap()));
        assert_eq!(queue.wait(Instant::now()), 0, "nobody is waited for any more");
    }

    #[test]
    fn a_full_queue_makes_callers_wait_and_then_says_so() {
        let queue = queue();
        let first = enter(&queue, "first").unwrap();
        let told = Arc::new(Told::default());
        let large = "x".repeat(QUEUE_BYTES);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| serve(enter(&queue, &large).unwrap()));
            wait_for_queue(&queue, 1);
            let refused = Queue::enter(&queue, &NewMessage::new("one more"), Duration::from_millis(20));
            assert_eq!(refused.err().map(|error| error.kind()), Some(ErrorKind::PoolTimeout));
            let sink = Arc::clone(&told) as Arc<dyn super::super::MessageSink>;
            Queue::hand_in(&queue, NewMessage::new("handed in"), Caller::Sink(sink, 7)).unwrap();
            thread::sleep(Duration::from_millis(30));
            assert!(told.0.lock().unwrap().is_empty(), "nobody has looked yet");
            drop(first);
            assert_eq!(waiting.join().unwrap().unwrap(), 100, "an empty queue takes a message of any size");
        });
        assert_eq!(queue.wait(Instant::now() + LONG), 0);
        assert_eq!(*told.0.lock().unwrap(), [[(7, ErrorKind::PoolTimeout)]]);
    }

    #[test]
    fn a_closed_queue_takes_nothing_and_refuses_what_waits() {
        let queue = queue();
        let first = enter(&queue, "first").unwrap();
        let told = Arc::new(Told::default());
        let sink = || Caller::Sink(Arc::clone(&told) as Arc<dyn super::super::MessageSink>, 1);
        Queue::hand_in(&queue, NewMessage::new("waits"), sink()).unwrap();
        queue.close();
        assert!(Queue::hand_in(&queue, NewMessage::new("late"), sink()).is_err());
        assert_eq!(enter(&queue, "late").err().map(|error| error.kind()), Some(ErrorKind::Unavailable));
        assert_eq!(queue.wait(Instant::now()), 1);
        queue.refuse_waiting();
        assert_eq!(*told.0.lock().unwrap(), [[(1, ErrorKind::Unavailable)]]);
        assert_eq!(queue.wait(Instant::now()), 0);
        drop(first);
    }
}
