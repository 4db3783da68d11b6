//! Unique ids while the increment between ids changes under open connections. Galera sets it to the
//! number of nodes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, Error, ErrorKind, MessageFilter, NewMessage, Order};
use chatkeep_testkit::GaleraCluster;

use crate::{open, rounds};

const WRITERS: usize = 4;
const BATCH: usize = 5;

#[test]
fn ids_are_unique_while_nodes_leave_fail_and_rejoin() {
    let mut cluster = GaleraCluster::start();
    let database = cluster.node(0).create_database();
    let chats: Vec<_> =
        (0..3).map(|node| open(cluster.database_through(node, &database).url())).collect();
    for chat in &chats {
        chat.database().wait_until_ready().expect("the node is available");
    }
    let acknowledged = Mutex::new(HashMap::new());
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for (node, chat) in chats.iter().enumerate() {
            for writer in 0..WRITERS {
                let (acknowledged, over) = (&acknowledged, &over);
                scope.spawn(move || write(chat, &format!("{node} {writer}"), acknowledged, over));
            }
        }
        // The writers end even when an assertion fails.
        let _end = SetWhenDropped(&over);
        for _ in 0..rounds() {
            leave_fail_and_rejoin(&mut cluster);
        }
    });
    for chat in &chats {
        compare(chat, &acknowledged.lock().expect("no writer panicked"));
    }
}

struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn leave_fail_and_rejoin(cluster: &mut GaleraCluster) {
    let write_for_some_time = || thread::sleep(Duration::from_millis(500));
    write_for_some_time();
    cluster.node_mut(2).stop();
    cluster.await_size(0, 2);
    write_for_some_time();
    cluster.node_mut(2).start_again();
    cluster.await_size(0, 3);
    write_for_some_time();
    cluster.node_mut(2).kill();
    cluster.await_size(0, 2);
    write_for_some_time();
    cluster.node_mut(2).start_again();
    cluster.await_size(0, 3);
    // From now on node 1 responds with error 1047.
    cluster.isolate(1, true);
    cluster.await_size(0, 2);
    write_for_some_time();
    cluster.isolate(1, false);
    cluster.await_size(1, 3);
    write_for_some_time();
}

/// Logs single messages, which share statements with those of other writers, and batches.
fn write(
    chat: &Chatkeep,
    writer: &str,
    acknowledged: &Mutex<HashMap<i64, String>>,
    over: &AtomicBool,
) {
    for number in 0.. {
        if over.load(Ordering::SeqCst) {
            return;
        }
        let text = |index: usize| format!("{writer} {number} {index}");
        let outcome = if number % 4 == 0 {
            let batch: Vec<_> = (0..BATCH).map(|index| NewMessage::new(text(index))).collect();
            chat.messages().log_messages(&batch)
        } else {
            chat.messages().log_message(&NewMessage::new(text(0))).map(|id| vec![id])
        };
        match outcome {
            Ok(ids) => {
                let mut acknowledged = acknowledged.lock().expect("no writer panicked");
                for (index, id) in ids.into_iter().enumerate() {
                    assert_eq!(
                        acknowledged.insert(id, text(index)),
                        None,
                        "id {id} was returned twice"
                    );
                }
            }
            Err(error) => {
                assert!(is_expected(&error), "{error:?}");
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

fn is_expected(error: &Error) -> bool {
    use ErrorKind::{Conflict, OutcomeUnknown, PoolTimeout, Unavailable};
    matches!(error.kind(), Conflict | OutcomeUnknown | PoolTimeout | Unavailable)
}

/// Asserts that every acknowledged message is stored under its id, and that none is stored twice.
fn compare(chat: &Chatkeep, acknowledged: &HashMap<i64, String>) {
    let mut ids = HashMap::new();
    for message in chat.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst) {
        let message = message.expect("the node is available");
        let before = ids.insert(message.user_message.clone(), message.id);
        assert_eq!(before, None, "{:?} is stored twice", message.user_message);
    }
    assert!(
        acknowledged.len() > 100,
        "the writers were hardly able to write: {}",
        acknowledged.len()
    );
    for (id, text) in acknowledged {
        assert_eq!(ids.get(text), Some(id), "the id that {text:?} is stored under");
    }
}
