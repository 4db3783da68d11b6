//! Schema checks: differences between the live schema and its migrations are described.

use chatkeep::SearchIndexState;
use chatkeep_core::migrations::SchemaVersion;
use chatkeep_testkit::Engine;

use super::folder::{Folder, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![run_empty =>
    an_intact_schema_has_no_differences,
    missing_extra_and_changed_objects_are_named,
    a_missing_table_is_reported_as_a_whole,
    an_outdated_schema_is_compared_with_the_applied_migrations,
    a_check_leaves_no_objects,
];

fn an_intact_schema_has_no_differences(store: &Store) {
    // No migration was applied, so nothing is missing.
    assert_eq!(differences(&store.database().migrations()), <[String; 0]>::default());
    let folder = Folder::of_an_application(store.engine());
    folder.on(store).upgrade("head").expect("all migrations run");
    // Tables of other programs and the optional search index are not differences.
    store.raw.execute("CREATE TABLE theirs (id INTEGER)");
    if store.database().search_index().expect("the query succeeds") == SearchIndexState::Absent {
        store.database().create_search_index().expect("the index is created");
    }
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    assert_eq!(differences(&store.database().migrations()), <[String; 0]>::default());
}

fn missing_extra_and_changed_objects_are_named(store: &Store) {
    store.database().upgrade().expect("the schema is created");
    let index = match store.engine() {
        Engine::Sqlite | Engine::PostgreSql => "DROP INDEX messages_timestamp_id",
        Engine::MariaDb | Engine::MySql => "DROP INDEX messages_timestamp_id ON messages",
    };
    store.raw.execute(index);
    store.raw.execute("ALTER TABLE messages ADD COLUMN mood INTEGER NULL");
    store.raw.execute("CREATE INDEX messages_model ON messages (model)");
    store.raw.execute("ALTER TABLE api_tokens DROP COLUMN token_start");
    let mut expected = match store.engine() {
        Engine::Sqlite => vec![
            "api_tokens: column token_start is missing",
            "messages: column mood is extra: integer",
            "messages: index messages_model is extra: (model)",
            "messages: index messages_timestamp_id is missing",
        ],
        Engine::PostgreSql => vec![
            "api_tokens: column token_start is missing",
            "messages: column mood is extra: integer",
            "messages: index messages_model is extra: CREATE INDEX messages_model ON messages \
             USING btree (model)",
            "messages: index messages_timestamp_id is missing",
        ],
        Engine::MariaDb => vec![
            "api_tokens: column token_start is missing",
            "messages: column mood is extra: int(11)",
            "messages: index messages_model is extra: (model)",
            "messages: index messages_timestamp_id is missing",
        ],
        Engine::MySql => vec![
            "api_tokens: column token_start is missing",
            "messages: column mood is extra: int",
            "messages: index messages_model is extra: (model)",
            "messages: index messages_timestamp_id is missing",
        ],
    };
    let change = match store.engine() {
        Engine::Sqlite => {
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, \
             'VARCHAR(100)', 'VARCHAR(90)') \
                           WHERE name = 'messages'"
        }
        Engine::PostgreSql => "ALTER TABLE messages ALTER COLUMN model TYPE VARCHAR(90)",
        Engine::MariaDb | Engine::MySql => {
            "ALTER TABLE messages MODIFY model VARCHAR(90) CHARACTER SET utf8mb4 COLLATE \
             utf8mb4_bin"
        }
    };
    store.raw.execute(change);
    expected.insert(1, match store.engine() {
        Engine::Sqlite => "messages: column model is varchar(90), and should be varchar(100)",
        Engine::PostgreSql => {
            "messages: column model is character varying(90), and should be character varying(100)"
        }
        Engine::MariaDb => {
            "messages: column model is varchar(90) utf8mb4_bin, and should be varchar(100) \
             utf8mb4_nopad_bin"
        }
        Engine::MySql => "messages: column model is varchar(90) utf8mb4_bin, and should be \
            varchar(100) utf8mb4_0900_bin",
    });
    assert_eq!(differences(&store.database().migrations()), expected);
}

fn a_missing_table_is_reported_as_a_whole(store: &Store) {
    store.database().upgrade().expect("the schema is created");
    store.raw.execute("DROP TABLE message_gaps");
    let check = store.database().migrations().check().expect("the schema can be checked");
    assert_eq!(
        check.differences.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["table message_gaps is missing"]
    );
    assert_eq!(check.status.version(), SchemaVersion::Head);
}

fn an_outdated_schema_is_compared_with_the_applied_migrations(store: &Store) {
    store.database().migrations().upgrade("create_api_tokens").expect("two migrations run");
    let check = store.database().migrations().check().expect("the schema can be checked");
    assert_eq!(check.differences, []);
    assert!(matches!(check.status.version(), SchemaVersion::Behind(_)));
}

fn a_check_leaves_no_objects(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    folder.on(store).upgrade("head").expect("all migrations run");
    let objects = match store.engine() {
        Engine::Sqlite => "SELECT name, sql FROM sqlite_schema ORDER BY name",
        Engine::PostgreSql => {
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'chatkeep%' ORDER BY nspname"
        }
        Engine::MariaDb | Engine::MySql => {
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE \
             CONCAT(DATABASE(), '%')"
        }
    };
    let before = store.raw.query(objects);
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    assert_eq!(store.raw.query(objects), before);
    // The same holds when a migration fails to run again.
    folder.add(
        "20270109000000_odd",
        "CREATE TABLE odd (id INTEGER); SELECT * FROM made_by_hand",
        "",
    );
    store.raw.execute("CREATE TABLE made_by_hand (id INTEGER)");
    let before = store.raw.query(objects);
    folder.on(store).stamp("head").expect("the stamp succeeds");
    let error = folder.on(store).check().expect_err("the migration fails on an empty schema");
    assert!(error.message().contains("20270109000000_odd, statement 2 of 2"), "{error}");
    assert_eq!(store.raw.query(objects), before);
}
