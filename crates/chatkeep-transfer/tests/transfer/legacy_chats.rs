//! Tests of the import of users and conversations from SQLite files of other programs.

use std::path::{Path, PathBuf};

use chatkeep::{Message, MessageFilter, Order, Secret};
use chatkeep_transfer::{ImportOptions, LegacyChatsReport, import_legacy_chats};

use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    users_and_role_messages_are_imported_once,
    pairs_without_a_table_of_conversations_are_imported,
    duplicates_are_reported_and_merged_with_force,
    other_conversations_with_the_same_id_are_not_skipped,
];

/// A password and its bcrypt hash, from the test vectors of bcrypt.
const PASSWORD: &str = "Kk4DQuMMfZL9o";
const HASH: &str = "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm";

fn file(store: &Store, name: &str, sql: &str) -> PathBuf {
    let path = store.path(name);
    rusqlite::Connection::open(&path).expect("a file").execute_batch(sql).expect(sql);
    path
}

fn import(store: &Store, path: &Path, dry_run: bool, force: bool) -> LegacyChatsReport {
    let mut options = ImportOptions::default();
    (options.dry_run, options.force) = (dry_run, force);
    let report = import_legacy_chats(store, path, options, &mut |_| {}).expect("an import");
    report.expect("tables")
}

fn turns(store: &Store, id: &str) -> Vec<Message> {
    let found = store.conversations().get_conversation(id).expect("an answer").expect("there");
    let filter = MessageFilter::default().with_conversation_id(found.id);
    let turns: chatkeep::Result<Vec<_>> =
        store.messages().iter_messages(&filter, Order::OldestFirst).collect();
    turns.expect("the turns")
}

fn users_and_role_messages_are_imported_once(store: &Store) {
    let path = file(
        store,
        "app.db",
        &format!(
            "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, hashed_password TEXT,
            is_active BOOLEAN, created_at DATETIME, name TEXT);
        INSERT INTO users VALUES
            ('u-1', 'Ada@example.org', '{HASH}', 1, '2024-01-01 10:00:00', '王小明'),
            ('u-2', 'bob@example.org', 'plain password', 0, '2024-01-02 10:00:00', NULL);
        CREATE TABLE conversations (id INTEGER PRIMARY KEY, user_id TEXT, title TEXT,
            created_at DATETIME, archived BOOLEAN);
        INSERT INTO conversations VALUES (7, 'u-1', '预写日志', '2024-02-01 10:00:00', 0),
            (8, 'u-2', NULL, '2024-02-02 10:00:00', 1), (9, 'gone', 'x', '2024-02-03 10:00:00', 0);
        CREATE TABLE messages (id INTEGER PRIMARY KEY, conversation_id INTEGER, role TEXT,
            content TEXT, created_at DATETIME);
        INSERT INTO messages (conversation_id, role, content, created_at) VALUES
            (7, 'system', 'Be brief.', '2024-02-01 10:00:00'),
            (7, 'user', 'What is WAL?', '2024-02-01 10:00:01'),
            (9, 'user', 'a question', '2024-02-03 10:00:01'),
            (7, 'tool', '{{}}', '2024-02-01 10:00:02'),
            (7, 'assistant', 'A log.', '2024-02-01 10:00:03'),
            (7, 'user', 'And?', '2024-02-01 10:00:04');"
        ),
    );
    let dry = import(store, &path, true, false);
    assert_eq!((dry.users.stored, dry.conversations.stored, dry.turns, dry.items), (2, 3, 3, 2));
    assert_eq!((dry.stored, dry.without_password, store.count()), (false, 1, 0));
    let report = import(store, &path, false, false);
    assert!(report.stored, "{report:?}");

    let ada = store.users().authenticate("ada@example.org", &Secret::from(PASSWORD));
    let ada = ada.expect("an answer").expect("the password is right");
    assert_eq!((ada.public_id.as_str(), ada.name.as_deref()), ("u-1", Some("王小明")));
    assert_eq!(ada.created_at.to_string(), "2024-01-01T10:00:00.000000+00:00");
    let bob = store.users().get_user("u-2").expect("an answer").expect("there");
    assert!(!bob.active && !store.users().has_password("u-2").expect("an answer"));

    let turns = turns(store, "7");
    assert_eq!(turns.len(), 2);
    assert_eq!(turns[0].user_message, "What is WAL?");
    assert_eq!(turns[0].bot_response.as_deref(), Some("A log."));
    assert_eq!((turns[0].user_id, turns[1].bot_response.as_deref()), (Some(ada.id), None));
    let items = store.conversations().get_items("7", 10, None, None).expect("items");
    assert_eq!((items[0].role.as_str(), items[0].message_id), ("system", None));
    assert_eq!((items[1].role.as_str(), items[1].message_id), ("tool", Some(turns[0].id)));
    let archived = store.conversations().get_conversation("8").expect("an answer").expect("there");
    assert!(archived.archived_at.is_some());
    let orphan = store.conversations().get_conversation("9").expect("an answer").expect("there");
    assert_eq!((orphan.user_id, orphan.title.as_deref()), (None, Some("x")));

    let again = import(store, &path, false, false);
    assert_eq!((again.users.already_there, again.conversations.already_there), (2, 3));
    assert_eq!((again.users.stored, again.conversations.stored, store.count()), (0, 0, 3));
    store.assert_totals();
}

