//! Deleting conversations, also old ones.

use super::{create, item, items, set_last_activity};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    a_deleted_conversation_is_gone_with_its_items_and_no_other,
    thousands_of_items_are_deleted_in_batches,
    only_inactive_conversations_are_pruned,
];

/// Counts the rows of a table directly.
pub(super) fn rows(store: &Store, table: &str) -> String {
    store.raw.scalar(&format!("SELECT count(*) FROM {table}")).expect("a number")
}

fn a_deleted_conversation_is_gone_with_its_items_and_no_other(store: &Store) {
    let ids = ["a", "b"].map(|title| create(store, None, title).public_id);
    for id in &ids {
        store.conversations().append_items(id, &[item("user", "hi")], None).expect("it is stored");
    }
    assert!(store.conversations().delete_conversation(&ids[0]).expect("it is deleted"));
    let deleted = store.conversations().get_conversation(&ids[0]);
    assert_eq!(deleted.expect("the query succeeds"), None);
    assert_eq!((items(store, &ids[0]).len(), items(store, &ids[1]).len()), (0, 1));
    assert_eq!(rows(store, "conversation_items"), "1");
    assert!(!store.conversations().delete_conversation(&ids[0]).expect("the query succeeds"));
}

fn thousands_of_items_are_deleted_in_batches(store: &Store) {
    let id = create(store, None, "a").public_id;
    let new = vec![item("user", "a"); 2_500];
    store.conversations().append_items(&id, &new, None).expect("the items are stored");
    assert!(store.conversations().delete_conversation(&id).expect("it is deleted"));
    assert_eq!(
        (rows(store, "conversation_items"), rows(store, "chat_conversations")),
        ("0".into(), "0".into())
    );
}

fn only_inactive_conversations_are_pruned(store: &Store) {
    let ids: Vec<_> =
        (0..230).map(|number| create(store, None, &number.to_string()).public_id).collect();
    for id in &ids[..10] {
        store.conversations().append_items(id, &[item("user", "hi")], None).expect("it is stored");
    }
    store
        .raw
        .execute("UPDATE chat_conversations SET last_message_at = '2024-01-01 00:00:00.000000'");
    for id in &ids[..3] {
        set_last_activity(store, id, "2999-01-01 00:00:00.000000");
    }
    for days in [0, -1, 3_650_001] {
        assert_rejected(store.conversations().prune_conversations(days), "days");
    }
    let pruned = store.conversations().prune_conversations(30).expect("the deletion succeeds");
    assert_eq!(pruned, 227);
    assert_eq!(
        (rows(store, "chat_conversations"), rows(store, "conversation_items")),
        ("3".into(), "3".into())
    );
    assert_eq!(store.conversations().prune_conversations(30).expect("nothing is left"), 0);
}
