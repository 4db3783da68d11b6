//! Migrations that the database refuses.

use chatkeep::{ErrorKind, SchemaState};
use chatkeep_core::migrations::{MigrationState, all};
use chatkeep_testkit::Engine;

use super::folder::{Folder, USERS, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

const UNIQUE: &str = "20270102000000_unique_names";
const UNIQUE_UP: &str = "CREATE TABLE extra (id INTEGER);\nCREATE UNIQUE INDEX users_name ON users (name);\n\
                         INSERT INTO extra VALUES (1)";

on_every_engine![
    a_statement_that_is_refused_is_named_and_goes_on_once_the_cause_is_mended,
    rows_that_point_nowhere_are_refused,
    what_was_refused_may_be_mended_and_what_was_run_may_not,
];

fn a_statement_that_is_refused_is_named_and_goes_on_once_the_cause_is_mended(store: &Store) {
    let folder = Folder::empty();
    folder.add(USERS.0, USERS.1, USERS.2);
    folder.on(store).upgrade("head").expect("all are run");
    store.raw.execute("INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'a')");
    folder.add(UNIQUE, UNIQUE_UP, "DROP TABLE extra");
    if store.engine() == Engine::PostgreSql {
        // Statement by statement, with an index that stays behind when it fails.
        let up = UNIQUE_UP.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY");
        folder.add(UNIQUE, &format!("-- chatkeep: no-transaction\n{up}"), "DROP TABLE extra");
    }
    for _ in 0..2 {
        let error = folder.on(store).upgrade("head").expect_err("two have the same name");
        assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Failed), "{error}");
        assert!(error.message().contains(&format!("{UNIQUE}, statement 2 of 3 (line ")), "{error}");
        let status = folder.on(store).status().expect("the database answers");
        let entry = status.entries.last().expect("an entry");
        let said = entry.error.as_deref().unwrap_or_default().to_lowercase();
        assert!(said.contains("unique") || said.contains("duplicate"), "{entry:?}");
        // Nothing of it stays, or it is known where to go on.
        let is_whole = store.engine() == Engine::Sqlite;
        let expected = if is_whole {
            ("failed", MigrationState::Pending)
        } else {
            ("failed:1", MigrationState::Dirty)
        };
        assert_eq!((entry.recorded.as_deref().unwrap_or_default(), entry.state), expected);
        assert_eq!(store.raw.try_execute("SELECT * FROM extra").is_err(), is_whole);
    }
    // A program that knows nothing of the folder goes on as before.
    assert_eq!(store.count(), 0);
    store.raw.execute("UPDATE users SET name = 'b' WHERE id = 2");
    assert_eq!(folder.on(store).upgrade("head").expect("it goes on"), [format!("app:{UNIQUE}")]);
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM extra").as_deref(), Some("1"));
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    let rows =
        store.raw.query("SELECT state, error FROM chatkeep_migrations WHERE state <> 'done'");
    assert_eq!(rows, <[Vec<Option<String>>; 0]>::default());
    assert_eq!(
        folder.on(store).status().expect("it answers").applied.len(),
        all(store.database().engine()).len() + 2
    );
}

fn rows_that_point_nowhere_are_refused(store: &Store) {
    let folder = Folder::empty();
    folder.add(USERS.0, USERS.1, USERS.2);
    folder.add(
        "20270102000000_create_notes",
        "CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, user_id BIGINT NOT NULL, FOREIGN KEY (user_id) REFERENCES users (id))",
        "",
    );
    folder.on(store).upgrade("head").expect("all are run");
    folder.add("20270103000000_fill_notes", "INSERT INTO notes (id, user_id) VALUES (1, 7)", "");
    let error = folder.on(store).upgrade("head").expect_err("there is no user 7");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Failed), "{error}");
    assert!(error.message().contains("notes"), "{error}");
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM notes").as_deref(), Some("0"));
    store.raw.execute("INSERT INTO users (id, name) VALUES (7, 'g')");
    folder.on(store).upgrade("head").expect("it goes on");
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM notes").as_deref(), Some("1"));
}

fn what_was_refused_may_be_mended_and_what_was_run_may_not(store: &Store) {
    store.database().upgrade().expect("chatkeep's own are run");
    let folder = Folder::empty();
    let name = "20270101000000_two_tables";
    let header =
        if store.engine() == Engine::PostgreSql { "-- chatkeep: no-transaction\n" } else { "" };
    let write =
        |first: &str, second: &str| folder.add(name, &format!("{header}{first};\n{second};\n"), "");
    write("CREATE TABLE one (id INTEGER)", "CREATE TABEL two (id INTEGER)");
    folder.on(store).upgrade("head").expect_err("that is no SQL");
    write("CREATE TABLE one (id BIGINT)", "CREATE TABLE two (id INTEGER)");
    if store.engine() != Engine::Sqlite {
        let error =
            folder.on(store).upgrade("head").expect_err("the first statement was run already");
        assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Changed), "{error}");
        assert!(store.raw.try_execute("SELECT * FROM two").is_err(), "nothing was run");
    }
    write("-- Only a comment.\nCREATE TABLE one (id INTEGER)", "CREATE TABLE two (id INTEGER)");
    assert_eq!(folder.on(store).upgrade("head").expect("it goes on"), [format!("app:{name}")]);
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    assert_eq!(folder.on(store).upgrade("head").expect("nothing to do"), <[String; 0]>::default());
}
