//! Inconsistent histories: each is rejected with its own state, and nothing is run.

use chatkeep::{ErrorKind, SchemaState};
use chatkeep_core::migrations::{MigrationState, SchemaVersion, all};

use super::folder::{EMAIL, Folder, USERS};
use crate::every_engine::on_every_engine;
use crate::store::{Store, open};

on_every_engine![run_empty =>
    a_changed_migration_is_rejected,
    line_endings_are_ignored_by_the_checksum,
    a_missing_migration_is_rejected,
    a_newer_application_is_rejected,
    an_out_of_order_migration_is_rejected,
    stamp_writes_the_history_and_runs_nothing,
];

/// Asserts that upgrades, downgrades and scripts are rejected with this state, that the status
/// reports it, and that a stamp resolves it.
#[track_caller]
fn assert_rejected_until_stamped(
    store: &Store,
    folder: &Folder,
    state: SchemaState,
    found: MigrationState,
    expected: &str,
) {
    let before = store.raw.query("SELECT version, state FROM chatkeep_migrations ORDER BY version");
    let migrations = folder.on(store);
    for error in [
        migrations.upgrade("head").expect_err("the history is rejected"),
        migrations.downgrade("-1").expect_err("the history is rejected"),
        migrations.sql(None, "head").expect_err("the history is rejected"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Schema(state), "{error}");
        assert!(error.message().contains(expected) && !error.is_retryable(), "{error}");
    }
    let status = migrations.status().expect("the status can be read");
    let entries: Vec<_> = status.entries.iter().filter(|entry| entry.state == found).collect();
    assert_eq!(entries.len(), 1, "{status:?}");
    assert_eq!(
        store.raw.query("SELECT version, state FROM chatkeep_migrations ORDER BY version"),
        before
    );
    migrations.stamp("head").expect("the stamp succeeds");
    assert_eq!(migrations.status().expect("the query succeeds").version(), SchemaVersion::Head);
    assert_eq!(
        migrations.upgrade("head").expect("there is nothing to do"),
        <[String; 0]>::default()
    );
}

fn with_users(store: &Store) -> Folder {
    let folder = Folder::empty();
    folder.add(USERS.0, USERS.1, USERS.2);
    folder.on(store).upgrade("head").expect("all migrations run");
    folder
}

fn a_changed_migration_is_rejected(store: &Store) {
    let folder = with_users(store);
    folder.add(USERS.0, &format!("{} -- more", USERS.1), USERS.2);
    assert_rejected_until_stamped(
        store,
        &folder,
        SchemaState::Changed,
        MigrationState::Changed,
        USERS.0,
    );
    // The same holds for chatkeep's own migrations, in every call.
    store.raw.execute(
        "UPDATE chatkeep_migrations SET checksum = 'other' WHERE name = 'create_messages'",
    );
    let error =
        open(store.raw.url()).messages().get_message_by_id(1).expect_err("the history is rejected");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Changed), "{error}");
    assert!(error.message().contains("20261120120000_create_messages"), "{error}");
    assert_eq!(
        open(store.raw.url()).database().health().expect("the database is reachable").schema,
        "changed"
    );
}

fn line_endings_are_ignored_by_the_checksum(store: &Store) {
    let folder = with_users(store);
    folder.add(USERS.0, &USERS.1.replace('\n', "\r\n"), USERS.2);
    assert_eq!(
        folder.on(store).upgrade("head").expect("there is nothing to do"),
        <[String; 0]>::default()
    );
}

fn a_missing_migration_is_rejected(store: &Store) {
    let folder = with_users(store);
    folder.add(EMAIL.0, EMAIL.1, EMAIL.2);
    folder.on(store).upgrade("head").expect("all migrations run");
    folder.remove(USERS.0);
    assert_rejected_until_stamped(
        store,
        &folder,
        SchemaState::Missing,
        MigrationState::Missing,
        USERS.0,
    );
}

fn a_newer_application_is_rejected(store: &Store) {
    let folder = with_users(store);
    folder.add(EMAIL.0, EMAIL.1, EMAIL.2);
    folder.on(store).upgrade("head").expect("all migrations run");
    folder.remove(EMAIL.0);
    assert_rejected_until_stamped(
        store,
        &folder,
        SchemaState::Newer,
        MigrationState::Newer,
        "app:20270102000000",
    );
}

fn an_out_of_order_migration_is_rejected(store: &Store) {
    let folder = with_users(store);
    folder.add("20270101000001_later", "CREATE TABLE later (id INTEGER)", "DROP TABLE later");
    folder.on(store).upgrade("head").expect("all migrations run");
    folder.add(
        "20261231000000_forgotten",
        "CREATE TABLE forgotten (id INTEGER)",
        "DROP TABLE forgotten",
    );
    assert_rejected_until_stamped(
        store,
        &folder,
        SchemaState::OutOfOrder,
        MigrationState::OutOfOrder,
        "20261231000000_forgotten",
    );
    assert!(store.raw.try_execute("SELECT * FROM forgotten").is_err(), "a stamp runs nothing");
}

fn stamp_writes_the_history_and_runs_nothing(store: &Store) {
    let migrations = store.database().migrations();
    let own = all(store.database().engine());
    let changed = migrations.stamp("create_api_tokens").expect("the stamp succeeds");
    assert_eq!(
        changed,
        [format!("{} was run", own[0].title()), format!("{} was run", own[1].title())]
    );
    assert!(store.raw.try_execute("SELECT * FROM messages").is_err(), "nothing was applied");
    assert_eq!(migrations.status().expect("the query succeeds").pending.len(), own.len() - 2);
    assert_eq!(migrations.stamp("base").expect("the stamp succeeds").len(), 2);
    assert_eq!(migrations.upgrade("head").expect("all migrations run").len(), own.len());
    assert_eq!(
        migrations.stamp("head").expect("the stamp changes nothing"),
        <[String; 0]>::default()
    );
}
