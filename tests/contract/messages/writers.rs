//! Many at once: every message is stored once, and every id belongs to one.

use std::collections::HashMap;
use std::thread;

use chatkeep::{NewMessage, Page};

use crate::every_engine::on_every_engine;
use crate::store::{Store, everything};

on_every_engine![
    threads_that_log_at_once_all_get_their_own_ids,
    batches_that_are_logged_at_once_keep_their_ids_apart,
    readers_and_a_deletion_go_on_while_others_log,
];

const THREADS: usize = 16;
const EACH: usize = 50;

fn threads_that_log_at_once_all_get_their_own_ids(store: &Store) {
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
                                .expect("it is logged"),
                            text,
                        )
                    };
                    (0..EACH).map(log).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    let by_id: HashMap<_, _> = logged.into_iter().collect();
    assert_eq!(by_id.len(), THREADS * EACH, "no id is given twice");
    let stored = store.all();
    assert_eq!(stored.len(), THREADS * EACH);
    for message in stored {
        assert_eq!(by_id.get(&message.id), Some(&message.user_message));
    }
}

fn batches_that_are_logged_at_once_keep_their_ids_apart(store: &Store) {
    thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for round in 0..4 {
                    let batch: Vec<_> =
                        (0..60).map(|n| NewMessage::new(format!("{thread}:{round}:{n}"))).collect();
                    let ids =
                        store.messages().log_messages(&batch).expect("the messages are logged");
                    for place in [0, 30, 59] {
                        let stored = store
                            .messages()
                            .get_message_by_id(ids[place])
                            .expect("the log answers");
                        assert_eq!(
                            stored.expect("the message is there").user_message,
                            batch[place].user_message
                        );
                    }
                }
            });
        }
    });
    assert_eq!(store.count(), 8 * 4 * 60);
}

fn readers_and_a_deletion_go_on_while_others_log(store: &Store) {
    let old: Vec<_> = (0..1_500)
        .map(|_| NewMessage::new("old").with_timestamp(crate::store::at("2001-01-01")))
        .collect();
    store.messages().log_messages(&old).expect("the messages are logged");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..40 {
                    store.messages().log_message(&NewMessage::new("new")).expect("it is logged");
                    let newest = store
                        .messages()
                        .get_messages(&everything(), &Page::first(1))
                        .expect("the log answers");
                    assert_eq!(newest[0].user_message, "new");
                }
            });
        }
        scope.spawn(|| {
            assert_eq!(
                store.messages().delete_old_messages(1).expect("the old ones are deleted"),
                1_500
            )
        });
    });
    assert_eq!(store.count(), 160);
}
