//! Schemas that do not fit the program, and accounts that may not change them.

use chatkeep::{ErrorKind, SchemaState};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::opening::{builder, count, log, open, open_ready, stored, tables};
use crate::{on_each_engine, on_each_server};

on_each_engine!(
    an_empty_database_is_behind_when_nobody_may_migrate,
    a_schema_of_a_newer_program_is_refused,
    a_table_that_went_missing_is_a_schema_that_is_behind,
);

fn an_empty_database_is_behind_when_nobody_may_migrate(engine: Engine) {
    let database = TestDatabase::create(engine);
    let chat = builder(database.url()).auto_migrate(false).open().expect("the URL is well-formed");
    let behind = ErrorKind::Schema(SchemaState::Behind);
    fails(database.url(), || log(&chat, "hello"))
        .with(behind)
        .saying("chatkeep migrate upgrade")
        .final_()
        .at_once();
    fails(database.url(), || count(&chat))
        .with(behind)
        .saying("create_messages")
        .final_()
        .at_once();
    fails(database.url(), || chat.database().wait_until_ready()).with(behind).at_once();
    assert_eq!(tables(&database), 0, "something was made");

    let pending = chat.database().migration_status().expect("the database is there").pending.len();
    assert!(pending > 0);
    assert_eq!(chat.database().upgrade().expect("asked for, it is done").len(), pending);
    log(&chat, "hello").expect("the same handle goes on");
    assert_eq!(stored(&database, "hello"), 1);
}

fn a_schema_of_a_newer_program_is_refused(engine: Engine) {
    let database = TestDatabase::create(engine);
    log(&open_ready(database.url()), "before").expect("the schema is made");
    database.execute(
        "INSERT INTO chatkeep_migrations (version, name, checksum, started_at, finished_at, state) VALUES \
         ('99991231235959', 'from_the_future', 'c', '2030-01-01 00:00:00', '2030-01-01 00:00:00', 'done')",
    );
    let before = tables(&database);
    let newer = ErrorKind::Schema(SchemaState::Newer);
    for auto_migrate in [true, false] {
        let chat = builder(database.url())
            .auto_migrate(auto_migrate)
            .open()
            .expect("the URL is well-formed");
        fails(database.url(), || log(&chat, "hello"))
            .with(newer)
            .saying("99991231235959")
            .final_()
            .at_once();
        fails(database.url(), || chat.tokens().verify_token("some-imported-token"))
            .with(newer)
            .final_()
            .at_once();
        fails(database.url(), || chat.database().upgrade())
            .with(newer)
            .saying("upgrade the program")
            .at_once();
    }
    assert_eq!(tables(&database), before);
    assert_eq!(stored(&database, "hello"), 0);
}

fn a_table_that_went_missing_is_a_schema_that_is_behind(engine: Engine) {
    let database = TestDatabase::create(engine);
    let chat = open_ready(database.url());
    database.execute("DROP TABLE api_tokens");
    fails(database.url(), || chat.tokens().verify_token("some-imported-token"))
        .with(ErrorKind::Schema(SchemaState::Behind))
        .hiding("some-imported-token")
        .final_()
        .at_once();
    log(&chat, "hello").expect("the other table is there");
}

on_each_server!(
    an_account_without_ddl_rights_works_on_a_finished_schema,
    an_account_without_ddl_rights_cannot_begin
);

/// An account that may read and change rows, and nothing else; gives its URL.
fn runtime_account(database: &TestDatabase) -> String {
    let name = format!("{}_u", database.name());
    database.execute(&match database.engine() {
        Engine::PostgreSql => format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'geheim-wort'; GRANT USAGE ON SCHEMA public TO {name}; \
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
        let chat = builder(&url).auto_migrate(auto_migrate).open().expect("the URL is well-formed");
        log(&chat, "hello").expect("rows may be added");
        let created = chat.tokens().create_token("t", None).expect("rows may be added");
        assert!(chat.tokens().verify_token(created.token.expose()).expect("rows may be read"));
        assert!(chat.tokens().revoke_token(created.id).expect("rows may be changed"));
        assert_eq!(chat.messages().delete_old_messages(1).expect("rows may be deleted"), 0);
        assert_eq!(chat.database().health().expect("the schema is finished").schema, "head");
    }
}

fn an_account_without_ddl_rights_cannot_begin(engine: Engine) {
    let database = TestDatabase::create(engine);
    let url = runtime_account(&database);
    let chat = open(&url);
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .saying("denied")
        .final_()
        .at_once();
    assert_eq!(tables(&database), 0, "something was made");
    let chat = builder(&url).auto_migrate(false).open().expect("the URL is well-formed");
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Schema(SchemaState::Behind))
        .saying("migrate upgrade");
}
