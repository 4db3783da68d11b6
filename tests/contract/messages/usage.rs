//! Conversation, user and usage of messages: alone, and in groups with messages that have none.

use std::thread;

use chatkeep::{
    AnalyticsFilter, Message, MessageFilter, MessageStatus, NewMessage, Order, Page, Usage,
};

use crate::every_engine::on_every_engine;
use crate::plans::{analyze, assert_reads_index};
use crate::store::{Store, assert_rejected, at, everything};

on_every_engine![
    every_value_is_returned_by_every_read,
    mixed_batches_keep_the_order_of_the_ids,
    mixed_batches_may_exceed_one_statement,
    concurrent_mixed_messages_keep_their_values,
    invalid_usage_rejects_the_batch,
    pages_of_a_conversation_and_a_user_follow_the_time,
    pages_of_a_conversation_and_a_user_read_an_index,
    costs_are_subtracted_when_messages_are_deleted,
    changed_costs_are_found_by_a_check,
];

/// A message with every value, distinct by number.
fn full(n: i64) -> NewMessage {
    let usage = Usage {
        input_tokens: Some(n + 1_000),
        output_tokens: Some(n + 100),
        cached_tokens: Some(n + 10),
        reasoning_tokens: Some(n),
        cost: Some(chatkeep::Cost::from_nano_dollars(n).expect("the cost is valid")),
        latency_ms: Some(n + 5),
        ttft_ms: Some(n + 2),
        status: Some(MessageStatus::ALL[n as usize % MessageStatus::ALL.len()]),
        error: Some(format!("error {n}")),
    };
    plain(n).with_conversation_id(n % 7 + 1).with_user_id(i64::MAX - n % 3).with_usage(usage)
}

fn plain(n: i64) -> NewMessage {
    let time = at("2024-01-01").checked_add_microseconds(n).expect("the timestamp is in range");
    NewMessage::new(format!("message {n}")).with_timestamp(time)
}

/// Every third message has all values, others have one or none.
fn mixed(n: i64) -> NewMessage {
    match n % 6 {
        0 | 3 => full(n),
        1 => plain(n).with_conversation_id(n + 1),
        4 => plain(n)
            .with_usage(Usage { cost: Some("0.5".parse().expect("a cost")), ..Usage::default() }),
        _ => plain(n),
    }
}

/// Asserts that a stored message has the values that were logged.
#[track_caller]
fn assert_stored(stored: &Message, logged: &NewMessage) {
    let expected = NewMessage { tokens_used: logged.total_tokens(), ..logged.clone() };
    assert_eq!(NewMessage::from(stored.clone()), expected);
}

fn every_value_is_returned_by_every_read(store: &Store) {
    let messages: Vec<_> = (0..4).map(full).collect();
    for message in &messages {
        assert_stored(&store.round_trip(message), message);
    }
    for (stored, message) in store.all().iter().zip(&messages) {
        assert_stored(stored, message);
    }
    let found = store.messages().search_messages(
        "message",
        &chatkeep::MessageFilter::default(),
        &Page::first(10),
    );
    for (stored, message) in found.expect("the search succeeds").iter().rev().zip(&messages) {
        assert_stored(stored, message);
    }
}

fn mixed_batches_keep_the_order_of_the_ids(store: &Store) {
    let mut number = 0;
    for size in [2, 3, 64, 65, 1_001] {
        let batch: Vec<_> = (number..number + size).map(mixed).collect();
        number += size;
        let ids = store.messages().log_messages(&batch).expect("the messages are logged");
        assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
        assert_eq!(ids.len(), batch.len());
        let stored: Vec<_> = store.all().into_iter().skip((number - size) as usize).collect();
        assert_eq!(stored.len(), batch.len());
        for ((stored, id), message) in stored.iter().zip(ids).zip(&batch) {
            assert_eq!(stored.id, id);
            assert_stored(stored, message);
        }
    }
}

fn mixed_batches_may_exceed_one_statement(store: &Store) {
    let sizes = [10, 3_000_000, 1, 3_000_000, 0, 4_500_000, 100];
    let batch: Vec<_> = (0..)
        .zip(sizes)
        .map(|(n, size)| {
            let message = plain(n);
            let error = Some("x".repeat(size));
            if n % 2 == 0 {
                message
            } else {
                message.with_usage(Usage { error, ..Usage::default() })
            }
        })
        .collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    for (stored, message) in store.all().iter().zip(&batch) {
        assert_stored(stored, message);
    }
}

fn concurrent_mixed_messages_keep_their_values(store: &Store) {
    let log = |n: i64| {
        let message = mixed(n);
        (store.messages().log_message(&message).expect("the message is logged"), message)
    };
    let logged: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|first| {
                scope.spawn(move || (0..24).map(|n| log(first + 8 * n)).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("the thread ends")).collect()
    });
    for (id, message) in logged {
        let stored = store.messages().get_message_by_id(id).expect("the query succeeds");
        assert_stored(&stored.expect("the message exists"), &message);
    }
}

fn invalid_usage_rejects_the_batch(store: &Store) {
    let usage = Usage { input_tokens: Some(1), cached_tokens: Some(2), ..Usage::default() };
    let batch = [plain(0), full(1), plain(2).with_usage(usage)];
    assert_rejected(store.messages().log_messages(&batch), "messages[2].cached_tokens");
    assert_rejected(
        store.messages().log_message(&plain(0).with_conversation_id(0)),
        "conversation_id",
    );
    assert_eq!(store.count(), 0);
}

