//! Who writes now, and who waits: a bounded queue whose first becomes the next leader.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::interruption::{self, Waited};
use chatkeep_core::{Error, ErrorKind, NewMessage, Result};
use chatkeep_pool::OfProcess;

use super::clock::Clock;
use super::entry::{Answer, Caller, Entry, Waiter, settle};
use super::leadership::Leadership;
use super::line::Line;
use super::storage::Storage;
use crate::background::{Crew, Progress};

/// Messages that wait for a writer.
pub(super) struct Queue {
    pub(super) storage: Storage,
    /// Leaders at a time.
    leaders: u32,
    /// Threads that lead when no caller can, because nobody blocks.
    pub(super) threads: Crew,
    progress: Arc<Progress>,
    state: Mutex<State>,
    /// As many are in the queue as are awaited.
    all_here: Condvar,
}

/// Leaders keep the queue alive as long as they lead.
pub(super) type SharedQueue = Arc<OfProcess<Queue>>;

#[derive(Default)]
pub(super) struct State {
    pub(super) leading: u32,
    pub(super) line: Line,
    clock: Clock,
    pub(super) before: Before,
    /// Of the queue's, where a leader lets others come.
    awaited: Option<usize>,
    closed: bool,
}

/// What was written before a group, by which it is known what to expect of this one.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Before {
    /// Whether several were writing: the next one who comes is not alone.
    pub(super) company: bool,
    /// Messages of the group whose callers were told last.
    pub(super) told: usize,
    /// How long that took to write.
    pub(super) took: Duration,
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

impl Queue {
    pub(super) fn new(storage: Storage, leaders: u32) -> Self {
        let threads = Crew::new("chatkeep-write", leaders as usize);
        let (progress, state, all_here) = Default::default();
        Self { storage, leaders, threads, progress, state, all_here }
    }

