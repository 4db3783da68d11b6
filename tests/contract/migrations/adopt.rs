//! Adoption: converts tables created by SQLAlchemy in point.

use chatkeep::{AnalyticsFilter, ErrorKind, NewMessage};
use chatkeep_core::migrations::{SchemaVersion, all};
use chatkeep_testkit::Engine;
use sha2::{Digest, Sha256};

use super::folder::differences;
use crate::every_engine::on_every_engine;
use crate::program::Program;
use crate::store::{Store, everything};

on_every_engine![run_empty =>
    adopt_converts_sqlalchemy_tables_and_keeps_their_rows,
    adopt_names_invalid_rows_and_changes_nothing,
    adopt_leaves_unknown_tables_alone,
    an_adoption_killed_at_any_point_can_be_repeated,
];

const TOKEN: &str = "sk-an-older-token";

/// Creates the tables as SQLAlchemy 2 creates them, with rows as it writes them.
fn old_tables(store: &Store) {
    let hash: String = Sha256::digest(TOKEN).iter().map(|byte| format!("{byte:02x}")).collect();
    let (id, datetime, json, yes) = match store.engine() {
        Engine::PostgreSql => ("SERIAL NOT NULL", "TIMESTAMP WITHOUT TIME ZONE", "JSON", "true"),
        _ => ("INTEGER NOT NULL", "DATETIME", "JSON", "1"),
    };
    store.raw.execute(&format!(
        "CREATE TABLE messages (id {id}, timestamp {datetime}, user_message TEXT NOT NULL, \
         bot_response TEXT, \
             provider VARCHAR(50), model VARCHAR(100), tokens_used INTEGER, metadata {json}, \
             PRIMARY KEY (id));
         CREATE INDEX ix_messages_timestamp ON messages (timestamp);
         CREATE TABLE api_tokens (id {id}, token_hash VARCHAR(64) NOT NULL, description \
         VARCHAR(255), \
             created_at {datetime}, expires_at {datetime}, is_active BOOLEAN, last_used_at \
             {datetime}, PRIMARY KEY (id), UNIQUE (token_hash));
         CREATE UNIQUE INDEX ix_api_tokens_token_hash ON api_tokens (token_hash);
         INSERT INTO messages (id, timestamp, user_message, bot_response, provider, model, \
         tokens_used, metadata) VALUES
             (3, '2024-05-01 10:00:00.000000', 'first', 'answer', 'openai', 'gpt', 12, '{{\"a\": \
             [1, 2]}}'),
             (7, '2024-05-01 10:00:00.123456', 'second', NULL, NULL, NULL, NULL, 'null'),
             (9, '2024-05-02 10:00:00', 'third', NULL, NULL, NULL, NULL, NULL);
         INSERT INTO api_tokens (id, token_hash, description, created_at, expires_at, is_active, \
         last_used_at) VALUES
             (2, '{hash}', NULL, '2024-05-01 10:00:00.000000', NULL, {yes}, NULL)"
    ));
}

fn supports_adoption(engine: Engine) -> bool {
    matches!(engine, Engine::Sqlite | Engine::PostgreSql)
}

/// Returns the schema and all rows, to prove that nothing has changed.
fn everything_stored(store: &Store) -> Vec<Vec<Option<String>>> {
    let schema = match store.engine() {
        Engine::Sqlite => "SELECT name, sql FROM sqlite_schema ORDER BY name",
        _ => {
            "SELECT table_name, column_name, data_type, is_nullable, column_default FROM \
             information_schema.columns \
             WHERE table_schema = 'public' ORDER BY 1, 2"
        }
    };
    [schema, "SELECT * FROM messages ORDER BY id", "SELECT * FROM api_tokens ORDER BY id"]
        .into_iter()
        .flat_map(|query| store.raw.query(query))
        .collect()
}

