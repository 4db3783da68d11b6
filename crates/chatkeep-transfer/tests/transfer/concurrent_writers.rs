//! Tests of imports into a database that other programs write to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use chatkeep::NewMessage;
use chatkeep_core::{ConnectOptions, Connection, Role, messages};
use chatkeep_transfer::LegacyImport as _;

use crate::every_engine::on_every_engine;
use crate::files::{LOG, make};
use crate::store::{Store, url};

on_every_engine![
    ids_of_uncommitted_messages_are_not_reused,
    messages_logged_during_an_import_are_stored,
];

/// Creates a legacy file with messages of these ids.
fn legacy_file(store: &Store, ids: std::ops::RangeInclusive<i64>) -> std::path::PathBuf {
    let rows: Vec<_> =
        ids.map(|id| format!("({id}, 'old {id}', 'a', '2024-05-01 10:00:00')")).collect();
    let insert = format!(
        "INSERT INTO messages (id, user_message, bot_response, timestamp) VALUES {}",
        rows.join(", ")
    );
    make(store.path("old.db"), &[LOG, &insert])
}

fn ids_of_uncommitted_messages_are_not_reused(store: &Store) {
    store.database().upgrade().expect("made");
    let path = legacy_file(store, 1..=3);
    let (begun, wait) = channel();
    let mut other =
        Connection::open(&url(store.raw.url()), Role::Writer, &ConnectOptions::default())
            .expect("opened");
    let writer = thread::spawn(move || {
        other.transaction(|connection| {
            let id = messages::insert(connection, &NewMessage::new("in flight"))?;
            begun.send(()).expect("the test waits");
            thread::sleep(Duration::from_millis(500));
            Ok(id)
        })
    });
    wait.recv().expect("the other program has started");
    let report = store.migrate_from_old_sqlite(&path).expect("imported");
    let id = writer.join().expect("no panic").expect("the other program's message is stored");
    assert_eq!((id, report.messages_stored(), report.files[0].messages.with_new_id), (1, 3, 1));
    assert_eq!(store.count(), 4);
    let again = store.migrate_from_old_sqlite(&path).expect("imported again");
    assert_eq!(again.messages_stored(), 0);
    assert!(store.log("next") > 3);
    store.assert_totals();
}

fn messages_logged_during_an_import_are_stored(store: &Store) {
    // Half of the ids are taken, so that these rows get new ids while the writers insert.
    for number in 0..150 {
        store.log(&format!("early {number}"));
    }
    let path = legacy_file(store, 1..=300);
    let done = AtomicBool::new(false);
    let logged: usize = thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let done = &done;
                scope.spawn(move || {
                    let mut logged = 0;
                    while !done.load(Ordering::Relaxed) && logged < 2_000 {
                        store.log(&format!("late {writer} {logged}"));
                        logged += 1;
                    }
                    logged
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(50));
        let report = store.migrate_from_old_sqlite(&path);
        done.store(true, Ordering::Relaxed);
        assert_eq!(report.expect("imported").messages_stored(), 300);
        writers.into_iter().map(|writer| writer.join().expect("every message is stored")).sum()
    });
    assert_eq!(store.count() as usize, 450 + logged);
    store.assert_totals();
}
