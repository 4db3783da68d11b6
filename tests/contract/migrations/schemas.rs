//! PostgreSQL schemas, quoted database names, accounts without privileges, and tables of other
//! programs.

use chatkeep::{Chatkeep, Error, ErrorKind, SchemaState};
use chatkeep_testkit::{Engine, TestDatabase};

use super::folder::differences;
use crate::every_engine::on_every_engine;
use crate::store::{Store, open};

on_every_engine![run_empty =>
    a_table_of_another_program_is_reported_with_remedies,
    an_account_without_create_is_reported_with_the_missing_grant,
];

/// Returns the URL with this search path.
fn with_path(database: &TestDatabase, path: &str) -> String {
    let path = path.replace('"', "%22").replace(',', "%2C").replace(' ', "%5C%20");
    format!("{}?options=-c%20search_path%3D{path}", database.url())
}

#[track_caller]
fn assert_configuration_error(error: &Error, parts: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error:?}");
    for part in parts {
        assert!(error.message().contains(part), "{part:?} is missing in {error}");
    }
}

#[test]
fn a_schema_with_capitals_is_compared_by_its_exact_name() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    database.execute("CREATE SCHEMA \"MyApp\"");
    let chat = open(&with_path(&database, "\"MyApp\""));
    chat.database().upgrade().expect("the schema is there");
    assert_eq!(differences(&chat.database().migrations()), <[String; 0]>::default());
    // The same name in lower case is a different schema.
    database.execute("CREATE SCHEMA myapp; DROP INDEX \"MyApp\".messages_timestamp_id");
    assert_eq!(
        differences(&chat.database().migrations()),
        ["messages: index messages_timestamp_id is missing"]
    );
}

#[test]
fn a_search_path_without_a_schema_is_a_configuration_error() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    let chat = open(&with_path(&database, "\"No Where\""));
    let parts = ["No Where", "CREATE SCHEMA \"No Where\""];
    assert_configuration_error(
        &chat.database().upgrade().expect_err("the schema does not exist"),
        &parts,
    );
    assert_configuration_error(
        &chat.database().migration_status().expect_err("the schema does not exist"),
        &parts,
    );
    assert_configuration_error(
        &chat.database().health().expect_err("the schema does not exist"),
        &parts,
    );
    assert_configuration_error(
        &chat
            .messages()
            .get_messages(&crate::store::everything(), &chatkeep::Page::first(1))
            .expect_err("the schema does not exist"),
        &parts,
    );
    database.execute("CREATE SCHEMA \"No Where\"");
    chat.database().upgrade().expect("the schema exists now");
    chat.messages()
        .log_message(&chatkeep::NewMessage::new("hello"))
        .expect("the same handle works");
}

#[test]
fn a_schema_without_usage_is_reported_with_the_missing_grant() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    database.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC");
    let url = account(&database, "");
    let chat = open(&url);
    let error = chat.database().upgrade().expect_err("the account lacks the privilege");
    assert_configuration_error(&error, &["no privilege on the schema public"]);
    database.execute(statement(&error, "grants it with "));
    chat.database().upgrade().expect("the privilege was granted");
}

/// Returns the statement that an error suggests.
fn statement<'a>(error: &'a Error, after: &str) -> &'a str {
    error.message().split_once(after).unwrap_or_else(|| panic!("{error}")).1
}

/// Creates an account with only these privileges, and returns its URL.
fn account(database: &TestDatabase, rights: &str) -> String {
    let name = format!("{}_u", database.name());
    match database.engine() {
        // Until PostgreSQL 15, every role may create tables in the schema public.
        Engine::PostgreSql => database.execute(&format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'hush-hush'; \
             REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        )),
        _ => database.execute(&format!(
            "CREATE USER '{name}'@'%' IDENTIFIED BY 'hush-hush'; GRANT {rights} ON {}.* TO \
             '{name}'@'%'",
            database.name()
        )),
    }
    let (engine, port) = (database.engine().name(), database.port());
    format!("{engine}://{name}:hush-hush@127.0.0.1:{port}/{}", database.name())
}

fn an_account_without_create_is_reported_with_the_missing_grant(store: &Store) {
    if store.engine() == Engine::Sqlite {
        return;
    }
    let chat = open(&account(&store.raw, "SELECT"));
    let error = chat.database().upgrade().expect_err("the account may not create tables");
    assert_configuration_error(&error, &["denied", "GRANT"]);
    store.raw.execute(statement(&error, "grants the privilege with "));
    // MySQL applies grants only to sessions that start later.
    open(&account_url(&chat)).database().upgrade().expect("the privilege was granted");
}

fn account_url(chat: &Chatkeep) -> String {
    chat.database().database_url().replace("***", "hush-hush")
}

fn a_table_of_another_program_is_reported_with_remedies(store: &Store) {
    store.raw.execute("CREATE TABLE messages (id INTEGER, body VARCHAR(9))");
    let error = store.database().upgrade().expect_err("the table exists already");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Failed), "{error:?}");
    for word in [
        "belongs to another program",
        "chatkeep migrate adopt",
        "a separate schema, database or file",
    ] {
        assert!(error.message().contains(word), "{error}");
    }
    assert_eq!(
        store.raw.scalar("SELECT COUNT(*) FROM messages").as_deref(),
        Some("0"),
        "the table is unchanged"
    );
}

#[test]
fn tables_of_a_later_schema_are_read_but_never_migrated() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    database.execute("CREATE SCHEMA tenant2");
    open(database.url())
        .database()
        .migrations()
        .upgrade("create_api_tokens")
        .expect("two migrations run in public");
    let second = open(&with_path(&database, "tenant2,public"));
    let migrations = second.database().migrations();
    let schemas =
        migrations.schemas().expect("the query succeeds").expect("PostgreSQL has schemas");
    assert_eq!(
        (schemas.new_tables.as_deref(), schemas.found.as_deref()),
        (Some("tenant2"), Some("public"))
    );
    let parts = ["found in the schema public, though search_path begins with tenant2"];
    assert_configuration_error(
        &migrations.upgrade("head").expect_err("the tables would be split between two schemas"),
        &parts,
    );
    assert_configuration_error(
        &migrations.check().expect_err("the wrong schema would be compared"),
        &parts,
    );
    let count = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'tenant2'";
    assert_eq!(database.scalar(count).as_deref(), Some("0"));

    let alone = open(&with_path(&database, "tenant2"));
    alone.database().upgrade().expect("the schema is created");
    assert_eq!(
        alone
            .database()
            .migrations()
            .schemas()
            .expect("the query succeeds")
            .expect("schemas")
            .warning(),
        None
    );
}

#[test]
fn a_database_with_a_quoted_name_can_be_checked() {
    for engine in [Engine::MariaDb, Engine::MySql, Engine::PostgreSql] {
        if !engine.is_available() {
            continue;
        }
        let keeper = TestDatabase::create(engine);
        let quote = if engine == Engine::PostgreSql { '"' } else { '`' };
        for name in ["bh'q", "a\\b", "Two Words", "back`tick", "per%cent"] {
            let name = format!("{}{name}", keeper.name());
            let quoted =
                format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")));
            keeper.execute(&format!("CREATE DATABASE {quoted}"));
            let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let chat =
                open(&keeper.url().replace(&format!("/{}", keeper.name()), &format!("/{encoded}")));
            chat.database().upgrade().expect("the schema is created");
            assert_eq!(
                differences(&chat.database().migrations()),
                <[String; 0]>::default(),
                "{name}"
            );
            drop(chat);
            keeper.execute(&format!("DROP DATABASE {quoted}"));
        }
    }
}
