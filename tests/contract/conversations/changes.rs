//! Creating and changing conversations.

use chatkeep::{ErrorKind, Metadata, Timestamp};

use super::{create, item, items, text, user};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata};

on_every_engine![
    a_created_conversation_is_read_back,
    invalid_values_create_nothing,
    a_chosen_id_is_unique_and_compared_exactly,
    titles_and_metadata_are_replaced_and_removed,
    archiving_and_moving_report_whether_they_changed_something,
    calls_for_a_missing_conversation_change_nothing,
    a_copy_has_the_items_up_to_a_position_and_is_independent,
];

fn a_created_conversation_is_read_back(store: &Store) {
    let ada = user(store, "ada");
    let before = Timestamp::now();
    let data = metadata(r#"{"folder": "work", "n": 1.50}"#);
    let created = store
        .conversations()
        .create_conversation(Some(ada), Some("Über WAL"), Some(data.clone()), None)
        .expect("the conversation is created");
    assert_eq!(
        (created.user_id.as_deref(), created.title.as_deref(), created.metadata.as_ref()),
        (Some(ada), Some("Über WAL"), Some(&data))
    );
    assert_eq!((created.public_id.len(), created.public_id.as_bytes()[14]), (36, b'7'), "a UUIDv7");
    assert!((before..=Timestamp::now()).contains(&created.created_at));
    assert_eq!((created.last_message_at, created.archived_at), (created.created_at, None));
    let found = store.new_handle().conversations().get_conversation(&created.public_id);
    assert_eq!(found.expect("the query succeeds"), Some(created));
    let bare = store.conversations().create_conversation(None, None, None, None);
    let bare = bare.expect("the conversation is created");
    let found =
        store.conversations().get_conversation(&bare.public_id).expect("the query succeeds");
    assert_eq!(found.as_ref(), Some(&bare));
    assert_eq!((bare.user_id, bare.title, bare.metadata), (None, None, None));
}

fn invalid_values_create_nothing(store: &Store) {
    let large = metadata(&format!(r#"{{"a": "{}"}}"#, "a".repeat(16 << 20)));
    let id = create(store, None, "a").public_id;
    let changed = store.conversations().set_conversation_metadata(&id, Some(large.clone()));
    assert_rejected(changed, "metadata");
    let created = store.conversations().create_conversation(None, None, Some(large), None);
    assert_rejected(created, "metadata");
    assert!(store.conversations().delete_conversation(&id).expect("it is deleted"));
    let create = |user: Option<&str>, title: Option<&str>, id: Option<&str>| {
        store.conversations().create_conversation(user, title, None, id)
    };
    assert!(create(None, Some(&"é".repeat(255)), Some(&"é".repeat(64))).is_ok());
    assert_rejected(create(None, Some(&"é".repeat(256)), None), "title");
    assert_rejected(create(None, Some("a\0"), None), "title");
    for id in ["", "a\0", "a b", &"é".repeat(65)] {
        assert_rejected(create(None, None, Some(id)), "public_id");
    }
    for user in ["nobody", "", "a\0", &"x".repeat(1_000)] {
        assert_rejected(create(Some(user), None, None), "user_id");
    }
    let all = store.conversations().list_all_conversations(100, None, false);
    assert_eq!(all.expect("the query succeeds").conversations.len(), 1);
}

fn a_chosen_id_is_unique_and_compared_exactly(store: &Store) {
    let create = |id| store.conversations().create_conversation(None, Some(id), None, Some(id));
    for id in ["chat-1", "CHAT-1", "çhat-1"] {
        assert_eq!(create(id).expect("the id is unused").public_id, id);
    }
    let error = create("chat-1").expect_err("the id is used");
    assert_eq!((error.kind(), error.field()), (ErrorKind::Conflict, Some("public_id")), "{error}");
    assert!(!error.is_retryable());
    let found = store.conversations().get_conversation("chat-1").expect("the query succeeds");
    assert_eq!(found.expect("it exists").title.as_deref(), Some("chat-1"));
}

fn titles_and_metadata_are_replaced_and_removed(store: &Store) {
    let id = create(store, None, "old").public_id;
    let get = || {
        let found = store.conversations().get_conversation(&id).expect("the query succeeds");
        let found = found.expect("it exists");
        (found.title, found.metadata)
    };
    let data = metadata(r#"{"a": [1, {"b": null}]}"#);
    for title in [Some("new"), Some("new"), Some(""), None] {
        let renamed = store.conversations().rename_conversation(&id, title);
        assert!(renamed.expect("the change succeeds"), "the same title, too");
        assert_eq!(get().0.as_deref(), title);
    }
    for metadata in [Some(data.clone()), Some(data), None] {
        let set = store.conversations().set_conversation_metadata(&id, metadata.clone());
        assert!(set.expect("the change succeeds"));
        assert_eq!(get().1, metadata);
    }
    let long = "x".repeat(256);
    assert_rejected(store.conversations().rename_conversation(&id, Some(&long)), "title");
    assert_eq!(get(), (None, None));
}

fn archiving_and_moving_report_whether_they_changed_something(store: &Store) {
    let (ada, bob) = (user(store, "ada"), user(store, "bob"));
    let conversations = store.conversations();
    let id = create(store, Some(ada), "a").public_id;
    let get = || conversations.get_conversation(&id).expect("the query succeeds").expect("exists");
    assert!(!conversations.unarchive_conversation(&id).expect("the query succeeds"));
    assert!(conversations.archive_conversation(&id).expect("the change succeeds"));
    let archived_at = get().archived_at.expect("it is archived");
    assert!(!conversations.archive_conversation(&id).expect("the query succeeds"));
    assert_eq!(get().archived_at, Some(archived_at), "the first time is kept");
    assert!(conversations.unarchive_conversation(&id).expect("the change succeeds"));
    assert_eq!(get().archived_at, None);

    assert!(conversations.move_conversation(&id, Some(bob)).expect("the change succeeds"));
    assert_eq!(get().user_id.as_deref(), Some(bob));
    assert_rejected(conversations.move_conversation(&id, Some("nobody")), "user_id");
    assert_eq!(get().user_id.as_deref(), Some(bob));
    assert!(conversations.move_conversation(&id, None).expect("the change succeeds"));
    assert_eq!(get().user_id, None);
}

fn calls_for_a_missing_conversation_change_nothing(store: &Store) {
    let conversations = store.conversations();
    for id in ["no-such-id", "", "a\0b", &"x".repeat(100_000)] {
        assert_eq!(conversations.get_conversation(id).expect("the query succeeds"), None);
        assert!(!conversations.rename_conversation(id, Some("a")).expect("the query succeeds"));
        let set = conversations.set_conversation_metadata(id, None::<Metadata>);
        assert!(!set.expect("the query succeeds"));
        assert!(!conversations.archive_conversation(id).expect("the query succeeds"));
        assert!(!conversations.unarchive_conversation(id).expect("the query succeeds"));
        assert!(!conversations.move_conversation(id, None).expect("the query succeeds"));
        assert!(!conversations.delete_conversation(id).expect("the query succeeds"));
        assert_rejected(conversations.copy_conversation(id, None, None), "conversation_id");
        assert_eq!(items(store, id), []);
        let new = [item("user", "a")];
        assert_rejected(conversations.append_items(id, &new, None), "conversation_id");
        assert_rejected(conversations.replace_items(id, 1, &new, None), "conversation_id");
        assert_rejected(conversations.pop_items(id, 1, None), "conversation_id");
        assert_rejected(conversations.clear_items(id, None), "conversation_id");
    }
}

fn a_copy_has_the_items_up_to_a_position_and_is_independent(store: &Store) {
    let ada = user(store, "ada");
    let conversations = store.conversations();
    let data = metadata(r#"{"folder": 1}"#);
    let original = conversations
        .create_conversation(Some(ada), Some("original"), Some(data.clone()), None)
        .expect("the conversation is created");
    let new = ["a", "b", "c"].map(|word| item("user", word).with_message_id(7));
    conversations.append_items(&original.public_id, &new, None).expect("the items are stored");
    let copy = |up_to, title| {
        conversations.copy_conversation(&original.public_id, up_to, title).expect("it is copied")
    };
    let whole = copy(None, None);
    assert_ne!(whole.public_id, original.public_id);
    assert_eq!(
        (whole.user_id.as_deref(), whole.title.as_deref(), whole.metadata.as_ref()),
        (Some(ada), Some("original"), Some(&data))
    );
    let all = |id: &str| conversations.get_items(id, 10, None, None).expect("the query succeeds");
    assert_eq!(all(&whole.public_id), all(&original.public_id));
    let part = copy(Some(2), Some("fork"));
    assert_eq!(part.title.as_deref(), Some("fork"));
    assert_eq!(all(&part.public_id), all(&original.public_id)[..2]);
    assert_eq!(all(&copy(Some(0), None).public_id), []);
    assert_eq!(all(&copy(Some(i64::MAX), None).public_id).len(), 3);
    assert_rejected(
        conversations.copy_conversation(&original.public_id, Some(-1), None),
        "up_to_position",
    );
    let title = "x".repeat(256);
    assert_rejected(
        conversations.copy_conversation(&original.public_id, None, Some(&title)),
        "title",
    );

    let added = conversations.append_items(&part.public_id, &[item("user", "d")], None);
    assert_eq!(added.expect("the item is stored"), [3]);
    assert_eq!(items(store, &original.public_id)[2], (3, text("c")), "the original is unchanged");
}
