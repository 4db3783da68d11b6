//! Counting in the background: other connections write between the sum and the update of the
//! totals.

use chatkeep::{NewMessage, Timestamp};
use chatkeep_core::messages::{
    LockedTotals, advance_totals, delete_batch_older_than, find_uncounted, insert_with_ids,
    reset_totals,
};
use chatkeep_core::{
    ConnectOptions, Connection, CountingStep, DatabaseUrl, Role, ToCount, Uncounted,
};

use super::totals::{all, assorted, counted, log};
use crate::every_engine::on_every_engine;
use crate::store::{Store, at};

on_every_engine![
    messages_logged_during_a_step_are_left_to_the_next_step,
    messages_deleted_during_a_step_are_not_counted,
    messages_imported_during_a_step_are_counted,
    concurrent_counters_do_not_count_twice,
    a_log_emptied_during_a_step_is_not_counted,
];

fn connection(store: &Store) -> Connection {
    let url = DatabaseUrl::parse(store.raw.url()).expect("a URL");
    Connection::open(&url, Role::Writer, &ConnectOptions::default()).expect("the connection opens")
}

/// Logs ten messages and returns their uncounted sums.
fn added_up(store: &Store, connection: &mut Connection) -> Uncounted {
    log(store, &assorted()[..10]);
    uncounted(connection)
}

fn uncounted(connection: &mut Connection) -> Uncounted {
    match find_uncounted(connection).expect("the query succeeds") {
        ToCount::Found(uncounted) => uncounted,
        other => panic!("there are messages to count, not {other:?}"),
    }
}

fn count(connection: &mut Connection, uncounted: &Uncounted) -> CountingStep {
    advance_totals(connection, uncounted).expect("the query succeeds")
}

/// Asserts that the totals are exact and include `expected` messages.
fn assert_counted(store: &Store, expected: i64) {
    let check = store.messages().check_totals().expect("the query succeeds");
    assert_eq!((check.counted, check.differences), (expected, Vec::new()));
    assert_eq!(all(store).total_messages, store.count());
}

fn messages_logged_during_a_step_are_left_to_the_next_step(store: &Store) {
    let mut connection = connection(store);
    let found = added_up(store, &mut connection);
    log(store, &assorted()[..3]);
    assert_eq!(count(&mut connection, &found), CountingStep::Done);
    assert_counted(store, 10);
    let found = uncounted(&mut connection);
    assert_eq!(count(&mut connection, &found), CountingStep::Done);
    assert_counted(store, 13);
}

fn messages_deleted_during_a_step_are_not_counted(store: &Store) {
    let mut connection = connection(store);
    let found = added_up(store, &mut connection);
    let deleted =
        delete_batch_older_than(&mut connection, Timestamp::MIN, at("2024-02-28T23:00:00Z"), 100);
    assert_eq!(deleted.expect("the query succeeds").expect("two are older").count, 2);
    assert_eq!(count(&mut connection, &found), CountingStep::Busy);
    assert_counted(store, 0);
    let found = uncounted(&mut connection);
    assert_eq!(count(&mut connection, &found), CountingStep::Done);
    assert_counted(store, 8);
}

fn messages_imported_during_a_step_are_counted(store: &Store) {
    let mut connection = connection(store);
    let with_moved_id = |store: &Store, id| {
        let mut message = store.round_trip(&NewMessage::new("a").with_timestamp(at("2024-01-01")));
        store.raw.execute(&format!("DELETE FROM messages WHERE id = {}", message.id));
        message.id = id;
        message
    };
    // Ids 2 to 4 are free and below the watermark.
    let message = with_moved_id(store, 2);
    log(store, &[NewMessage::new("b")]);
    store.raw.execute("UPDATE messages SET id = 5");
    let found = uncounted(&mut connection);
    {
        let mut other = self::connection(store);
        other
            .transaction(|other| {
                let totals = LockedTotals::lock(other)?;
                insert_with_ids(other, std::slice::from_ref(&message))?;
                totals.add(other, std::slice::from_ref(&message))
            })
            .expect("the message is imported");
    }
    assert_eq!(count(&mut connection, &found), CountingStep::Busy);
    let found = uncounted(&mut connection);
    assert_eq!(count(&mut connection, &found), CountingStep::Done);
    assert_counted(store, 2);
}

fn concurrent_counters_do_not_count_twice(store: &Store) {
    let mut connection = connection(store);
    let found = added_up(store, &mut connection);
    let theirs = uncounted(&mut connection);
    assert_eq!(count(&mut connection, &theirs), CountingStep::Done);
    assert_eq!(count(&mut connection, &found), CountingStep::Busy);
    assert_counted(store, 10);
    assert!(matches!(find_uncounted(&mut connection), Ok(ToCount::Nothing)));
}

fn a_log_emptied_during_a_step_is_not_counted(store: &Store) {
    let mut connection = connection(store);
    let found = added_up(store, &mut connection);
    store.raw.execute("DELETE FROM messages");
    connection.transaction(reset_totals).expect("they are forgotten");
    assert_eq!(count(&mut connection, &found), CountingStep::Busy);
    assert_counted(store, 0);
    counted(store);
}