fn pages_of_a_conversation_and_a_user_follow_the_time(store: &Store) {
    // Ids descend while the times ascend.
    let batch: Vec<_> = (0..60)
        .rev()
        .map(|n| {
            let message =
                plain(n / 2).with_metadata(crate::store::metadata(&format!(r#"{{"n": {n}}}"#)));
            let message = if n % 3 == 0 { message.with_conversation_id(5) } else { message };
            if n % 4 == 0 { message.with_user_id(7) } else { message }
        })
        .collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    for filter in [
        everything().with_conversation_id(5),
        everything().with_user_id(7),
        everything().with_conversation_id(5).with_user_id(7),
        everything().with_user_id(7).with_start(at("2024-01-01T00:00:00.000010Z")),
    ] {
        let matches = |message: &Message| {
            filter.conversation_id.is_none_or(|id| message.conversation_id == Some(id))
                && filter.user_id.is_none_or(|id| message.user_id == Some(id))
                && filter.start.is_none_or(|start| message.timestamp >= start)
        };
        let mut expected: Vec<_> = store.all().into_iter().filter(matches).collect();
        assert!(!expected.is_empty());
        let oldest: chatkeep::Result<Vec<_>> =
            store.messages().iter_messages(&filter, Order::OldestFirst).collect();
        assert_eq!(oldest.expect("the query succeeds"), expected);
        expected.reverse();
        assert_eq!(in_pages(store, &filter, 4), expected);
        let count = store.messages().get_message_count(&filter).expect("the query succeeds");
        assert_eq!(count, expected.len() as i64);
    }
}

fn in_pages(store: &Store, filter: &MessageFilter, limit: i64) -> Vec<Message> {
    let mut all = Vec::new();
    let mut page = Page::first(limit);
    loop {
        let listed = store.messages().get_messages(filter, &page).expect("the query succeeds");
        let Some(last) = listed.last() else { return all };
        page.cursor = Some(last.cursor());
        all.extend(listed);
    }
}

/// Asserts that a page, and the page after a cursor, are read from the index in its order.
fn pages_of_a_conversation_and_a_user_read_an_index(store: &Store) {
    for first in 0..8 {
        let batch: Vec<_> = (0..1_000)
            .map(|n| {
                let n = first * 1_000 + n;
                let message = plain(n);
                // A rare conversation and a frequent user, among messages without either.
                let message = if n % 500 == 0 { message.with_conversation_id(5) } else { message };
                if n % 2 == 0 { message.with_user_id(n % 4 + 1) } else { message }
            })
            .collect();
        store.messages().log_messages(&batch).expect("the messages are logged");
    }
    analyze(store, "messages");
    let cursor = "timestamp <= '2024-01-01 00:00:00.004000' \
                  AND (timestamp < '2024-01-01 00:00:00.004000' OR id < 4000)";
    for (column, id) in [("conversation_id", 5), ("user_id", 3)] {
        for condition in ["", &format!(" AND {cursor}")] {
            for order in ["DESC", "ASC"] {
                let page = format!(
                    "SELECT * FROM messages WHERE {column} = {id}{condition} \
                     ORDER BY timestamp {order}, id {order} LIMIT 10"
                );
                assert_reads_index(store, &page, &format!("messages_{column}_timestamp_id"));
            }
        }
    }
}

fn costs_are_subtracted_when_messages_are_deleted(store: &Store) {
    let old: Vec<_> = (0..20).map(|n| mixed(n).with_provider("old")).collect();
    let time = chatkeep::Timestamp::now();
    let new: Vec<_> = (0..6).map(|n| mixed(n).with_timestamp(time).with_provider("new")).collect();
    store.messages().log_messages(&[old, new].concat()).expect("the messages are logged");
    store.messages().rebuild_totals().expect("the totals are rebuilt");
    let all = AnalyticsFilter::default();
    let before = store.messages().get_analytics(&all).expect("the query succeeds");
    store.messages().delete_old_messages(30).expect("the deletion succeeds");
    let after = store.messages().get_analytics(&all).expect("the query succeeds");
    // Those of the messages 0, 3 and 4.
    assert_eq!(after.total_cost.to_string(), "0.500000003");
    assert_eq!(after.messages_with_cost, 3);
    assert_eq!(after.cost_by_provider.keys().collect::<Vec<_>>(), ["new"]);
    assert_eq!(after.total_cost, before.cost_by_provider["new"]);
    let check = store.messages().check_totals().expect("the query succeeds");
    assert_eq!((check.counted, check.differences), (6, Vec::new()));
}

fn changed_costs_are_found_by_a_check(store: &Store) {
    store.messages().log_messages(&[full(5), plain(6)]).expect("the messages are logged");
    store.messages().rebuild_totals().expect("the totals are rebuilt");
    store.raw.execute("UPDATE messages SET cost = 7 WHERE cost = 5");
    let check = store.messages().check_totals().expect("the query succeeds");
    // An hour, a day and a month.
    assert_eq!(check.differences.len(), 3);
    for difference in check.differences {
        assert_eq!(difference.kept.cost.to_string(), "0.000000005");
        assert_eq!(difference.found.cost.to_string(), "0.000000007");
    }
}
