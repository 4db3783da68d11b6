use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_core::{DatabaseUrl, ErrorKind, NewMessage, Result};
use chatkeep_pool::{PerProcess, Pool, PoolSettings};

use super::admission_queue::QUEUE_BYTES;
use super::pending_message::{Caller, complete};
use super::queue::{Queue, SharedQueue};
use super::write_role::{self, WriteRole};
use super::{MessageSink, Storage};
use crate::background::BlockingExecutor;
use crate::totals_updater::TotalsUpdater;

const LONG: Duration = Duration::from_secs(60);

/// Returns a queue on a database without tables, so that every write fails.
fn queue() -> SharedQueue {
    let settings =
        PoolSettings { pool_timeout: Duration::from_millis(20), ..PoolSettings::default() };
    let pool = Arc::new(Pool::new(DatabaseUrl::sqlite_memory(), settings).unwrap());
    let executor = Arc::new(BlockingExecutor::new(1));
    let totals = Arc::new(TotalsUpdater::new(Arc::clone(&pool), executor));
    PerProcess::new(Queue::new(Storage::new(pool, totals, None), 1)).get(|| unreachable!("no fork"))
}

fn enter(queue: &SharedQueue, text: &str) -> Result<WriteRole> {
    write_role::enter(queue, &NewMessage::new(text), LONG)
}

fn submit(queue: &SharedQueue, text: &str, sink: &Arc<RecordingSink>, number: u64) -> Result<()> {
    let sink = Arc::clone(sink) as Arc<dyn MessageSink>;
    write_role::submit(queue, NewMessage::new(text), Caller::Sink(sink, number))
}

/// Waits until at least `len` messages are queued.
fn wait_for_len(queue: &Queue, len: usize) {
    while queue.lock().pending.len() < len {
        thread::yield_now();
    }
}

/// Returns whether the caller writes its own message and no other.
fn writes_only_its_own(role: &WriteRole) -> bool {
    match role {
        WriteRole::Alone(_) => true,
        WriteRole::Lead(_, group) => group.len() == 1,
        WriteRole::Done(_) => false,
    }
}

/// Acts as a caller with this role: completes the other messages of the group with 1, 2, … and
/// returns 100 for its own.
fn play(role: WriteRole) -> Result<i64> {
    match role {
        WriteRole::Alone(_) => Ok(0),
        WriteRole::Lead(leadership, mut group) => {
            leadership.top_up(&mut group, true);
            let mut group = group.into_iter();
            group.next().expect("its own").dismiss();
            complete(group.zip((1..).map(Ok)));
            Ok(100)
        }
        WriteRole::Done(outcome) => outcome,
    }
}

/// Records the outcomes that it receives, and the thread that delivered the last ones.
#[derive(Default)]
struct RecordingSink {
    calls: Mutex<Vec<Vec<(u64, ErrorKind)>>>,
    thread: Mutex<Option<thread::ThreadId>>,
}

impl MessageSink for RecordingSink {
    fn complete(&self, outcomes: Vec<(u64, Result<i64>)>) {
        *self.thread.lock().unwrap() = Some(thread::current().id());
        let kinds =
            outcomes.into_iter().map(|(number, outcome)| (number, outcome.unwrap_err().kind()));
        self.calls.lock().unwrap().push(kinds.collect());
    }
}

#[test]
fn messages_queued_during_a_write_form_one_group() {
    let queue = queue();
    let first = enter(&queue, "first").unwrap();
    assert!(matches!(first, WriteRole::Alone(_)), "no other caller was writing");
    thread::scope(|scope| {
        let others: Vec<_> =
            (0..5).map(|_| scope.spawn(|| play(enter(&queue, "other").unwrap()))).collect();
        wait_for_len(&queue, 5);
        drop(first);
        let mut outcomes: Vec<_> =
            others.into_iter().map(|other| other.join().unwrap().unwrap()).collect();
        outcomes.sort_unstable();
        assert_eq!(outcomes, [1, 2, 3, 4, 100], "one caller led and completed the others");
    });
    assert!(writes_only_its_own(&enter(&queue, "last").unwrap()), "the leadership was released");
}

#[test]
fn a_shared_batch_makes_the_next_batch_joinable() {
    let queue = queue();
    let first = enter(&queue, "first").unwrap();
    thread::scope(|scope| {
        let others: Vec<_> =
            (0..2).map(|_| scope.spawn(|| play(enter(&queue, "other").unwrap()))).collect();
        wait_for_len(&queue, 2);
        drop(first);
        for other in others {
            other.join().unwrap().unwrap();
        }
    });
    let WriteRole::Lead(mut leadership, mut group) = enter(&queue, "next").unwrap() else {
        panic!("the last batch was shared")
    };
    assert_eq!(leadership.write(&mut group, true).len(), 1);
    group.pop().expect("its own").dismiss();
    drop(leadership);
    let last = enter(&queue, "last").unwrap();
    assert!(matches!(last, WriteRole::Alone(_)), "no message joined");
}

