//! PostgreSQL's schemas, database names that have to be quoted, accounts without rights, and tables of other programs.

use chatkeep::{Chatkeep, Error, ErrorKind, SchemaState};
use chatkeep_testkit::{Engine, TestDatabase};

use super::folder::differences;
use crate::every_engine::on_every_engine;
use crate::store::{Store, open};

on_every_engine![
    a_table_of_another_program_is_told_with_the_ways_out,
    an_account_that_may_make_no_tables_is_told_which_right_it_lacks,
];

/// The URL with this search path.
fn with_path(database: &TestDatabase, path: &str) -> String {
    let path = path.replace('"', "%22").replace(',', "%2C").replace(' ', "%5C%20");
    format!("{}?options=-c%20search_path%3D{path}", database.url())
}

#[track_caller]
fn is_configuration(error: &Error, says: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error:?}");
    for word in says {
        assert!(error.message().contains(word), "{word:?} is missing in {error}");
    }
}

#[test]
fn a_schema_with_capitals_is_compared_under_its_own_name() {
    let database = TestDatabase::create(Engine::PostgreSql);
    database.execute("CREATE SCHEMA \"MyApp\"");
    let chat = open(&with_path(&database, "\"MyApp\""));
    chat.database().upgrade().expect("the schema is there");
    assert_eq!(differences(&chat.database().migrations()), <[String; 0]>::default());
    // One of that name in small letters is another one.
    database.execute("CREATE SCHEMA myapp; DROP INDEX \"MyApp\".messages_timestamp_id");
    assert_eq!(
        differences(&chat.database().migrations()),
        ["messages: index messages_timestamp_id is missing"]
    );
}

#[test]
fn a_search_path_that_leads_to_no_schema_is_a_wrong_setting() {
    let database = TestDatabase::create(Engine::PostgreSql);
    let chat = open(&with_path(&database, "\"No Where\""));
    let says = ["No Where", "CREATE SCHEMA \"No Where\""];
    is_configuration(&chat.database().upgrade().expect_err("it has no place"), &says);
    is_configuration(&chat.database().migration_status().expect_err("it has no place"), &says);
    is_configuration(&chat.database().health().expect_err("it has no place"), &says);
    is_configuration(
        &chat
            .messages()
            .get_messages(&crate::store::everything(), &chatkeep::Page::first(1))
            .expect_err("no"),
        &says,
    );
    database.execute("CREATE SCHEMA \"No Where\"");
    chat.database().upgrade().expect("now there is one");
    chat.messages()
        .log_message(&chatkeep::NewMessage::new("hello"))
        .expect("the same handle goes on");
}

#[test]
fn a_schema_that_the_account_may_not_look_into_is_named_with_the_right() {
    let database = TestDatabase::create(Engine::PostgreSql);
    database.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC");
    let url = account(&database, "");
    let chat = open(&url);
    let error = chat.database().upgrade().expect_err("it has no right");
    is_configuration(&error, &["no right on the schema public"]);
    database.execute(statement(&error, "gives it with "));
    chat.database().upgrade().expect("the right was given");
}

/// The statement that an error advises.
fn statement<'a>(error: &'a Error, after: &str) -> &'a str {
    error.message().split_once(after).unwrap_or_else(|| panic!("{error}")).1
}

/// The URL of an account with these rights, and no others.
fn account(database: &TestDatabase, rights: &str) -> String {
    let name = format!("{}_u", database.name());
    match database.engine() {
        Engine::PostgreSql => database.execute(&format!("CREATE ROLE {name} LOGIN PASSWORD 'hush-hush'")),
        _ => database.execute(&format!(
            "CREATE USER '{name}'@'%' IDENTIFIED BY 'hush-hush'; GRANT {rights} ON {}.* TO '{name}'@'%'",
            database.name()
        )),
    }
    let (engine, port) = (database.engine().name(), database.port());
    format!("{engine}://{name}:hush-hush@127.0.0.1:{port}/{}", database.name())
}

fn an_account_that_may_make_no_tables_is_told_which_right_it_lacks(store: &Store) {
    if store.engine() == Engine::Sqlite {
        return;
    }
    let chat = open(&account(&store.raw, "SELECT"));
    let error = chat.database().upgrade().expect_err("it may make no tables");
    is_configuration(&error, &["denied", "GRANT"]);
    store.raw.execute(statement(&error, "gives the right with "));
    // MySQL gives rights to the sessions that begin after it.
    open(&account_url(&chat)).database().upgrade().expect("the right was given");
}

fn account_url(chat: &Chatkeep) -> String {
    chat.database().database_url().replace("***", "hush-hush")
}

fn a_table_of_another_program_is_told_with_the_ways_out(store: &Store) {
    store.raw.execute("CREATE TABLE messages (id INTEGER, body VARCHAR(9))");
    let error = store.database().upgrade().expect_err("the name is taken");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Failed), "{error:?}");
    for word in [
        "another program's",
        "chatkeep migrate adopt",
        "a schema, a database or a file of their own",
    ] {
        assert!(error.message().contains(word), "{error}");
    }
    assert_eq!(
        store.raw.scalar("SELECT COUNT(*) FROM messages").as_deref(),
        Some("0"),
        "it is as it was"
    );
}

#[test]
fn tables_of_the_next_schema_are_read_and_never_migrated() {
    let database = TestDatabase::create(Engine::PostgreSql);
    database.execute("CREATE SCHEMA tenant2");
    open(database.url())
        .database()
        .migrations()
        .upgrade("create_api_tokens")
        .expect("two are run in public");
    let second = open(&with_path(&database, "tenant2,public"));
    let migrations = second.database().migrations();
    let schemas = migrations.schemas().expect("it answers").expect("PostgreSQL has schemas");
    assert_eq!(
        (schemas.new_tables.as_deref(), schemas.found.as_deref()),
        (Some("tenant2"), Some("public"))
    );
    let says = ["found in the schema public, though search_path begins with tenant2"];
    is_configuration(&migrations.upgrade("head").expect_err("half would be made in each"), &says);
    is_configuration(&migrations.check().expect_err("another schema would be compared"), &says);
    let made = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'tenant2'";
    assert_eq!(database.scalar(made).as_deref(), Some("0"));

    let alone = open(&with_path(&database, "tenant2"));
    alone.database().upgrade().expect("a schema of its own");
    assert_eq!(
        alone.database().migrations().schemas().expect("it answers").expect("schemas").warning(),
        None
    );
}

#[test]
fn a_database_whose_name_has_to_be_quoted_can_be_checked() {
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
            chat.database().upgrade().expect("the schema is made");
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
