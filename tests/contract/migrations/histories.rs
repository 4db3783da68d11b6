//! Histories that do not fit: each is refused in its own way, and nothing is run.

use chatkeep::{ErrorKind, SchemaState};
use chatkeep_core::migrations::{MigrationState, SchemaVersion, all};

use super::folder::{EMAIL, Folder, USERS};
use crate::every_engine::on_every_engine;
use crate::store::{Store, open};

on_every_engine![
    a_migration_that_was_changed_is_refused,
    how_lines_end_is_no_change,
    a_migration_that_is_missing_is_refused,
    a_newer_application_is_refused,
    a_migration_before_others_that_were_run_is_refused,
    a_stamp_writes_the_history_and_runs_nothing,
];

/// Refused like this by everything that would run or take back; a look tells the same; and a stamp heals it.
#[track_caller]
fn assert_refused_until_stamped(
    store: &Store,
    folder: &Folder,
    state: SchemaState,
    found: MigrationState,
    said: &str,
) {
    let before = store.raw.query("SELECT version, state FROM chatkeep_migrations ORDER BY version");
    let migrations = folder.on(store);
    for error in [
        migrations.upgrade("head").expect_err("it is refused"),
        migrations.downgrade("-1").expect_err("it is refused"),
        migrations.sql(None, "head").expect_err("it is refused"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Schema(state), "{error}");
        assert!(error.message().contains(said) && !error.is_retryable(), "{error}");
    }
    let status = migrations.status().expect("a look is no run");
    let entries: Vec<_> = status.entries.iter().filter(|entry| entry.state == found).collect();
    assert_eq!(entries.len(), 1, "{status:?}");
    assert_eq!(
        store.raw.query("SELECT version, state FROM chatkeep_migrations ORDER BY version"),
        before
    );
    migrations.stamp("head").expect("the history is written");
    assert_eq!(migrations.status().expect("the database answers").version(), SchemaVersion::Head);
    assert_eq!(migrations.upgrade("head").expect("nothing to do"), <[String; 0]>::default());
}

fn with_users(store: &Store) -> Folder {
    let folder = Folder::empty();
    folder.add(USERS.0, USERS.1, USERS.2);
    folder.on(store).upgrade("head").expect("all are run");
    folder
}

fn a_migration_that_was_changed_is_refused(store: &Store) {
    let folder = with_users(store);
    folder.add(USERS.0, &format!("{} -- more", USERS.1), USERS.2);
    assert_refused_until_stamped(
        store,
        &folder,
        SchemaState::Changed,
        MigrationState::Changed,
        USERS.0,
    );
    // Chatkeep's own as well, for every call.
    store.raw.execute(
        "UPDATE chatkeep_migrations SET checksum = 'other' WHERE name = 'create_messages'",
    );
    let error = open(store.raw.url()).messages().get_message_by_id(1).expect_err("it is refused");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Changed), "{error}");
    assert!(error.message().contains("20261120120000_create_messages"), "{error}");
    assert_eq!(open(store.raw.url()).database().health().expect("it is there").schema, "changed");
}

fn how_lines_end_is_no_change(store: &Store) {
    let folder = with_users(store);
    folder.add(USERS.0, &USERS.1.replace('\n', "\r\n"), USERS.2);
    assert_eq!(folder.on(store).upgrade("head").expect("nothing to do"), <[String; 0]>::default());
}

fn a_migration_that_is_missing_is_refused(store: &Store) {
    let folder = with_users(store);
    folder.add(EMAIL.0, EMAIL.1, EMAIL.2);
    folder.on(store).upgrade("head").expect("all are run");
    folder.remove(USERS.0);
    assert_refused_until_stamped(
        store,
        &folder,
        SchemaState::Missing,
        MigrationState::Missing,
        USERS.0,
    );
}

fn a_newer_application_is_refused(store: &Store) {
    let folder = with_users(store);
    folder.add(EMAIL.0, EMAIL.1, EMAIL.2);
    folder.on(store).upgrade("head").expect("all are run");
    folder.remove(EMAIL.0);
    assert_refused_until_stamped(
        store,
        &folder,
        SchemaState::Newer,
        MigrationState::Newer,
        "app:20270102000000",
    );
}

fn a_migration_before_others_that_were_run_is_refused(store: &Store) {
    let folder = with_users(store);
    folder.add("20270101000001_later", "CREATE TABLE later (id INTEGER)", "DROP TABLE later");
    folder.on(store).upgrade("head").expect("all are run");
    folder.add(
        "20261231000000_forgotten",
        "CREATE TABLE forgotten (id INTEGER)",
        "DROP TABLE forgotten",
    );
    assert_refused_until_stamped(
        store,
        &folder,
        SchemaState::OutOfOrder,
        MigrationState::OutOfOrder,
        "20261231000000_forgotten",
    );
    assert!(store.raw.try_execute("SELECT * FROM forgotten").is_err(), "a stamp runs nothing");
}

fn a_stamp_writes_the_history_and_runs_nothing(store: &Store) {
    let migrations = store.database().migrations();
    let own = all(store.database().engine());
    let changed = migrations.stamp("create_api_tokens").expect("the history is written");
    assert_eq!(
        changed,
        [format!("{} was run", own[0].title()), format!("{} was run", own[1].title())]
    );
    assert!(store.raw.try_execute("SELECT * FROM messages").is_err(), "nothing was run");
    assert_eq!(migrations.status().expect("the database answers").pending.len(), own.len() - 2);
    assert_eq!(migrations.stamp("base").expect("the history is written").len(), 2);
    assert_eq!(migrations.upgrade("head").expect("all are run").len(), own.len());
    assert_eq!(migrations.stamp("head").expect("nothing changes"), <[String; 0]>::default());
}
