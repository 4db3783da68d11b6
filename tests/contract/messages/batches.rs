//! Batches: all messages are stored or none, and ids are returned in the order of the messages.

use chatkeep::NewMessage;

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, at, everything, metadata};

on_every_engine![
    ids_follow_the_order_of_the_messages,
    an_empty_batch_returns_no_ids,
    batches_of_any_size_are_stored_completely,
    a_batch_may_exceed_one_statement,
    one_invalid_message_rejects_the_batch,
    untimed_messages_of_one_batch_share_a_timestamp,
];

fn ids_follow_the_order_of_the_messages(store: &Store) {
    let batch: Vec<_> = (0..200)
        .map(|n: i64| {
            // Later messages have older timestamps: ids follow the input, not the time.
            let timestamp =
                at("2024-01-01").checked_add_microseconds(-n).expect("the timestamp is in range");
            let message = NewMessage::new(format!("message {n}")).with_timestamp(timestamp);
            let message =
                if n % 3 == 0 { message.with_provider("p").with_tokens_used(n) } else { message };
            if n % 5 == 0 {
                message.with_metadata(metadata(&format!(r#"{{"n":{n}}}"#)))
            } else {
                message
            }
        })
        .collect();
    let ids = store.messages().log_messages(&batch).expect("the messages are logged");
    assert_eq!(ids.len(), batch.len());
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    for (id, message) in ids.iter().zip(&batch) {
        let stored = store
            .messages()
            .get_message_by_id(*id)
            .expect("the query succeeds")
            .expect("the message exists");
        assert_eq!(stored.user_message, message.user_message);
        assert_eq!(
            (&stored.provider, stored.tokens_used),
            (&message.provider, message.tokens_used)
        );
        assert_eq!(
            (&stored.metadata, Some(stored.timestamp)),
            (&message.metadata, message.timestamp)
        );
    }
}

fn an_empty_batch_returns_no_ids(store: &Store) {
    assert_eq!(
        store.messages().log_messages(&[]).expect("there is nothing to do"),
        Vec::<i64>::new()
    );
    assert_eq!(store.count(), 0);
}

fn batches_of_any_size_are_stored_completely(store: &Store) {
    let mut expected = 0;
    for size in [1, 2, 999, 1_000, 1_001, 5_000] {
        let batch: Vec<_> = (0..size).map(|n| NewMessage::new(format!("{size}:{n}"))).collect();
        let ids = store.messages().log_messages(&batch).expect("the messages are logged");
        assert_eq!(ids.len(), size);
        assert!(ids.is_sorted_by(|one, next| one < next));
        expected += size as i64;
        assert_eq!(store.count(), expected);
        for index in [0, size / 2, size - 1] {
            let stored =
                store.messages().get_message_by_id(ids[index]).expect("the query succeeds");
            assert_eq!(stored.expect("the message exists").user_message, format!("{size}:{index}"));
        }
    }
}

fn a_batch_may_exceed_one_statement(store: &Store) {
    // 9 MB in rows of very different sizes. The largest row needs a statement of its own.
    let sizes = [10, 3_000_000, 3_000_000, 1, 0, 4_500_000, 100, 1_500_000];
    let batch: Vec<_> =
        sizes.iter().map(|size| NewMessage::new("x".repeat(*size)).with_response("y")).collect();
    let ids = store.messages().log_messages(&batch).expect("the messages are logged");
    assert!(ids.is_sorted_by(|one, next| one < next));
    let stored: Vec<_> = store.all().iter().map(|message| message.user_message.len()).collect();
    assert_eq!(stored, sizes);
}

fn one_invalid_message_rejects_the_batch(store: &Store) {
    let good = |n: usize| NewMessage::new(n.to_string());
    let mut batch: Vec<_> = (0..1_500).map(good).collect();
    for index in [0, 3, 1_499] {
        batch[index] = good(index).with_provider("p".repeat(51));
        let error = store.messages().log_messages(&batch).expect_err("the batch is rejected");
        assert_rejected::<()>(Err(error), &format!("messages[{index}].provider"));
        batch[index] = good(index);
    }
    assert_eq!(store.count(), 0);
    assert_eq!(
        store.messages().log_messages(&batch).expect("the messages are logged").len(),
        1_500
    );
}

fn untimed_messages_of_one_batch_share_a_timestamp(store: &Store) {
    let batch: Vec<_> = ["a", "b", "c"].map(NewMessage::new).into();
    store.messages().log_messages(&batch).expect("the messages are logged");
    let timestamps: Vec<_> = store.all().iter().map(|message| message.timestamp).collect();
    assert!(timestamps.iter().all(|timestamp| *timestamp == timestamps[0]), "{timestamps:?}");
    assert_eq!(store.texts(&everything()), ["c", "b", "a"]);
}
