//! Creation, lists, and invalid arguments.

use chatkeep::{ErrorKind, NewStream, StreamEnd, StreamStatus};
use chatkeep_testkit::Engine;

use super::create;
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata};

on_every_engine![
    a_created_stream_is_stored_with_all_its_fields,
    conversations_and_users_are_given_by_their_public_ids,
    invalid_fields_are_rejected_by_name,
    an_id_exists_once,
    streams_are_listed_in_pages_newest_first,
];

/// Creates a conversation and a user with these public ids.
fn create_owners(store: &Store) {
    store.raw.execute(
        "INSERT INTO chat_conversations (public_id, created_at, last_message_at) \
         VALUES ('conversation', '2024-01-02 00:00:00.000000', '2024-01-02 00:00:00.000000')",
    );
    let active = if store.engine() == Engine::PostgreSql { "true" } else { "1" };
    store.raw.execute(&format!(
        "INSERT INTO chat_users (public_id, active, stamp, created_at, updated_at) \
         VALUES ('user', {active}, '0123456789abcdef0123456789abcdef', \
         '2024-01-02 00:00:00.000000', '2024-01-02 00:00:00.000000')"
    ));
}

fn a_created_stream_is_stored_with_all_its_fields(store: &Store) {
    create_owners(store);
    let new = NewStream::default()
        .with_conversation("conversation")
        .with_user("user")
        .with_kind("image")
        .with_provider("openai")
        .with_model("gpt-4o")
        .with_metadata(metadata(r#"{"a": 1}"#))
        .with_public_id("my id");
    assert_rejected(store.streams().create_stream(&new), "public_id");
    let new = new.with_public_id("my-id");
    let created = store.streams().create_stream(&new).expect("it is created");
    assert_eq!(created.public_id, "my-id");
    assert_eq!(created.conversation_id.as_deref(), Some("conversation"));
    assert_eq!(created.user_id.as_deref(), Some("user"));
    assert_eq!((created.kind.as_str(), created.status), ("image", StreamStatus::Running));
    assert_eq!((created.last_seq, created.finished_at), (0, None));
    assert_eq!(created.metadata, new.metadata);
    let stored = store.streams().get_stream("my-id").expect("the query succeeds");
    assert_eq!(stored, Some(created));
    let plain = store.streams().create_stream(&NewStream::default()).expect("it is created");
    assert_eq!((plain.public_id.len(), plain.kind.as_str()), (36, "message"));
    let with_references = match store.engine() {
        Engine::Sqlite => "PRAGMA foreign_keys = ON; ",
        _ => "",
    };
    store.raw.execute(&format!("{with_references}DELETE FROM chat_conversations"));
    assert_eq!(store.streams().get_stream("my-id").expect("the query succeeds"), None);
}

fn conversations_and_users_are_given_by_their_public_ids(store: &Store) {
    let unknown = NewStream::default().with_conversation("unknown");
    assert_rejected(store.streams().create_stream(&unknown), "conversation_id");
    let unknown = NewStream::default().with_user("unknown");
    assert_rejected(store.streams().create_stream(&unknown), "user_id");
}

fn invalid_fields_are_rejected_by_name(store: &Store) {
    let new = NewStream::default;
    for (stream, field) in [
        (new().with_kind(""), "kind"),
        (new().with_kind("k".repeat(51)), "kind"),
        (new().with_provider("é".repeat(51)), "provider"),
        (new().with_model("m".repeat(101)), "model"),
        (new().with_model("\0"), "model"),
        (new().with_public_id(""), "public_id"),
        (new().with_public_id("i".repeat(65)), "public_id"),
        (new().with_conversation("\0"), "conversation_id"),
        (new().with_user("\0"), "user_id"),
    ] {
        assert_rejected(store.streams().create_stream(&stream), field);
    }
    let id = create(store);
    assert_rejected(store.streams().append(&id, "a\0b"), "text");
    assert_rejected(store.streams().append(&id, &"x".repeat((16 << 20) + 1)), "text");
    assert_rejected(store.streams().append("\0", "a"), "stream_id");
    let end = StreamEnd::default;
    for (end, field) in [
        (StreamEnd { status: StreamStatus::Running, ..end() }, "status"),
        (StreamEnd { error: Some("\0".into()), ..end() }, "error"),
        (StreamEnd { tokens: Some(-1), ..end() }, "tokens"),
    ] {
        assert_rejected(store.streams().finish_stream(&id, &end), field);
    }
    assert_rejected(store.streams().get_stream("\0"), "stream_id");
    let found = store.streams().get_stream(&id).expect("the query succeeds").expect("the stream");
    assert_eq!((found.status, found.last_seq), (StreamStatus::Running, 0));
}

fn an_id_exists_once(store: &Store) {
    let new = NewStream::default().with_public_id("twice");
    store.streams().create_stream(&new).expect("it is created");
    let error = store.streams().create_stream(&new).expect_err("the id exists");
    assert_eq!(
        (error.kind(), error.field(), error.is_retryable()),
        (ErrorKind::Conflict, Some("public_id"), false)
    );
    let other = NewStream::default().with_public_id("Twice");
    store.streams().create_stream(&other).expect("ids are case-sensitive");
}

fn streams_are_listed_in_pages_newest_first(store: &Store) {
    create_owners(store);
    let ids: Vec<_> = (0..7)
        .map(|number| {
            let mut new = NewStream::default();
            if number % 2 == 0 {
                new = new.with_conversation("conversation");
            }
            if number % 3 == 0 {
                new = new.with_user("user");
            }
            store.streams().create_stream(&new).expect("it is created").public_id
        })
        .collect();
    store.streams().finish_stream(&ids[4], &StreamEnd::default()).expect("it ends");
    let list = |conversation, user, running, limit, cursor: Option<&str>| {
        let page = store.streams().list_streams(conversation, user, running, limit, cursor);
        let page = page.expect("the query succeeds");
        let numbers: Vec<_> = page
            .streams
            .iter()
            .map(|stream| ids.iter().position(|id| *id == stream.public_id).expect("known"))
            .collect();
        (numbers, page.next_cursor)
    };
    assert_eq!(list(None, None, false, 7, None), (vec![6, 5, 4, 3, 2, 1, 0], None));
    assert_eq!(list(Some("conversation"), None, false, 100, None).0, [6, 4, 2, 0]);
    assert_eq!(list(Some("conversation"), None, true, 100, None).0, [6, 2, 0]);
    assert_eq!(list(None, Some("user"), false, 100, None).0, [6, 3, 0]);
    assert_eq!(list(Some("conversation"), Some("user"), false, 100, None).0, [6, 0]);
    assert_eq!(list(Some("unknown"), None, false, 100, None), (vec![], None));
    let (first, cursor) = list(None, None, false, 3, None);
    assert_eq!(first, [6, 5, 4]);
    create(store);
    let (second, cursor) = list(None, None, false, 3, cursor.as_deref());
    assert_eq!(second, [3, 2, 1]);
    assert_eq!(list(None, None, false, 3, cursor.as_deref()), (vec![0], None));
    assert_rejected(store.streams().list_streams(None, None, false, 0, None), "limit");
    assert_rejected(store.streams().list_streams(None, None, false, 1, Some("x")), "cursor");
}
