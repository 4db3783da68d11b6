//! Tables that an SQLAlchemy program made are taken over in place.

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_core::migrations::{SchemaVersion, all};
use chatkeep_testkit::Engine;
use sha2::{Digest, Sha256};

use super::folder::differences;
use crate::every_engine::on_every_engine;
use crate::program::Program;
use crate::store::{Store, everything};

on_every_engine![
    the_tables_of_an_sqlalchemy_program_are_taken_over_with_their_rows,
    rows_that_cannot_be_taken_are_named_and_nothing_is_changed,
    tables_that_are_not_known_are_left_alone,
    an_adoption_that_died_anywhere_can_be_made_again,
];

const TOKEN: &str = "sk-an-older-token";

/// The tables as SQLAlchemy 2 makes them, with rows as it writes them.
fn old_tables(store: &Store) {
    let hash: String = Sha256::digest(TOKEN).iter().map(|byte| format!("{byte:02x}")).collect();
    let (id, moment, json, yes) = match store.engine() {
        Engine::PostgreSql => ("SERIAL NOT NULL", "TIMESTAMP WITHOUT TIME ZONE", "JSON", "true"),
        _ => ("INTEGER NOT NULL", "DATETIME", "JSON", "1"),
    };
    store.raw.execute(&format!(
        "CREATE TABLE messages (id {id}, timestamp {moment}, user_message TEXT NOT NULL, bot_response TEXT, \
             provider VARCHAR(50), model VARCHAR(100), tokens_used INTEGER, metadata {json}, PRIMARY KEY (id));
         CREATE INDEX ix_messages_timestamp ON messages (timestamp);
         CREATE TABLE api_tokens (id {id}, token_hash VARCHAR(64) NOT NULL, description VARCHAR(255), \
             created_at {moment}, expires_at {moment}, is_active BOOLEAN, last_used_at {moment}, PRIMARY KEY (id), UNIQUE (token_hash));
         CREATE UNIQUE INDEX ix_api_tokens_token_hash ON api_tokens (token_hash);
         INSERT INTO messages (id, timestamp, user_message, bot_response, provider, model, tokens_used, metadata) VALUES
             (3, '2024-05-01 10:00:00.000000', 'first', 'answer', 'openai', 'gpt', 12, '{{\"a\": [1, 2]}}'),
             (7, '2024-05-01 10:00:00.123456', 'second', NULL, NULL, NULL, NULL, 'null'),
             (9, '2024-05-02 10:00:00', 'third', NULL, NULL, NULL, NULL, NULL);
         INSERT INTO api_tokens (id, token_hash, description, created_at, expires_at, is_active, last_used_at) VALUES
             (2, '{hash}', NULL, '2024-05-01 10:00:00.000000', NULL, {yes}, NULL)"
    ));
}

fn is_possible(engine: Engine) -> bool {
    matches!(engine, Engine::Sqlite | Engine::PostgreSql)
}

/// All that there is, to see that nothing has changed.
fn everything_stored(store: &Store) -> Vec<Vec<Option<String>>> {
    let schema = match store.engine() {
        Engine::Sqlite => "SELECT name, sql FROM sqlite_schema ORDER BY name",
        _ => {
            "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns \
             WHERE table_schema = 'public' ORDER BY 1, 2"
        }
    };
    [schema, "SELECT * FROM messages ORDER BY id", "SELECT * FROM api_tokens ORDER BY id"]
        .into_iter()
        .flat_map(|query| store.raw.query(query))
        .collect()
}

