//! Retention: deletes old messages and nothing else.

use chatkeep::{NewMessage, Timestamp};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, everything};

on_every_engine![
    only_older_messages_are_deleted,
    out_of_range_days_delete_nothing,
    thousands_are_deleted_in_batches,
    equal_timestamps_are_deleted_across_batches,
    older_messages_logged_during_a_deletion_are_deleted,
    an_empty_log_has_nothing_to_delete,
];

const MINUTE: i64 = 60_000_000;

fn ago(days: i64, microseconds: i64) -> Timestamp {
    Timestamp::now()
        .checked_add_days(-days)
        .and_then(|timestamp| timestamp.checked_add_microseconds(microseconds))
        .expect("the timestamp is in range")
}

fn only_older_messages_are_deleted(store: &Store) {
    for (text, timestamp) in [
        ("a minute too old", ago(30, -MINUTE)),
        ("far too old", Timestamp::MIN),
        ("still a minute left", ago(30, MINUTE)),
        ("now", Timestamp::now()),
        ("in the future", Timestamp::MAX),
    ] {
        store.round_trip(&NewMessage::new(text).with_timestamp(timestamp));
    }
    assert_eq!(store.messages().count_old_messages(30).expect("the query succeeds"), 2);
    assert_eq!(store.messages().delete_old_messages(30).expect("the deletion succeeds"), 2);
    assert_eq!(store.texts(&everything()), ["in the future", "now", "still a minute left"]);
    assert_eq!(store.messages().delete_old_messages(30).expect("nothing is left"), 0);
    assert_eq!(store.messages().delete_old_messages(29).expect("the deletion succeeds"), 1);
    assert_eq!(store.messages().delete_old_messages(3_650_000).expect("nothing is that old"), 0);
}

fn out_of_range_days_delete_nothing(store: &Store) {
    store.round_trip(&NewMessage::new("old").with_timestamp(Timestamp::MIN));
    for days in [0, -1, 3_650_001, i64::MIN, i64::MAX] {
        assert_rejected(store.messages().delete_old_messages(days), "days");
        assert_rejected(store.messages().count_old_messages(days), "days");
    }
    assert_eq!(store.count(), 1);
}

fn thousands_are_deleted_in_batches(store: &Store) {
    let batch: Vec<_> =
        (0..2_500).map(|n| NewMessage::new("old").with_timestamp(ago(40, n))).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    store.round_trip(&NewMessage::new("new"));
    let mut progress = Vec::new();
    let deleted = store.messages().delete_old_messages_with(30, &mut |count| progress.push(count));
    assert_eq!(deleted.expect("the deletion succeeds"), 2_500);
    assert!(progress.len() > 1 && progress.is_sorted_by(|one, next| one < next), "{progress:?}");
    assert_eq!(progress.last(), Some(&2_500));
    assert_eq!(store.texts(&everything()), ["new"]);
}

fn equal_timestamps_are_deleted_across_batches(store: &Store) {
    let timestamp = ago(40, 0);
    let batch: Vec<_> =
        (0..1_200).map(|_| NewMessage::new("old").with_timestamp(timestamp)).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    assert_eq!(store.messages().delete_old_messages(1).expect("the deletion succeeds"), 1_200);
    assert_eq!(store.count(), 0);
}

/// A deletion resumes after its last batch. Older messages logged during the deletion must be
/// deleted as well.
fn older_messages_logged_during_a_deletion_are_deleted(store: &Store) {
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
    assert_eq!(deleted.expect("the deletion succeeds"), 501);
    assert_eq!(store.texts(&everything()), ["new"]);
}

fn an_empty_log_has_nothing_to_delete(store: &Store) {
    assert_eq!(store.messages().count_old_messages(1).expect("the query succeeds"), 0);
    assert_eq!(store.messages().delete_old_messages(1).expect("there is nothing to do"), 0);
}
