//! Schemas that do not match the program, and accounts without the right to change them.

use chatkeep::{ErrorKind, SchemaState};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::opening::{builder, count, log, open, open_ready, stored, tables};
use crate::{on_each_engine, on_each_server};

on_each_engine!(
    an_empty_database_is_behind_without_auto_migration,
    a_schema_of_a_newer_program_is_rejected,
    a_missing_table_is_reported_as_a_schema_that_is_behind,
);

fn an_empty_database_is_behind_without_auto_migration(engine: Engine) {
    let database = TestDatabase::create(engine);
    let chat = builder(database.url()).auto_migrate(false).open().expect("the URL is valid");
    let behind = ErrorKind::Schema(SchemaState::Behind);
    fails(database.url(), || log(&chat, "hello"))
        .with(behind)
        .containing("chatkeep migrate upgrade")
        .final_()
        .at_once();
    fails(database.url(), || count(&chat))
        .with(behind)
        .containing("create_messages")
        .final_()
        .at_once();
    fails(database.url(), || chat.database().wait_until_ready()).with(behind).at_once();
    assert_eq!(tables(&database), 0, "a table was created");

    let pending =
        chat.database().migration_status().expect("the database is available").pending.len();
    assert!(pending > 0);
    assert_eq!(chat.database().upgrade().expect("an explicit upgrade runs").len(), pending);
    log(&chat, "hello").expect("the same handle works");
    assert_eq!(stored(&database, "hello"), 1);
}

fn a_schema_of_a_newer_program_is_rejected(engine: Engine) {
    let database = TestDatabase::create(engine);
    log(&open_ready(database.url()), "before").expect("the schema is created");
    database.execute(
        "INSERT INTO chatkeep_migrations \
         (version, name, checksum, started_at, finished_at, state) VALUES \
         ('99991231235959', 'from_the_future', 'c', '2030-01-01 00:00:00', '2030-01-01 00:00:00', \
         'done')",
    );
    let before = tables(&database);
    let newer = ErrorKind::Schema(SchemaState::Newer);
    for auto_migrate in [true, false] {
        let chat =
            builder(database.url()).auto_migrate(auto_migrate).open().expect("the URL is valid");
        fails(database.url(), || log(&chat, "hello"))
            .with(newer)
            .containing("99991231235959")
            .final_()
            .at_once();
        fails(database.url(), || chat.tokens().verify_token("some-imported-token"))
            .with(newer)
            .final_()
            .at_once();
        fails(database.url(), || chat.database().upgrade())
            .with(newer)
            .containing("upgrade the program")
            .at_once();
    }
    assert_eq!(tables(&database), before);
    assert_eq!(stored(&database, "hello"), 0);
}

fn a_missing_table_is_reported_as_a_schema_that_is_behind(engine: Engine) {
    let database = TestDatabase::create(engine);
    let chat = open_ready(database.url());
    database.execute("DROP TABLE api_tokens");
    fails(database.url(), || chat.tokens().verify_token("some-imported-token"))
        .with(ErrorKind::Schema(SchemaState::Behind))
        .hiding("some-imported-token")
        .final_()
        .at_once();
    log(&chat, "hello").expect("the other table exists");
}

on_each_server!(
    an_account_without_ddl_rights_works_on_a_finished_schema,
    an_account_without_ddl_rights_cannot_create_the_schema
);

/// Creates an account that may only read and change rows, and returns its URL.
fn runtime_account(database: &TestDatabase) -> String {
    let name = format!("{}_u", database.name());
    database.execute(&match database.engine() {
        Engine::PostgreSql => format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'geheim-wort'; \
             GRANT USAGE ON SCHEMA public TO {name}; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}"
        ),
        _ => format!(
            "CREATE USER '{name}'@'%' IDENTIFIED BY 'geheim-wort'; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON {}.* TO '{name}'@'%'",
            database.name()
        ),
    });
    let (engine, port) = (database.engine().name(), database.port());
    format!("{engine}://{name}:geheim-wort@127.0.0.1:{port}/{}", database.name())
}

fn an_account_without_ddl_rights_works_on_a_finished_schema(engine: Engine) {
    let database = TestDatabase::create(engine);
    drop(open_ready(database.url()));
    let url = runtime_account(&database);
    for auto_migrate in [true, false] {
        let chat = builder(&url).auto_migrate(auto_migrate).open().expect("the URL is valid");
        log(&chat, "hello").expect("rows may be added");
        let created = chat.tokens().create_token("t", None).expect("rows may be added");
        assert!(chat.tokens().verify_token(created.token.expose()).expect("rows may be read"));
        assert!(chat.tokens().revoke_token(created.id).expect("rows may be changed"));
        assert_eq!(chat.messages().delete_old_messages(1).expect("rows may be deleted"), 0);
        assert_eq!(chat.database().health().expect("the schema is complete").schema, "head");
    }
}

fn an_account_without_ddl_rights_cannot_create_the_schema(engine: Engine) {
    let database = TestDatabase::create(engine);
    let url = runtime_account(&database);
    let chat = open(&url);
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .containing("denied")
        .final_()
        .at_once();
    assert_eq!(tables(&database), 0, "a table was created");
    let chat = builder(&url).auto_migrate(false).open().expect("the URL is valid");
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Schema(SchemaState::Behind))
        .containing("migrate upgrade");
}