fn the_tables_of_an_sqlalchemy_program_are_taken_over_with_their_rows(store: &Store) {
    old_tables(store);
    let migrations = store.database().migrations();
    if !is_possible(store.engine()) {
        let error = migrations.adopt(false).expect_err("not in place, here");
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        return;
    }
    let before = everything_stored(store);
    let (tried, copy) = migrations.adopt(true).expect("it can be done");
    assert!(copy.is_none() && !tried.changes.is_empty() && tried.applied.is_empty(), "{tried:?}");
    assert_eq!(everything_stored(store), before, "a dry run changes nothing");

    let (done, copy) = migrations.adopt(false).expect("it is done");
    assert_eq!(done.changes, tried.changes);
    assert_eq!(done.rows, [("messages".to_owned(), 3), ("api_tokens".to_owned(), 1)]);
    assert_eq!(done.applied.len(), all(store.database().engine()).len() - 2);
    assert_eq!(copy.is_some_and(|copy| copy.exists()), store.engine() == Engine::Sqlite);
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    assert_eq!(migrations.status().expect("it answers").version(), SchemaVersion::Head);

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
    let first = store.messages().get_message_by_id(3).expect("it answers").expect("it is there");
    assert_eq!((first.provider.as_deref(), first.tokens_used), (Some("openai"), Some(12)));
    assert_eq!(
        first.metadata.map(|metadata| metadata.to_string()).as_deref(),
        Some("{\"a\":[1,2]}")
    );
    let second = store.messages().get_message_by_id(7).expect("it answers").expect("it is there");
    assert_eq!(second.metadata, None);
    assert!(
        store.tokens().verify_token(TOKEN).expect("it answers"),
        "the token is as good as before"
    );
    assert!(store.round_trip(&NewMessage::new("fourth")).id > 9, "no id is given twice");
    assert_eq!(store.messages().get_analytics(None, None).expect("it answers").total_messages, 4);
    let error = migrations.adopt(false).expect_err("they are chatkeep's by now");
    assert!(error.message().contains("chatkeep's already"), "{error}");
    assert_eq!(store.messages().get_message_count(&everything()).expect("it answers"), 4);
}

fn rows_that_cannot_be_taken_are_named_and_nothing_is_changed(store: &Store) {
    if !is_possible(store.engine()) {
        return;
    }
    old_tables(store);
    let faults = [
        ("UPDATE messages SET metadata = '[1]' WHERE id = 3", "metadata is no JSON object (id 3)"),
        ("UPDATE messages SET timestamp = NULL WHERE id = 7", "timestamp is missing (id 7)"),
        (
            "UPDATE api_tokens SET token_hash = 'short' WHERE id = 2",
            "token_hash is no SHA-256 in hexadecimal digits (id 2)",
        ),
    ];
    for (spoil, said) in faults {
        let fresh = Store::create(store.engine());
        old_tables(&fresh);
        fresh.raw.execute(spoil);
        let before = everything_stored(&fresh);
        for dry_run in [true, false] {
            let error =
                fresh.database().migrations().adopt(dry_run).expect_err("it cannot be taken");
            assert_eq!(
                (error.kind(), error.field()),
                (ErrorKind::InvalidInput, Some("tables")),
                "{error}"
            );
            assert!(error.message().contains(said), "{error}");
        }
        assert_eq!(everything_stored(&fresh), before);
    }
}

fn tables_that_are_not_known_are_left_alone(store: &Store) {
    if !is_possible(store.engine()) {
        return;
    }
    let error = store.database().migrations().adopt(false).expect_err("there is nothing");
    assert!(error.message().contains("neither a table messages nor a table api_tokens"), "{error}");
    old_tables(store);
    store.raw.execute("ALTER TABLE messages ADD COLUMN mood INTEGER");
    let before = everything_stored(store);
    let error = store.database().migrations().adopt(false).expect_err("a column is not known");
    assert!(error.message().contains("messages has columns that are not known: mood"), "{error}");
    assert_eq!(everything_stored(store), before);
}

fn an_adoption_that_died_anywhere_can_be_made_again(store: &Store) {
    if !is_possible(store.engine()) {
        return;
    }
    old_tables(store);
    let before = everything_stored(store);
    let mut deaths = 0;
    // A database each takes its time: every third place has to do.
    for place in (1..).step_by(3) {
        let fresh = Store::create(store.engine());
        old_tables(&fresh);
        let (status, _) = Program::start_with(&[fresh.raw.url(), "--adopt"], Some(place)).end();
        if status.success() {
            break;
        }
        deaths += 1;
        let migrations = fresh.database().migrations();
        if let Some(folder) = fresh.raw.folder() {
            // The copy that was made before is in the way of another one.
            let _ = std::fs::remove_file(folder.join("chatkeep.db.before-adopt"));
        }
        if migrations.status().expect("it answers").applied.is_empty() {
            assert_eq!(everything_stored(&fresh), before, "died at {place}");
            migrations.adopt(false).unwrap_or_else(|error| panic!("died at {place}: {error}"));
        } else {
            migrations.upgrade("head").unwrap_or_else(|error| panic!("died at {place}: {error}"));
        }
        assert_eq!(differences(&migrations), <[String; 0]>::default(), "died at {place}");
        assert_eq!(fresh.count(), 3, "died at {place}");
        assert!(fresh.tokens().verify_token(TOKEN).expect("it answers"), "died at {place}");
    }
    assert!(deaths > 2, "{deaths}");
}
