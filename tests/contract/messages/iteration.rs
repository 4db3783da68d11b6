//! Iteration: returns every message once, in constant memory, during concurrent writes.

use chatkeep::{MessageFilter, NewMessage, Order};

use crate::every_engine::on_every_engine;
use crate::store::{Store, at, everything, texts};

on_every_engine![
    iterating_an_empty_log_returns_nothing,
    both_orders_cross_page_bounds_without_gap_or_overlap,
    a_full_last_page_ends_the_iteration,
    concurrent_changes_neither_repeat_nor_skip_messages,
    an_iteration_applies_its_filter,
];

/// Number of messages fetched at a time.
const PAGE: usize = 500;

fn log_many(store: &Store, count: usize) {
    // Seven messages per timestamp, so that every page bound falls between equal timestamps.
    let first = at("2024-01-01");
    let batch: Vec<_> = (0..count)
        .map(|n| {
            let timestamp =
                first.checked_add_microseconds((n / 7) as i64).expect("the timestamp is in range");
            NewMessage::new(n.to_string())
                .with_timestamp(timestamp)
                .with_provider(["even", "odd"][n % 2])
        })
        .collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
}

fn iterate(store: &Store, filter: &MessageFilter, order: Order) -> Vec<String> {
    // An iteration that does not end is truncated, and its result is too long.
    let all: Result<Vec<_>, _> =
        store.messages().iter_messages(filter, order).take(5 * PAGE).collect();
    texts(all.expect("the query succeeds"))
}

fn numbers(range: impl Iterator<Item = usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

fn iterating_an_empty_log_returns_nothing(store: &Store) {
    let mut iterator = store.messages().iter_messages(&everything(), Order::NewestFirst);
    assert!(iterator.next().is_none());
    store.round_trip(&NewMessage::new("too late for this iteration"));
    assert!(iterator.next().is_none(), "an exhausted iterator stays exhausted");
}

fn both_orders_cross_page_bounds_without_gap_or_overlap(store: &Store) {
    let count = 2 * PAGE + 3;
    log_many(store, count);
    assert_eq!(iterate(store, &everything(), Order::OldestFirst), numbers(0..count));
    assert_eq!(iterate(store, &everything(), Order::NewestFirst), numbers((0..count).rev()));
}

fn a_full_last_page_ends_the_iteration(store: &Store) {
    log_many(store, PAGE);
    assert_eq!(iterate(store, &everything(), Order::OldestFirst), numbers(0..PAGE));
    log_many(store, 0);
    assert_eq!(iterate(store, &everything(), Order::NewestFirst).len(), PAGE);
}

fn concurrent_changes_neither_repeat_nor_skip_messages(store: &Store) {
    let count = PAGE + 100;
    log_many(store, count);
    let mut iterator = store.messages().iter_messages(&everything(), Order::NewestFirst);
    let first = iterator.next().expect("a message").expect("the query succeeds");
    assert_eq!(first.user_message, (count - 1).to_string());
    // The first page is fetched. One later message is deleted; one is added before the position and
    // one after it.
    store.raw.execute("DELETE FROM messages WHERE user_message = '42'");
    store.log_at("before the position", "2024-06-01");
    store.log_at("after the position", "2023-06-01");
    let rest: Result<Vec<_>, _> = iterator.collect();
    let mut expected = numbers((0..count - 1).rev().filter(|n| *n != 42));
    expected.push("after the position".to_owned());
    assert_eq!(texts(rest.expect("the query succeeds")), expected);
}

fn an_iteration_applies_its_filter(store: &Store) {
    log_many(store, 2 * PAGE + 40);
    let odd = everything().with_provider("odd").with_end(at("2024-01-01T00:00:00.000147Z"));
    let expected = numbers((0..(147 + 1) * 7).filter(|n| n % 2 == 1 && *n < 2 * PAGE + 40));
    assert_eq!(iterate(store, &odd, Order::OldestFirst), expected);
}