fn pairs_without_a_table_of_conversations_are_imported(store: &Store) {
    let path = file(store, "pairs.db",
        "CREATE TABLE history (human TEXT, bot TEXT, session_id TEXT, timestamp REAL);
        INSERT INTO history VALUES ('one', 'eins', 'b', 1700000000.5), ('two', NULL, 'a', 1700000001),
            ('three', 'drei', 'b', 1700000002);",
    );
    let report = import(store, &path, false, false);
    assert_eq!((report.conversations.stored, report.turns, report.users.found), (2, 3, 0));
    let turns = turns(store, "b");
    assert_eq!(turns[1].bot_response.as_deref(), Some("drei"));
    assert_eq!(turns[0].timestamp.to_string(), "2023-11-14T22:13:20.500000+00:00");
}

fn duplicates_are_reported_and_merged_with_force(store: &Store) {
    let path = file(store, "duplicates.db",
        "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT);
        INSERT INTO user VALUES (1, 'ada@example.org'), (2, 'ADA@example.org'), (3, 'not an address');
        CREATE TABLE chats (id TEXT, user_id INTEGER);
        INSERT INTO chats VALUES ('c-1', 1), ('c-2', 2);
        CREATE TABLE chat_messages (chat_id TEXT, role TEXT, content TEXT);
        INSERT INTO chat_messages VALUES ('c-1', 'user', 'a'), ('c-2', 'user', 'b');",
    );
    let report = import(store, &path, false, false);
    assert_eq!((report.stored, report.duplicates, report.invalid), (false, 1, 1));
    assert_eq!(store.count(), 0);
    let duplicate = &report.problems[0];
    assert_eq!((duplicate.id.as_str(), duplicate.field.as_deref()), ("2", Some("email")));
    assert!(import(store, &path, false, true).stored);
    for id in ["c-1", "c-2"] {
        let found = store.conversations().get_conversation(id).expect("an answer").expect("there");
        assert_eq!(found.user_id.as_deref(), Some("1"), "{id}");
    }
    assert!(import(store, &path, false, true).stored, "a second run stores nothing twice");
    assert_eq!(store.count(), 2);
}

fn other_conversations_with_the_same_id_are_not_skipped(store: &Store) {
    store
        .conversations()
        .create_conversation(None, Some("other"), None, Some("7"))
        .expect("a conversation");
    let path = file(store, "ids.db",
        "CREATE TABLE messages (chat_id INTEGER, role TEXT, content TEXT, created_at TEXT);
        INSERT INTO messages VALUES (7, 'user', 'a', '2024-01-01'), (8, 'user', 'b', '2024-01-02');",
    );
    let report = import(store, &path, false, false);
    assert_eq!((report.stored, report.invalid, store.count()), (false, 1, 0));
    assert_eq!(report.problems[0].field.as_deref(), Some("public_id"));
    assert!(import(store, &path, false, true).stored);
    assert_eq!(store.count(), 1);
}
