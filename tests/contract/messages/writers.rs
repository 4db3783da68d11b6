//! Concurrent writers: every message is stored once, and every id belongs to one message.

use std::collections::HashMap;
use std::thread;

use chatkeep::{NewMessage, Page};

use crate::every_engine::on_every_engine;
use crate::store::{Store, everything};

on_every_engine![
    concurrent_threads_get_distinct_ids,
    concurrent_batches_get_distinct_ids,
    reads_and_deletions_run_during_writes,
];

const THREADS: usize = 16;
const EACH: usize = 50;

fn concurrent_threads_get_distinct_ids(store: &Store) {
    let logged: Vec<(i64, String)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let log = |n| {
                        let text = format!("{thread}:{n}");
                        (
                            store
                                .messages()
                                .log_message(&NewMessage::new(text.as_str()))
                                .expect("the message is logged"),
                            text,
                        )
                    };
                    (0..EACH).map(log).collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("the thread does not panic"))
            .collect()
    });
    let by_id: HashMap<_, _> = logged.into_iter().collect();
    assert_eq!(by_id.len(), THREADS * EACH, "ids are unique");
    let stored = store.all();
    assert_eq!(stored.len(), THREADS * EACH);
    for message in stored {
        assert_eq!(by_id.get(&message.id), Some(&message.user_message));
    }
}

fn concurrent_batches_get_distinct_ids(store: &Store) {
    thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for round in 0..4 {
                    let batch: Vec<_> =
                        (0..60).map(|n| NewMessage::new(format!("{thread}:{round}:{n}"))).collect();
                    let ids =
                        store.messages().log_messages(&batch).expect("the messages are logged");
                    for index in [0, 30, 59] {
                        let stored = store
                            .messages()
                            .get_message_by_id(ids[index])
                            .expect("the query succeeds");
                        assert_eq!(
                            stored.expect("the message exists").user_message,
                            batch[index].user_message
                        );
                    }
                }
            });
        }
    });
    assert_eq!(store.count(), 8 * 4 * 60);
}

fn reads_and_deletions_run_during_writes(store: &Store) {
    let old: Vec<_> = (0..1_500)
        .map(|_| NewMessage::new("old").with_timestamp(crate::store::at("2001-01-01")))
        .collect();
    store.messages().log_messages(&old).expect("the messages are logged");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..40 {
                    store
                        .messages()
                        .log_message(&NewMessage::new("new"))
                        .expect("the message is logged");
                    let newest = store
                        .messages()
                        .get_messages(&everything(), &Page::first(1))
                        .expect("the query succeeds");
                    assert_eq!(newest[0].user_message, "new");
                }
            });
        }
        scope.spawn(|| {
            assert_eq!(
                store.messages().delete_old_messages(1).expect("the deletion succeeds"),
                1_500
            )
        });
    });
    assert_eq!(store.count(), 160);
}
