//! Order: newest first, and for equal timestamps the higher id first.

use chatkeep::{NewMessage, Order, Page};

use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT, at, everything, texts};

on_every_engine![
    messages_are_listed_newest_first,
    messages_with_equal_timestamps_are_ordered_by_id,
    a_message_without_a_timestamp_gets_the_current_time,
    a_later_message_has_a_higher_id,
    an_id_is_never_reused,
];

fn messages_are_listed_newest_first(store: &Store) {
    store.log_at("second", "2024-01-02");
    store.log_at("third", "2024-01-03");
    store.log_at("first", "1955-11-05");
    store.log_at("a microsecond later", "2024-01-02T00:00:00.000001Z");
    assert_eq!(store.texts(&everything()), ["third", "a microsecond later", "second", "first"]);
}

fn messages_with_equal_timestamps_are_ordered_by_id(store: &Store) {
    let batch: Vec<_> =
        (0..20).map(|n| NewMessage::new(n.to_string()).with_timestamp(at("2024-01-01"))).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    let newest: Vec<_> = (0..20).rev().map(|n| n.to_string()).collect();
    assert_eq!(store.texts(&everything()), newest);
    assert_eq!(store.texts(&everything().with_start(at("2024-01-01"))), newest);
    let oldest: Vec<_> = (0..20).map(|n| n.to_string()).collect();
    let iterated: Result<Vec<_>, _> =
        store.messages().iter_messages(&everything(), Order::OldestFirst).collect();
    assert_eq!(texts(iterated.expect("the query succeeds")), oldest);
}

fn a_message_without_a_timestamp_gets_the_current_time(store: &Store) {
    let before = chatkeep::Timestamp::now();
    let stored = store.round_trip(&NewMessage::new("now"));
    assert!(
        (before..=chatkeep::Timestamp::now()).contains(&stored.timestamp),
        "{}",
        stored.timestamp
    );
}

fn a_later_message_has_a_higher_id(store: &Store) {
    let mut last = 0;
    for timestamp in ["2024-01-03", "2024-01-01", "2024-01-02"] {
        let id = store.log_at("a", timestamp);
        assert!(id > last, "{id} is greater than {last}");
        last = id;
    }
}

fn an_id_is_never_reused(store: &Store) {
    store.log_at("old", "2001-01-01");
    let newest = store.log_at("the highest id, and old too", "2001-01-02");
    assert_eq!(store.messages().delete_old_messages(1).expect("the deletion succeeds"), 2);
    assert_eq!(store.count(), 0);
    let next =
        store.messages().log_message(&NewMessage::new("new")).expect("the message is logged");
    assert!(next > newest, "{next} is greater than {newest}");
    assert_eq!(store.messages().get_message_by_id(newest).expect("the query succeeds"), None);
    // The same holds for a handle opened later.
    store.close(TIMEOUT).expect("no operation is in flight");
    let again = crate::store::open(store.raw.url());
    let page =
        again.messages().get_messages(&everything(), &Page::default()).expect("the query succeeds");
    assert_eq!(page.len(), 1);
    assert!(
        again.messages().log_message(&NewMessage::new("newer")).expect("the message is logged")
            > next
    );
}
