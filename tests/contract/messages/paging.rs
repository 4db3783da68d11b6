//! Cursors: a page keeps its position while messages are added and deleted.

use chatkeep::{Cursor, Message, Page};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, at, everything, texts};

on_every_engine![
    pages_after_a_cursor_join_without_gap_or_overlap,
    concurrent_changes_do_not_shift_a_page,
    a_cursor_survives_serialization_and_deletion_of_its_message,
    a_search_can_be_paged_by_cursor,
    a_cursor_combines_with_filters_but_not_with_an_offset,
];

fn page_after(messages: &[Message], limit: i64) -> Page {
    Page { cursor: messages.last().map(Message::cursor), ..Page::first(limit) }
}

/// Ten messages with five timestamps, two messages each.
fn log_pairs(store: &Store) {
    for second in 0..5 {
        for twin in ["a", "b"] {
            store.log_at(&format!("{second}{twin}"), &format!("2024-01-01T00:00:0{second}Z"));
        }
    }
}

fn pages_after_a_cursor_join_without_gap_or_overlap(store: &Store) {
    log_pairs(store);
    let whole = store.texts(&everything());
    for limit in [1, 2, 3, 9, 10, 11] {
        let mut joined = Vec::new();
        let mut page = Page::first(limit);
        loop {
            let messages =
                store.messages().get_messages(&everything(), &page).expect("the query succeeds");
            if messages.is_empty() {
                break;
            }
            page = page_after(&messages, limit);
            joined.extend(texts(messages));
            assert!(joined.len() <= whole.len(), "no message is returned twice");
        }
        assert_eq!(joined, whole, "pages of {limit}");
    }
}

fn concurrent_changes_do_not_shift_a_page(store: &Store) {
    log_pairs(store);
    let first =
        store.messages().get_messages(&everything(), &Page::first(3)).expect("the query succeeds");
    assert_eq!(texts(first.clone()), ["4b", "4a", "3b"]);
    store.log_at("newer", "2024-01-01T00:00:09Z");
    store.log_at("at the timestamp of the cursor, but logged later", "2024-01-01T00:00:03Z");
    store.log_at("older", "2024-01-01T00:00:02.5Z");
    store.raw.execute("DELETE FROM messages WHERE user_message IN ('4a', '2b')");
    let second = store
        .messages()
        .get_messages(&everything(), &page_after(&first, 4))
        .expect("the query succeeds");
    assert_eq!(texts(second), ["3a", "older", "2a", "1b"]);
}

fn a_cursor_survives_serialization_and_deletion_of_its_message(store: &Store) {
    log_pairs(store);
    let first =
        store.messages().get_messages(&everything(), &Page::first(3)).expect("the query succeeds");
    let text = first[2].cursor().to_string();
    store.raw.execute("DELETE FROM messages WHERE user_message = '3b'");
    let cursor: Cursor = text.parse().expect("a valid cursor");
    let page = Page { cursor: Some(cursor), ..Page::first(2) };
    let second = store.messages().get_messages(&everything(), &page).expect("the query succeeds");
    assert_eq!(texts(second), ["3a", "2b"]);
    for wrong in ["", "x", "AQ", &text[1..], &format!("{text}A")] {
        assert_rejected(wrong.parse::<Cursor>(), "cursor");
    }
}

fn a_search_can_be_paged_by_cursor(store: &Store) {
    log_pairs(store);
    let first = store
        .messages()
        .search_messages("B", &chatkeep::MessageFilter::default(), &Page::first(2))
        .expect("the search succeeds");
    assert_eq!(texts(first.clone()), ["4b", "3b"]);
    store.log_at("newer b", "2024-01-02");
    let second = store
        .messages()
        .search_messages("B", &chatkeep::MessageFilter::default(), &page_after(&first, 10))
        .expect("the search succeeds");
    assert_eq!(texts(second), ["2b", "1b", "0b"]);
}

fn a_cursor_combines_with_filters_but_not_with_an_offset(store: &Store) {
    log_pairs(store);
    let first =
        store.messages().get_messages(&everything(), &Page::first(1)).expect("the query succeeds");
    let late = everything().with_start(at("2024-01-01T00:00:04Z"));
    let rest =
        store.messages().get_messages(&late, &page_after(&first, 10)).expect("the query succeeds");
    assert_eq!(texts(rest), ["4a"]);
    let both = Page { offset: 1, ..page_after(&first, 10) };
    assert_rejected(store.messages().get_messages(&everything(), &both), "cursor");
    assert_rejected(
        store.messages().search_messages("a", &chatkeep::MessageFilter::default(), &both),
        "cursor",
    );
}
