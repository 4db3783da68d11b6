//! Deleting what is old, and nothing else.

use chatkeep::{NewMessage, Timestamp};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_refused, everything};

on_every_engine![
    only_what_is_older_goes,
    days_out_of_range_delete_nothing,
    thousands_go_in_batches,
    messages_of_one_moment_go_together_across_batches,
    older_ones_that_come_meanwhile_go_too,
    an_empty_log_has_nothing_to_delete,
];

const MINUTE: i64 = 60_000_000;

fn ago(days: i64, microseconds: i64) -> Timestamp {
    Timestamp::now()
        .checked_add_days(-days)
        .and_then(|moment| moment.checked_add_microseconds(microseconds))
        .expect("inside the range")
}

fn only_what_is_older_goes(store: &Store) {
    for (text, moment) in [
        ("a minute too old", ago(30, -MINUTE)),
        ("far too old", Timestamp::MIN),
        ("still a minute left", ago(30, MINUTE)),
        ("now", Timestamp::now()),
        ("in the future", Timestamp::MAX),
    ] {
        store.round_trip(&NewMessage::new(text).with_timestamp(moment));
    }
    assert_eq!(store.messages().count_old_messages(30).expect("the log answers"), 2);
    assert_eq!(store.messages().delete_old_messages(30).expect("the old ones are deleted"), 2);
    assert_eq!(store.texts(&everything()), ["in the future", "now", "still a minute left"]);
    assert_eq!(store.messages().delete_old_messages(30).expect("nothing is left"), 0);
    assert_eq!(store.messages().delete_old_messages(29).expect("the old ones are deleted"), 1);
    assert_eq!(store.messages().delete_old_messages(3_650_000).expect("nothing is that old"), 0);
}

fn days_out_of_range_delete_nothing(store: &Store) {
    store.round_trip(&NewMessage::new("old").with_timestamp(Timestamp::MIN));
    for days in [0, -1, 3_650_001, i64::MIN, i64::MAX] {
        assert_refused(store.messages().delete_old_messages(days), "days");
        assert_refused(store.messages().count_old_messages(days), "days");
    }
    assert_eq!(store.count(), 1);
}

fn thousands_go_in_batches(store: &Store) {
    let batch: Vec<_> =
        (0..2_500).map(|n| NewMessage::new("old").with_timestamp(ago(40, n))).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    store.round_trip(&NewMessage::new("new"));
    let mut told = Vec::new();
    let deleted = store.messages().delete_old_messages_with(30, &mut |count| told.push(count));
    assert_eq!(deleted.expect("the old ones are deleted"), 2_500);
    assert!(told.len() > 1 && told.is_sorted_by(|one, next| one < next), "{told:?}");
    assert_eq!(told.last(), Some(&2_500));
    assert_eq!(store.texts(&everything()), ["new"]);
}

fn messages_of_one_moment_go_together_across_batches(store: &Store) {
    let moment = ago(40, 0);
    let batch: Vec<_> = (0..1_200).map(|_| NewMessage::new("old").with_timestamp(moment)).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    assert_eq!(store.messages().delete_old_messages(1).expect("the old ones are deleted"), 1_200);
    assert_eq!(store.count(), 0);
}

/// A deletion goes on where its last batch ended; what comes behind its back must not escape it.
fn older_ones_that_come_meanwhile_go_too(store: &Store) {
    let batch: Vec<_> =
        (0..500).map(|n| NewMessage::new("old").with_timestamp(ago(40, n))).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    store.round_trip(&NewMessage::new("new"));
    let mut late = false;
    let deleted = store.messages().delete_old_messages_with(30, &mut |_| {
        if !std::mem::replace(&mut late, true) {
            store.round_trip(&NewMessage::new("older still").with_timestamp(ago(50, 0)));
        }
    });
    assert_eq!(deleted.expect("the old ones are deleted"), 501);
    assert_eq!(store.texts(&everything()), ["new"]);
}

fn an_empty_log_has_nothing_to_delete(store: &Store) {
    assert_eq!(store.messages().count_old_messages(1).expect("the log answers"), 0);
    assert_eq!(store.messages().delete_old_messages(1).expect("nothing to do"), 0);
}