#[test]
fn wait_for_batch_ends_when_the_batch_is_complete_or_the_queue_is_closed() {
    let queue = queue();
    let first = enter(&queue, "first").unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            queue.wait_for_batch(2, LONG);
            queue.lock().pending.len()
        });
        while !queue.is_awaited() {
            thread::yield_now();
        }
        queue.wait_for_batch(2, LONG);
        assert_eq!(queue.lock().pending.len(), 0, "a second leader does not wait");
        for _ in 0..2 {
            submit(&queue, "other", &Arc::default(), 1).unwrap();
        }
        assert_eq!(waiting.join().unwrap(), 2);
    });
    queue.wait_for_batch(3, Duration::from_millis(1));
    assert!(!queue.is_awaited(), "the wait has timed out");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.wait_for_batch(3, LONG));
        queue.close();
        waiting.join().unwrap();
    });
    queue.reject_pending();
    drop(first);
}

#[test]
fn submitted_messages_are_written_by_a_worker_and_completed_together() {
    let queue = queue();
    let sink = Arc::<RecordingSink>::default();
    let first = enter(&queue, "first").unwrap();
    for number in 0..3 {
        submit(&queue, "other", &sink, number).unwrap();
    }
    assert!(sink.calls.lock().unwrap().is_empty(), "another caller is writing");
    drop(first);
    assert_eq!(queue.wait(Instant::now() + LONG), 0);
    // The group failed as a whole. A missing table is not the fault of one row.
    let calls = sink.calls.lock().unwrap();
    assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [3], "all in one call");
    assert_eq!(calls[0].iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2]);
    assert_ne!(sink.thread.lock().unwrap().unwrap(), thread::current().id());
}

#[test]
fn a_panicking_leader_fails_only_its_group() {
    let queue = queue();
    let first = enter(&queue, "first").unwrap();
    thread::scope(|scope| {
        let others: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| match enter(&queue, "other").unwrap() {
                    WriteRole::Lead(_leadership, _group) => panic!("while it writes"),
                    WriteRole::Alone(_) => Ok(0),
                    WriteRole::Done(outcome) => outcome,
                })
            })
            .collect();
        wait_for_len(&queue, 3);
        drop(first);
        let ended: Vec<_> = others.into_iter().map(thread::ScopedJoinHandle::join).collect();
        assert_eq!(ended.iter().filter(|end| end.is_err()).count(), 1, "only the leader panics");
        let kinds = ended.into_iter().flatten().map(|outcome| outcome.unwrap_err().kind());
        assert_eq!(kinds.collect::<Vec<_>>(), [ErrorKind::Internal; 2]);
    });
    assert!(writes_only_its_own(&enter(&queue, "last").unwrap()));
    assert_eq!(queue.wait(Instant::now()), 0, "no message is in flight");
}

#[test]
fn messages_time_out_while_the_queue_is_full() {
    let queue = queue();
    let first = enter(&queue, "first").unwrap();
    let sink = Arc::<RecordingSink>::default();
    let large = "x".repeat(QUEUE_BYTES);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| play(enter(&queue, &large).unwrap()));
        wait_for_len(&queue, 1);
        let error =
            write_role::enter(&queue, &NewMessage::new("one more"), Duration::from_millis(20))
                .err()
                .expect("the queue is full");
        assert_eq!(error.kind(), ErrorKind::PoolTimeout);
        assert_eq!(
            error.to_string(),
            "write queue is full (1 pending); timed out after 0.02 s (DB_POOL_TIMEOUT)"
        );
        submit(&queue, "submitted", &sink, 7).unwrap();
        thread::sleep(Duration::from_millis(30));
        assert!(sink.calls.lock().unwrap().is_empty(), "the queue is checked only between groups");
        drop(first);
        assert_eq!(
            waiting.join().unwrap().unwrap(),
            100,
            "an empty queue takes a message of any size"
        );
    });
    assert_eq!(queue.wait(Instant::now() + LONG), 0);
    assert_eq!(*sink.calls.lock().unwrap(), [[(7, ErrorKind::PoolTimeout)]]);
}

#[test]
fn a_closed_queue_rejects_new_and_pending_messages() {
    let queue = queue();
    let first = enter(&queue, "first").unwrap();
    let sink = Arc::<RecordingSink>::default();
    submit(&queue, "pending", &sink, 1).unwrap();
    queue.close();
    assert!(submit(&queue, "late", &sink, 1).is_err());
    assert_eq!(enter(&queue, "late").err().map(|error| error.kind()), Some(ErrorKind::Unavailable));
    assert_eq!(queue.wait(Instant::now()), 1);
    queue.reject_pending();
    assert_eq!(*sink.calls.lock().unwrap(), [[(1, ErrorKind::Unavailable)]]);
    assert_eq!(queue.wait(Instant::now()), 0);
    drop(first);
}
