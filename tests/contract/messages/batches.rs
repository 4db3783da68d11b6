//! Logging many at once: all or none, and the ids in the order of the messages.

use chatkeep::NewMessage;

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_refused, at, everything, metadata};

on_every_engine![
    ids_come_in_the_order_of_the_messages,
    no_messages_give_no_ids,
    batches_of_any_size_are_stored_whole,
    more_than_a_statement_holds_is_still_one_batch,
    one_bad_message_keeps_all_out,
    messages_of_one_batch_without_a_time_share_one_moment,
];

fn ids_come_in_the_order_of_the_messages(store: &Store) {
    let batch: Vec<_> = (0..200)
        .map(|n: i64| {
            // Later ones are older: ids follow the input, not the time.
            let moment = at("2024-01-01").checked_add_microseconds(-n).expect("inside the range");
            let message = NewMessage::new(format!("message {n}")).with_timestamp(moment);
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
            .expect("the log answers")
            .expect("the message is there");
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

fn no_messages_give_no_ids(store: &Store) {
    assert_eq!(store.messages().log_messages(&[]).expect("nothing to do"), Vec::<i64>::new());
    assert_eq!(store.count(), 0);
}

fn batches_of_any_size_are_stored_whole(store: &Store) {
    let mut expected = 0;
    for size in [1, 2, 999, 1_000, 1_001, 5_000] {
        let batch: Vec<_> = (0..size).map(|n| NewMessage::new(format!("{size}:{n}"))).collect();
        let ids = store.messages().log_messages(&batch).expect("the messages are logged");
        assert_eq!(ids.len(), size);
        assert!(ids.is_sorted_by(|one, next| one < next));
        expected += size as i64;
        assert_eq!(store.count(), expected);
        for place in [0, size / 2, size - 1] {
            let stored = store.messages().get_message_by_id(ids[place]).expect("the log answers");
            assert_eq!(
                stored.expect("the message is there").user_message,
                format!("{size}:{place}")
            );
        }
    }
}

fn more_than_a_statement_holds_is_still_one_batch(store: &Store) {
    // 9 MB in rows of very different sizes; the largest is more than a statement takes together with others.
    let sizes = [10, 3_000_000, 3_000_000, 1, 0, 4_500_000, 100, 1_500_000];
    let batch: Vec<_> =
        sizes.iter().map(|size| NewMessage::new("x".repeat(*size)).with_response("y")).collect();
    let ids = store.messages().log_messages(&batch).expect("the messages are logged");
    assert!(ids.is_sorted_by(|one, next| one < next));
    let stored: Vec<_> = store.all().iter().map(|message| message.user_message.len()).collect();
    assert_eq!(stored, sizes);
}

fn one_bad_message_keeps_all_out(store: &Store) {
    let good = |n: usize| NewMessage::new(n.to_string());
    let mut batch: Vec<_> = (0..1_500).map(good).collect();
    for place in [0, 3, 1_499] {
        batch[place] = good(place).with_provider("p".repeat(51));
        let error = store.messages().log_messages(&batch).expect_err("the batch is refused");
        assert_refused::<()>(Err(error), &format!("messages[{place}].provider"));
        batch[place] = good(place);
    }
    assert_eq!(store.count(), 0);
    assert_eq!(
        store.messages().log_messages(&batch).expect("the messages are logged").len(),
        1_500
    );
}

fn messages_of_one_batch_without_a_time_share_one_moment(store: &Store) {
    let batch: Vec<_> = ["a", "b", "c"].map(NewMessage::new).into();
    store.messages().log_messages(&batch).expect("the messages are logged");
    let moments: Vec<_> = store.all().iter().map(|message| message.timestamp).collect();
    assert!(moments.iter().all(|moment| *moment == moments[0]), "{moments:?}");
    assert_eq!(store.texts(&everything()), ["c", "b", "a"]);
}