    /// Writes down that a message is to be written, and waits until the caller is to do something about it.
    pub(super) fn enter(
        self_: &SharedQueue,
        message: &NewMessage,
        longest: Duration,
    ) -> Result<Turn> {
        let waiter = Waiter::of_this_thread();
        let is_in = {
            let mut state = self_.lock();
            state.check_open()?;
            // The queue is empty whenever a leader is missing, so nobody is overtaken.
            let is_free = state.leading < self_.leaders;
            if is_free {
                state.leading += 1;
            }
            let before = state.before;
            if is_free && !(before.company && waiter.can_lead()) {
                return Ok(Turn::Alone(Leadership::new(self_, Before::default())));
            }
            let caller = Caller::Blocked(Arc::clone(&waiter));
            let mut message = message.clone();
            state.clock.stamp(&mut message);
            let entry = Entry::new(message, caller, self_.progress.begin());
            if is_free {
                return Ok(Turn::Lead(Leadership::new(self_, before), vec![entry]));
            }
            self_.push(&mut state, entry)
        };
        let answer = match waiter.wait((!is_in).then_some(longest)) {
            Ok(answer) => answer,
            Err(Waited::Interrupted) => return Err(self_.leave_at_once(&waiter)),
            Err(_) => self_.leave(&waiter, longest)?,
        };
        Ok(match answer {
            Answer::Outcome(outcome) => Turn::Done(outcome),
            Answer::Lead(before, group) => Turn::Lead(Leadership::new(self_, before), group),
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
    pub(super) fn hand_in(
        self_: &SharedQueue,
        mut message: NewMessage,
        caller: Caller,
    ) -> Result<()> {
        let (entry, before) = {
            let mut state = self_.lock();
            state.check_open()?;
            state.clock.stamp(&mut message);
            let entry = Entry::new(message, caller, self_.progress.begin());
            if state.leading == self_.leaders {
                self_.push(&mut state, entry);
                return Ok(());
            }
            state.leading += 1;
            (entry, state.before)
        };
        Leadership::new(self_, before).lead_on_a_thread(vec![entry]);
        Ok(())
    }

    /// Whether it is in, and not before it.
    fn push(&self, state: &mut State, entry: Entry) -> bool {
        let is_in = state.line.push(entry);
        if state.awaited.is_some_and(|awaited| state.line.len() >= awaited) {
            self.all_here.notify_all();
        }
        is_in
    }

    /// Waits until so many are in the queue. One leader at a time does: another one takes what there is.
    pub(super) fn let_come(&self, awaited: usize, longest: Duration) {
        let mut state = self.lock();
        if state.awaited.is_some() {
            return;
        }
        state.awaited = Some(awaited);
        let too_few = |state: &mut State| state.line.len() < awaited && !state.closed;
        let (mut state, _) = self
            .all_here
            .wait_timeout_while(state, longest, too_few)
            .unwrap_or_else(PoisonError::into_inner);
        state.awaited = None;
    }

    /// Waits for the messages that were handed in by now, and says how many have not ended when the time is over.
    pub(super) fn wait(&self, until: Instant) -> usize {
        self.progress.wait(until)
    }

    /// Takes no more messages.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.all_here.notify_all();
    }

    /// Refuses what is waiting still.
    pub(super) fn refuse_waiting(&self) {
        let waiting = self.lock().line.take_all();
        settle(waiting.into_iter().map(|entry| (entry, Err(closed()))));
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check_open(&self) -> Result<()> {
        if self.closed { Err(closed()) } else { Ok(()) }
    }
}

pub(super) fn no_room(waiting: usize, longest: Duration) -> Error {
    let seconds = longest.as_secs_f64();
    Error::new(
        ErrorKind::PoolTimeout,
        format!(
            "{waiting} messages are waiting to be written, and there was no room for one more within {seconds} s"
        ),
    )
}

/// A message was in the queue for too long.
pub(super) fn not_begun(longest: Duration) -> Error {
    let seconds = longest.as_secs_f64();
    Error::new(
        ErrorKind::PoolTimeout,
        format!(
            "the message was not sent within {seconds} s (the longer of DB_POOL_TIMEOUT and DB_CONNECT_TIMEOUT): \
             earlier ones were still being written"
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
        let settings =
            PoolSettings { pool_timeout: Duration::from_millis(20), ..PoolSettings::default() };
        let pool = Arc::new(Pool::new(DatabaseUrl::sqlite_memory(), settings).unwrap());
        let counting = Arc::new(Counting::new(Arc::clone(&pool), Arc::new(Calls::new(1))));
        PerProcess::new(Queue::new(Storage::new(pool, counting, None), 1))
            .get(|| unreachable!("no fork"))
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
            let kinds =
                outcomes.into_iter().map(|(number, outcome)| (number, outcome.unwrap_err().kind()));
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
    fn a_leader_goes_on_once_all_are_here_whom_it_lets_come() {
        let queue = queue();
        let first = enter(&queue, "first").unwrap();
        thread::scope(|scope| {
            let lingering = scope.spawn(|| {
                queue.let_come(2, LONG);
                queue.lock().line.len()
            });
            while queue.lock().awaited.is_none() {
                thread::yield_now();
            }
            queue.let_come(2, LONG);
            assert_eq!(queue.lock().line.len(), 0, "a second one goes on at once");
            for _ in 0..2 {
                let sink = Arc::new(Told::default());
                Queue::hand_in(&queue, NewMessage::new("other"), Caller::Sink(sink, 1)).unwrap();
            }
            assert_eq!(lingering.join().unwrap(), 2);
        });
        queue.let_come(3, Duration::from_millis(1));
        assert_eq!(queue.lock().awaited, None, "nor does anybody wait for those who do not come");
        thread::scope(|scope| {
            let lingering = scope.spawn(|| queue.let_come(3, LONG));
            queue.close();
            lingering.join().unwrap();
        });
        queue.refuse_waiting();
        drop(first);
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
            let refused =
                Queue::enter(&queue, &NewMessage::new("one more"), Duration::from_millis(20));
            assert_eq!(refused.err().map(|error| error.kind()), Some(ErrorKind::PoolTimeout));
            let sink = Arc::clone(&told) as Arc<dyn super::super::MessageSink>;
            Queue::hand_in(&queue, NewMessage::new("handed in"), Caller::Sink(sink, 7)).unwrap();
            thread::sleep(Duration::from_millis(30));
            assert!(told.0.lock().unwrap().is_empty(), "nobody has looked yet");
            drop(first);
            assert_eq!(
                waiting.join().unwrap().unwrap(),
                100,
                "an empty queue takes a message of any size"
            );
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
        assert_eq!(
            enter(&queue, "late").err().map(|error| error.kind()),
            Some(ErrorKind::Unavailable)
        );
        assert_eq!(queue.wait(Instant::now()), 1);
        queue.refuse_waiting();
        assert_eq!(*told.0.lock().unwrap(), [[(1, ErrorKind::Unavailable)]]);
        assert_eq!(queue.wait(Instant::now()), 0);
        drop(first);
    }
}
