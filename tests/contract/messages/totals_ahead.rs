//! Messages are added up before they are counted, and others write in between.

use chatkeep::{NewMessage, Timestamp};
use chatkeep_core::messages::{
    HeldTotals, count_on, delete_batch_older_than, forget_totals, insert_with_ids,
    look_for_uncounted,
};
use chatkeep_core::{
    ConnectOptions, Connection, CountingStep, DatabaseUrl, Role, ToCount, Uncounted,
};

use super::totals::{all, assorted, counted, log};
use crate::every_engine::on_every_engine;
use crate::store::{Store, at};

on_every_engine![
    what_is_logged_in_between_is_left_to_the_next_time,
    what_is_deleted_in_between_is_not_counted,
    what_is_moved_in_between_is_counted,
    what_another_counts_in_between_is_not_counted_twice,
    a_log_that_is_emptied_in_between_is_not_counted,
];

fn connection(store: &Store) -> Connection {
    let url = DatabaseUrl::parse(store.raw.url()).expect("a URL");
    Connection::open(&url, Role::Writer, &ConnectOptions::default()).expect("the database is there")
}

/// Ten messages, and what they add up to.
fn added_up(store: &Store, connection: &mut Connection) -> Uncounted {
    log(store, &assorted()[..10]);
    uncounted(connection)
}

fn uncounted(connection: &mut Connection) -> Uncounted {
    match look_for_uncounted(connection).expect("the log answers") {
        ToCount::Found(uncounted) => uncounted,
        other => panic!("there are messages to count, not {other:?}"),
    }
}

fn count(connection: &mut Connection, uncounted: &Uncounted) -> CountingStep {
    count_on(connection, uncounted).expect("the log answers")
}

/// The totals are right, and so many messages are in them.
fn assert_counted(store: &Store, expected: i64) {
    let check = store.messages().check_totals().expect("the log answers");
    assert_eq!((check.counted, check.differences), (expected, Vec::new()));
    assert_eq!(all(store).total_messages, store.count());
}

fn what_is_logged_in_between_is_left_to_the_next_time(store: &Store) {
    let mut connection = connection(store);
    let found = added_up(store, &mut connection);
    log(store, &assorted()[..3]);
    assert_eq!(count(&mut connection, &found), CountingStep::Done);
    assert_counted(store, 10);
    let found = uncounted(&mut connection);
    assert_eq!(count(&mut connection, &found), CountingStep::Done);
    assert_counted(store, 13);
}

fn what_is_deleted_in_between_is_not_counted(store: &Store) {
    let mut connection = connection(store);
    let found = added_up(store, &mut connection);
    let deleted =
        delete_batch_older_than(&mut connection, Timestamp::MIN, at("2024-02-28T23:00:00Z"), 100);
    assert_eq!(deleted.expect("it answers").expect("two are older").count, 2);
    assert_eq!(count(&mut connection, &found), CountingStep::Busy);
    assert_counted(store, 0);
    let found = uncounted(&mut connection);
    assert_eq!(count(&mut connection, &found), CountingStep::Done);
    assert_counted(store, 8);
}

fn what_is_moved_in_between_is_counted(store: &Store) {
    let mut connection = connection(store);
    store.database().upgrade().expect("the schema is made");
    let moved = |store: &Store, id| {
        let mut message = store.round_trip(&NewMessage::new("a").with_timestamp(at("2024-01-01")));
        store.raw.execute(&format!("DELETE FROM messages WHERE id = {}", message.id));
        message.id = id;
        message
    };
    // Ids 2 to 4 are free, and lie behind the mark.
    let message = moved(store, 2);
    log(store, &[NewMessage::new("b")]);
    store.raw.execute("UPDATE messages SET id = 5");
    let found = uncounted(&mut connection);
    {
        let mut other = self::connection(store);
        other
            .transaction(|other| {
                let totals = HeldTotals::hold(other)?;
                insert_with_ids(other, std::slice::from_ref(&message))?;
                totals.add(other, std::slice::from_ref(&message))
            })
            .expect("it is moved in");
    }
    assert_eq!(count(&mut connection, &found), CountingStep::Busy);
    let found = uncounted(&mut connection);
    assert_eq!(count(&mut connection, &found), CountingStep::Done);
    assert_counted(store, 2);
}

fn what_another_counts_in_between_is_not_counted_twice(store: &Store) {
    let mut connection = connection(store);
    let found = added_up(store, &mut connection);
    let theirs = uncounted(&mut connection);
    assert_eq!(count(&mut connection, &theirs), CountingStep::Done);
    assert_eq!(count(&mut connection, &found), CountingStep::Busy);
    assert_counted(store, 10);
    assert!(matches!(look_for_uncounted(&mut connection), Ok(ToCount::Nothing)));
}

fn a_log_that_is_emptied_in_between_is_not_counted(store: &Store) {
    let mut connection = connection(store);
    let found = added_up(store, &mut connection);
    store.raw.execute("DELETE FROM messages");
    connection.transaction(forget_totals).expect("they are forgotten");
    assert_eq!(count(&mut connection, &found), CountingStep::Busy);
    assert_counted(store, 0);
    counted(store);
}