fn adopt_converts_sqlalchemy_tables_and_keeps_their_rows(store: &Store) {
    old_tables(store);
    let migrations = store.database().migrations();
    if !supports_adoption(store.engine()) {
        let error = migrations.adopt(false).expect_err("this engine cannot adopt in point");
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        return;
    }
    let before = everything_stored(store);
    let (tried, copy) = migrations.adopt(true).expect("the dry run succeeds");
    assert!(copy.is_none() && !tried.changes.is_empty() && tried.applied.is_empty(), "{tried:?}");
    assert_eq!(everything_stored(store), before, "a dry run changes nothing");

    let (done, copy) = migrations.adopt(false).expect("the adoption succeeds");
    assert_eq!(done.changes, tried.changes);
    assert_eq!(done.rows, [("messages".to_owned(), 3), ("api_tokens".to_owned(), 1)]);
    assert_eq!(done.applied.len(), all(store.database().engine()).len() - 2);
    assert_eq!(copy.is_some_and(|copy| copy.exists()), store.engine() == Engine::Sqlite);
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    assert_eq!(migrations.status().expect("the query succeeds").version(), SchemaVersion::Head);

    let rows: Vec<_> = store
        .all()
        .into_iter()
        .map(|row| (row.id, row.timestamp.to_string(), row.user_message))
        .collect();
    let expected = [
        (3, "2024-05-01T10:00:00.000000+00:00", "first"),
        (7, "2024-05-01T10:00:00.123456+00:00", "second"),
        (9, "2024-05-02T10:00:00.000000+00:00", "third"),
    ];
    assert_eq!(rows, expected.map(|(id, at, text)| (id, at.to_owned(), text.to_owned())));
    let first = store
        .messages()
        .get_message_by_id(3)
        .expect("the query succeeds")
        .expect("the message exists");
    assert_eq!((first.provider.as_deref(), first.tokens_used), (Some("openai"), Some(12)));
    assert_eq!(
        first.metadata.map(|metadata| metadata.to_string()).as_deref(),
        Some("{\"a\":[1,2]}")
    );
    let second = store
        .messages()
        .get_message_by_id(7)
        .expect("the query succeeds")
        .expect("the message exists");
    assert_eq!(second.metadata, None);
    assert!(
        store.tokens().verify_token(TOKEN).expect("the query succeeds"),
        "the token is still valid"
    );
    assert!(store.round_trip(&NewMessage::new("fourth")).id > 9, "ids are unique");
    assert_eq!(
        store
            .messages()
            .get_analytics(&AnalyticsFilter::default())
            .expect("the query succeeds")
            .total_messages,
        4
    );
    let error = migrations.adopt(false).expect_err("the tables are adopted already");
    assert!(error.message().contains("already belong to chatkeep"), "{error}");
    assert_eq!(store.messages().get_message_count(&everything()).expect("the query succeeds"), 4);
}

fn adopt_names_invalid_rows_and_changes_nothing(store: &Store) {
    if !supports_adoption(store.engine()) {
        return;
    }
    old_tables(store);
    let cases = [
        (
            "UPDATE messages SET metadata = '[1]' WHERE id = 3",
            "metadata is not a JSON object (id 3)",
        ),
        ("UPDATE messages SET timestamp = NULL WHERE id = 7", "timestamp is missing (id 7)"),
        (
            "UPDATE api_tokens SET token_hash = 'short' WHERE id = 2",
            "token_hash is not a SHA-256 in hexadecimal digits (id 2)",
        ),
    ];
    for (sql, expected) in cases {
        let fresh = Store::empty(store.engine());
        old_tables(&fresh);
        fresh.raw.execute(sql);
        let before = everything_stored(&fresh);
        for dry_run in [true, false] {
            let error =
                fresh.database().migrations().adopt(dry_run).expect_err("the rows are rejected");
            assert_eq!(
                (error.kind(), error.field()),
                (ErrorKind::InvalidInput, Some("tables")),
                "{error}"
            );
            assert!(error.message().contains(expected), "{error}");
        }
        assert_eq!(everything_stored(&fresh), before);
    }
}

fn adopt_leaves_unknown_tables_alone(store: &Store) {
    if !supports_adoption(store.engine()) {
        return;
    }
    let error = store.database().migrations().adopt(false).expect_err("there are no tables");
    assert!(error.message().contains("neither a table messages nor a table api_tokens"), "{error}");
    old_tables(store);
    store.raw.execute("ALTER TABLE messages ADD COLUMN mood INTEGER");
    let before = everything_stored(store);
    let error = store.database().migrations().adopt(false).expect_err("a column is unknown");
    assert!(error.message().contains("messages has unknown columns: mood"), "{error}");
    assert_eq!(everything_stored(store), before);
}

fn an_adoption_killed_at_any_point_can_be_repeated(store: &Store) {
    if !supports_adoption(store.engine()) {
        return;
    }
    old_tables(store);
    let before = everything_stored(store);
    let mut kills = 0;
    // Every point needs a new database, which is slow, so only every third point is tested.
    for point in (1..).step_by(3) {
        let fresh = Store::empty(store.engine());
        old_tables(&fresh);
        let (status, _) = Program::start_with(&[fresh.raw.url(), "--adopt"], Some(point)).end();
        if status.success() {
            break;
        }
        kills += 1;
        let migrations = fresh.database().migrations();
        if let Some(folder) = fresh.raw.folder() {
            // The copy made by the killed run would block another one.
            let _ = std::fs::remove_file(folder.join("chatkeep.db.before-adopt"));
        }
        if migrations.status().expect("the query succeeds").applied.is_empty() {
            assert_eq!(everything_stored(&fresh), before, "killed at {point}");
            migrations.adopt(false).unwrap_or_else(|error| panic!("killed at {point}: {error}"));
        } else {
            migrations.upgrade("head").unwrap_or_else(|error| panic!("killed at {point}: {error}"));
        }
        assert_eq!(differences(&migrations), <[String; 0]>::default(), "killed at {point}");
        assert_eq!(fresh.count(), 3, "killed at {point}");
        assert!(
            fresh.tokens().verify_token(TOKEN).expect("the query succeeds"),
            "killed at {point}"
        );
    }
    assert!(kills > 2, "{kills}");
}
