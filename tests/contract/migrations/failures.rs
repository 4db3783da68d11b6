//! Migrations that fail in the database.

use chatkeep::{ErrorKind, SchemaState};
use chatkeep_core::migrations::{MigrationState, all};
use chatkeep_testkit::Engine;

use super::folder::{Folder, USERS, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

const UNIQUE: &str = "20270102000000_unique_names";
const UNIQUE_UP: &str = "CREATE TABLE extra (id INTEGER);\nCREATE UNIQUE INDEX users_name ON \
    users (name);\n\
                         INSERT INTO extra VALUES (1)";

on_every_engine![run_empty =>
    a_failed_statement_is_named_and_resumes_after_the_fix,
    rows_violating_a_foreign_key_are_rejected,
    failed_statements_may_be_edited_but_applied_ones_may_not,
];

fn a_failed_statement_is_named_and_resumes_after_the_fix(store: &Store) {
    let folder = Folder::empty();
    folder.add(USERS.0, USERS.1, USERS.2);
    folder.on(store).upgrade("head").expect("all migrations run");
    store.raw.execute("INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'a')");
    folder.add(UNIQUE, UNIQUE_UP, "DROP TABLE extra");
    if store.engine() == Engine::PostgreSql {
        // Without a transaction, a failed concurrent index build leaves an invalid index.
        let up = UNIQUE_UP.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY");
        folder.add(UNIQUE, &format!("-- chatkeep: no-transaction\n{up}"), "DROP TABLE extra");
    }
    for _ in 0..2 {
        let error = folder.on(store).upgrade("head").expect_err("two rows have the same name");
        assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Failed), "{error}");
        assert!(error.message().contains(&format!("{UNIQUE}, statement 2 of 3 (line ")), "{error}");
        let status = folder.on(store).status().expect("the query succeeds");
        let entry = status.entries.last().expect("an entry");
        let message = entry.error.as_deref().unwrap_or_default().to_lowercase();
        assert!(message.contains("unique") || message.contains("duplicate"), "{entry:?}");
        // Either everything is rolled back, or the position to resume at is recorded.
        let is_atomic = store.engine() == Engine::Sqlite;
        let expected = if is_atomic {
            ("failed", MigrationState::Pending)
        } else {
            ("failed:1", MigrationState::Dirty)
        };
        assert_eq!((entry.recorded.as_deref().unwrap_or_default(), entry.state), expected);
        assert_eq!(store.raw.try_execute("SELECT * FROM extra").is_err(), is_atomic);
    }
    // A program without the folder is not affected.
    assert_eq!(store.count(), 0);
    store.raw.execute("UPDATE users SET name = 'b' WHERE id = 2");
    assert_eq!(
        folder.on(store).upgrade("head").expect("the migration resumes"),
        [format!("app:{UNIQUE}")]
    );
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM extra").as_deref(), Some("1"));
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    let rows =
        store.raw.query("SELECT state, error FROM chatkeep_migrations WHERE state <> 'done'");
    assert_eq!(rows, <[Vec<Option<String>>; 0]>::default());
    assert_eq!(
        folder.on(store).status().expect("the query succeeds").applied.len(),
        all(store.database().engine()).len() + 2
    );
}

fn rows_violating_a_foreign_key_are_rejected(store: &Store) {
    let folder = Folder::empty();
    folder.add(USERS.0, USERS.1, USERS.2);
    folder.add(
        "20270102000000_create_notes",
        "CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, user_id BIGINT NOT NULL, FOREIGN KEY \
         (user_id) REFERENCES users (id))",
        "",
    );
    folder.on(store).upgrade("head").expect("all migrations run");
    folder.add("20270103000000_fill_notes", "INSERT INTO notes (id, user_id) VALUES (1, 7)", "");
    let error = folder.on(store).upgrade("head").expect_err("there is no user 7");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Failed), "{error}");
    assert!(error.message().contains("notes"), "{error}");
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM notes").as_deref(), Some("0"));
    store.raw.execute("INSERT INTO users (id, name) VALUES (7, 'g')");
    folder.on(store).upgrade("head").expect("the migration resumes");
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM notes").as_deref(), Some("1"));
}

fn failed_statements_may_be_edited_but_applied_ones_may_not(store: &Store) {
    store.database().upgrade().expect("the migrations of chatkeep run");
    let folder = Folder::empty();
    let name = "20270101000000_two_tables";
    let header =
        if store.engine() == Engine::PostgreSql { "-- chatkeep: no-transaction\n" } else { "" };
    let write =
        |first: &str, second: &str| folder.add(name, &format!("{header}{first};\n{second};\n"), "");
    write("CREATE TABLE one (id INTEGER)", "CREATE TABEL two (id INTEGER)");
    folder.on(store).upgrade("head").expect_err("the statement has a syntax error");
    write("CREATE TABLE one (id BIGINT)", "CREATE TABLE two (id INTEGER)");
    if store.engine() != Engine::Sqlite {
        let error =
            folder.on(store).upgrade("head").expect_err("the first statement was applied already");
        assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Changed), "{error}");
        assert!(store.raw.try_execute("SELECT * FROM two").is_err(), "nothing was applied");
    }
    write("-- Only a comment.\nCREATE TABLE one (id INTEGER)", "CREATE TABLE two (id INTEGER)");
    assert_eq!(
        folder.on(store).upgrade("head").expect("the migration resumes"),
        [format!("app:{name}")]
    );
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    assert_eq!(
        folder.on(store).upgrade("head").expect("there is nothing to do"),
        <[String; 0]>::default()
    );
}
