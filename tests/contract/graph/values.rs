//! Values and keys of unusual sizes and contents.

use chatkeep::{Bytes, ErrorKind, NewChannel, NewGraphWrite};

use super::{changed, checkpoint, get, value};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    large_states_are_stored_exactly,
    states_that_are_too_large_are_refused_by_name,
    invalid_checkpoints_are_refused_by_name,
    keys_of_any_length_and_letters_are_distinct,
    binary_values_are_returned_as_they_are,
    ids_are_ordered_by_bytes,
];

/// Returns incompressible bytes.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn large_states_are_stored_exactly(store: &Store) {
    let text = format!("{:?}", "state ".repeat(2_000_000));
    let list = format!("[{}]", vec![format!("{:?}", "x".repeat(2 << 20)); 5].join(","));
    let channels = vec![
        changed("text", "1", &text),
        changed("list", "1", &list),
        NewChannel::with_value("noise", "1", "bytes", Bytes::from(noise(10 << 20))),
    ];
    store.graph().put_checkpoint("t", &checkpoint("1", None, channels)).expect("it is stored");
    let found = get(store, "t", None);
    assert_eq!(value(&found, "text"), Some(text));
    assert_eq!(value(&found, "list"), Some(list));
    assert!(found.channels[2].data.as_ref().map(Bytes::as_slice) == Some(&noise(10 << 20)));
}

fn states_that_are_too_large_are_refused_by_name(store: &Store) {
    for (size, word) in [(17 << 20, "compression"), (65 << 20, "at most")] {
        let data = Bytes::from(noise(size));
        let channels =
            vec![changed("a", "1", "1"), NewChannel::with_value("b", "1", "bytes", data.clone())];
        let put = store.graph().put_checkpoint("t", &checkpoint("1", None, channels));
        let error = put.expect_err("it is too large");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("checkpoint.channels[1].data"))
        );
        assert!(error.message().contains(word), "{error}");
        let write =
            NewGraphWrite { index: 0, channel: "b".to_owned(), format: "bytes".to_owned(), data };
        let put = store.graph().put_writes("t", "1", "task", &[write], "", "");
        assert_rejected(put, "writes[0].data");
    }
    let threads = store.graph().list_threads(10, None, None).expect("the query succeeds");
    assert!(threads.is_empty(), "nothing is stored: {threads:?}");
}

fn invalid_checkpoints_are_refused_by_name(store: &Store) {
    let channels = vec![changed("a", "1", "1"), NewChannel::unchanged("b", "")];
    for (new, field) in [
        (checkpoint("", None, Vec::new()), "checkpoint.id"),
        (checkpoint("1", Some(""), Vec::new()), "checkpoint.parent_id"),
        (checkpoint("1", None, channels), "checkpoint.channels[1].version"),
    ] {
        assert_rejected(store.graph().put_checkpoint("t", &new), field);
    }
}

fn keys_of_any_length_and_letters_are_distinct(store: &Store) {
    let long = "k".repeat(60_000);
    let keys = [
        "a",
        "A",
        "a ",
        " a",
        "ä",
        "a\u{308}",
        "😀",
        "%",
        "_",
        "a'b\"c\\",
        &long,
        &format!("{long}2"),
    ];
    for (number, key) in keys.iter().enumerate() {
        let new = checkpoint("1", None, vec![changed("n", "1", &number.to_string())]);
        store.graph().put_checkpoint(key, &new).expect("it is stored");
        let nested = chatkeep::NewCheckpoint { namespace: Some((*key).to_owned()), ..new };
        store.graph().put_checkpoint("names", &nested).expect("it is stored");
    }
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(value(&get(store, key, None), "n"), Some(number.to_string()), "{key:.20}");
        let nested = store.graph().get_checkpoint("names", key, None).expect("the query succeeds");
        assert_eq!(value(&nested.expect("it is stored"), "n"), Some(number.to_string()));
    }
    let too_long = "k".repeat((64 << 10) + 1);
    let new = checkpoint("1", None, Vec::new());
    for key in ["", "a\0b", &too_long] {
        assert_rejected(store.graph().put_checkpoint(key, &new), "thread");
        assert_rejected(store.graph().get_checkpoint(key, "", None), "thread");
        assert_rejected(store.graph().delete_thread(key), "thread");
    }
}

fn binary_values_are_returned_as_they_are(store: &Store) {
    let all: Vec<u8> = (0..=255).cycle().take(1_000).collect();
    for (number, data) in [vec![], vec![0], vec![0xff; 300], all].into_iter().enumerate() {
        let id = number.to_string();
        let data = Bytes::from(data);
        let channel = NewChannel::with_value("c", "1", "pickle", data.clone());
        let mut new = checkpoint(&id, None, vec![channel]);
        (new.data, new.metadata) = (data.clone(), data.clone());
        store.graph().put_checkpoint("t", &new).expect("it is stored");
        let write =
            NewGraphWrite { index: 0, channel: "c".to_owned(), format: "x".to_owned(), data };
        store
            .graph()
            .put_writes("t", &id, "a", std::slice::from_ref(&write), "", "")
            .expect("stored");
        let found = get(store, "t", Some(&id));
        assert_eq!((&found.data, &found.metadata), (&write.data, &write.data));
        assert_eq!(found.channels[0].data.as_ref(), Some(&write.data));
        assert_eq!(found.writes[0].data, write.data);
    }
}

fn ids_are_ordered_by_bytes(store: &Store) {
    let ids = ["B", "a", "a-", "a0", "b", "é", "😀"];
    for id in ids.iter().rev() {
        store.graph().put_checkpoint("t", &checkpoint(id, None, Vec::new())).expect("it is stored");
    }
    let listed = store.graph().list_checkpoints(Some("t"), None, None, None, None, 100);
    let listed: Vec<_> =
        listed.expect("the query succeeds").into_iter().map(|found| found.id).collect();
    assert_eq!(listed, ids.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(get(store, "t", None).id, "😀");
    let before = store.graph().list_checkpoints(Some("t"), None, None, Some("a0"), None, 100);
    let before: Vec<_> =
        before.expect("the query succeeds").into_iter().map(|found| found.id).collect();
    assert_eq!(before, ["a-", "a", "B"]);
}
