//! Programs on a schema that is older or newer than the program.

use chatkeep::{Chatkeep, ErrorKind, NewMessage, SchemaState};
use chatkeep_core::migrations::{SchemaVersion, all};

use crate::every_engine::on_every_engine;
use crate::store::{Store, everything, open};

on_every_engine![run_empty =>
    the_first_call_creates_the_schema_and_its_history,
    an_upgrade_at_head_has_nothing_to_do,
    without_auto_migrate_an_outdated_schema_is_an_error,
    a_newer_schema_is_rejected_and_unchanged,
    every_migration_can_be_reverted_and_reapplied,
    migration_status_changes_nothing,
];

fn names(store: &Store) -> Vec<String> {
    let engine = store.database().engine();
    all(engine)
        .iter()
        .map(|migration| format!("{}_{}", migration.version, migration.name))
        .collect()
}

fn without_migrating(store: &Store) -> Chatkeep {
    let chat = Chatkeep::builder().url(store.raw.url()).pool_size(2).auto_migrate(false).open();
    chat.expect("the URL is valid")
}

fn the_first_call_creates_the_schema_and_its_history(store: &Store) {
    assert_eq!(store.count(), 0);
    let history = store.raw.query(
        "SELECT version, name, checksum, state, error FROM chatkeep_migrations ORDER BY version",
    );
    assert_eq!(history.len(), all(store.database().engine()).len());
    for (row, migration) in history.iter().zip(all(store.database().engine())) {
        let expected = [
            migration.version.to_string(),
            migration.name.to_string(),
            migration.checksum(),
            "done".to_owned(),
        ];
        assert_eq!(row[..4], expected.map(Some));
        assert_eq!(row[4], None);
    }
    let status = store.database().migration_status().expect("the query succeeds");
    assert_eq!(status.version(), SchemaVersion::Head);
    assert!(status.applied.iter().all(|migration| migration.applied_at.is_some()));
    assert_eq!(store.database().health().expect("the query succeeds").schema, "head");
}

fn an_upgrade_at_head_has_nothing_to_do(store: &Store) {
    assert_eq!(store.database().upgrade().expect("the schema is created"), names(store));
    assert_eq!(store.database().upgrade().expect("there is nothing to do"), Vec::<String>::new());
    store.round_trip(&NewMessage::new("a"));
    assert_eq!(store.database().upgrade().expect("there is nothing to do"), Vec::<String>::new());
    assert_eq!(store.count(), 1);
}

fn without_auto_migrate_an_outdated_schema_is_an_error(store: &Store) {
    let runtime = without_migrating(store);
    for _ in 0..2 {
        let error = runtime
            .messages()
            .log_message(&NewMessage::new("a"))
            .expect_err("the schema does not exist");
        assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Behind), "{error}");
        assert!(error.message().contains("chatkeep migrate upgrade"), "{error}");
        assert!(!error.is_retryable());
        let error = runtime
            .tokens()
            .verify_token("sk-a")
            .expect_err("a missing schema is an error, not an invalid token");
        assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Behind), "{error}");
    }
    store.database().upgrade().expect("the schema is created");
    runtime.messages().log_message(&NewMessage::new("a")).expect("the same handle works");
    // One migration is missing.
    let last = all(store.database().engine()).last().expect("a migration");
    store
        .raw
        .execute(&format!("DELETE FROM chatkeep_migrations WHERE version = '{}'", last.version));
    let error = without_migrating(store)
        .messages()
        .get_message_by_id(1)
        .expect_err("the schema is outdated");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Behind), "{error}");
    assert!(
        error.message().contains(last.name.as_ref())
            && !error.message().contains("create_messages"),
        "{error}"
    );
}

fn a_newer_schema_is_rejected_and_unchanged(store: &Store) {
    store.round_trip(&NewMessage::new("a"));
    store.raw.execute(
        "INSERT INTO chatkeep_migrations (version, name, checksum, started_at, finished_at, state) \
         SELECT '29990101000000', 'from_the_future', checksum, started_at, finished_at, state \
         FROM chatkeep_migrations WHERE name = 'create_messages'",
    );
    for older in [open(store.raw.url()), without_migrating(store)] {
        for error in [
            older.messages().log_message(&NewMessage::new("b")).expect_err("the schema is newer"),
            older
                .messages()
                .get_messages(&everything(), &Default::default())
                .expect_err("the schema is newer"),
            older.tokens().verify_token("sk-a").expect_err("the schema is newer"),
            older.database().upgrade().expect_err("the schema is newer"),
            older
                .database()
                .wait_until_ready()
                .expect_err("waiting does not resolve a newer schema"),
        ] {
            assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Newer), "{error}");
            assert!(error.message().contains("29990101000000"), "{error}");
        }
        let status = older.database().migration_status().expect("the query succeeds");
        assert_eq!((status.version(), status.unknown.len()), (SchemaVersion::Newer, 1));
    }
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM messages").as_deref(), Some("1"));
}

fn every_migration_can_be_reverted_and_reapplied(store: &Store) {
    store.round_trip(&NewMessage::new("a"));
    for migration in all(store.database().engine()).iter().rev() {
        store.raw.execute(&migration.down);
        store.raw.execute(&format!(
            "DELETE FROM chatkeep_migrations WHERE version = '{}'",
            migration.version
        ));
    }
    for table in ["messages", "api_tokens"] {
        assert!(
            store.raw.try_execute(&format!("SELECT * FROM {table}")).is_err(),
            "{table} is dropped"
        );
    }
    let again = open(store.raw.url());
    assert_eq!(again.database().upgrade().expect("the schema is created"), names(store));
    again.messages().log_message(&NewMessage::new("b")).expect("the message is logged");
    assert_eq!(again.messages().get_message_count(&everything()).expect("the query succeeds"), 1);
}

fn migration_status_changes_nothing(store: &Store) {
    let status = store.database().migration_status().expect("the query succeeds");
    assert_eq!(status.version(), SchemaVersion::Behind(all(store.database().engine()).len()));
    assert!(
        store.raw.try_execute("SELECT * FROM chatkeep_migrations").is_err(),
        "no table was created"
    );
}
