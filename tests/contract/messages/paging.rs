//! A cursor stays where it is while messages come and go.

use chatkeep::{Cursor, Message, Page};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_refused, at, everything, texts};

on_every_engine![
    pages_behind_a_cursor_join_without_gap_or_overlap,
    messages_that_come_and_go_do_not_move_a_page,
    a_cursor_survives_as_text_and_even_the_deletion_of_its_message,
    a_search_is_paged_by_the_same_cursor,
    a_cursor_goes_together_with_filters_and_not_with_an_offset,
];

fn behind(messages: &[Message], limit: i64) -> Page {
    Page { cursor: messages.last().map(Message::cursor), ..Page::first(limit) }
}

/// Ten messages at five moments: two share each.
fn log_pairs(store: &Store) {
    for moment in 0..5 {
        for twin in ["a", "b"] {
            store.log_at(&format!("{moment}{twin}"), &format!("2024-01-01T00:00:0{moment}Z"));
        }
    }
}

fn pages_behind_a_cursor_join_without_gap_or_overlap(store: &Store) {
    log_pairs(store);
    let whole = store.texts(&everything());
    for limit in [1, 2, 3, 9, 10, 11] {
        let mut joined = Vec::new();
        let mut page = Page::first(limit);
        loop {
            let messages =
                store.messages().get_messages(&everything(), &page).expect("the log answers");
            if messages.is_empty() {
                break;
            }
            page = behind(&messages, limit);
            joined.extend(texts(messages));
            assert!(joined.len() <= whole.len(), "no message comes twice");
        }
        assert_eq!(joined, whole, "pages of {limit}");
    }
}

fn messages_that_come_and_go_do_not_move_a_page(store: &Store) {
    log_pairs(store);
    let first =
        store.messages().get_messages(&everything(), &Page::first(3)).expect("the log answers");
    assert_eq!(texts(first.clone()), ["4b", "4a", "3b"]);
    store.log_at("newer", "2024-01-01T00:00:09Z");
    store.log_at("at the moment of the cursor, but logged later", "2024-01-01T00:00:03Z");
    store.log_at("older", "2024-01-01T00:00:02.5Z");
    store.raw.execute("DELETE FROM messages WHERE user_message IN ('4a', '2b')");
    let second =
        store.messages().get_messages(&everything(), &behind(&first, 4)).expect("the log answers");
    assert_eq!(texts(second), ["3a", "older", "2a", "1b"]);
}

fn a_cursor_survives_as_text_and_even_the_deletion_of_its_message(store: &Store) {
    log_pairs(store);
    let first =
        store.messages().get_messages(&everything(), &Page::first(3)).expect("the log answers");
    let text = first[2].cursor().to_string();
    store.raw.execute("DELETE FROM messages WHERE user_message = '3b'");
    let cursor: Cursor = text.parse().expect("a cursor that was given out");
    let page = Page { cursor: Some(cursor), ..Page::first(2) };
    let second = store.messages().get_messages(&everything(), &page).expect("the log answers");
    assert_eq!(texts(second), ["3a", "2b"]);
    for wrong in ["", "x", "AQ", &text[1..], &format!("{text}A")] {
        assert_refused(wrong.parse::<Cursor>(), "cursor");
    }
}

fn a_search_is_paged_by_the_same_cursor(store: &Store) {
    log_pairs(store);
    let first = store.messages().search_messages("B", &Page::first(2)).expect("the search answers");
    assert_eq!(texts(first.clone()), ["4b", "3b"]);
    store.log_at("newer b", "2024-01-02");
    let second =
        store.messages().search_messages("B", &behind(&first, 10)).expect("the search answers");
    assert_eq!(texts(second), ["2b", "1b", "0b"]);
}

fn a_cursor_goes_together_with_filters_and_not_with_an_offset(store: &Store) {
    log_pairs(store);
    let first =
        store.messages().get_messages(&everything(), &Page::first(1)).expect("the log answers");
    let late = everything().with_start(at("2024-01-01T00:00:04Z"));
    let rest = store.messages().get_messages(&late, &behind(&first, 10)).expect("the log answers");
    assert_eq!(texts(rest), ["4a"]);
    let both = Page { offset: 1, ..behind(&first, 10) };
    assert_refused(store.messages().get_messages(&everything(), &both), "cursor");
    assert_refused(store.messages().search_messages("a", &both), "cursor");
}
