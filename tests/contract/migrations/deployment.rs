//! Deployment with two accounts: one changes tables, the other reads and writes rows.

use chatkeep::{Chatkeep, ErrorKind, NewMessage, SchemaState};
use chatkeep_testkit::Engine;

use super::folder::{Folder, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![run_empty =>
    a_runtime_account_works_after_the_upgrade_by_an_admin,
    health_reports_an_outdated_schema,
    a_check_without_privileges_names_the_missing_grant,
];

/// Creates an account that may only read and change rows, and returns its URL. SQLite has no
/// accounts.
fn runtime_url(store: &Store) -> String {
    let name = format!("{}_r", store.raw.name());
    let sql = match store.engine() {
        Engine::Sqlite => return store.raw.url().to_owned(),
        Engine::PostgreSql => format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'hush-hush'; GRANT USAGE ON SCHEMA public TO {name};
             ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {name}"
        ),
        Engine::MariaDb | Engine::MySql => format!(
            "CREATE USER '{name}'@'%' IDENTIFIED BY 'hush-hush';
             GRANT SELECT, INSERT, UPDATE, DELETE ON {}.* TO '{name}'@'%'",
            store.raw.name()
        ),
    };
    store.raw.execute(&sql);
    let (engine, port) = (store.engine().name(), store.raw.port());
    format!("{engine}://{name}:hush-hush@127.0.0.1:{port}/{}", store.raw.name())
}

fn runtime(url: &str) -> Chatkeep {
    Chatkeep::builder().url(url).pool_size(2).auto_migrate(false).open().expect("the URL is valid")
}

fn a_runtime_account_works_after_the_upgrade_by_an_admin(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let url = runtime_url(store);
    let chat = runtime(&url);
    let error = chat
        .messages()
        .log_message(&NewMessage::new("a"))
        .expect_err("the schema does not exist yet");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Behind), "{error}");
    assert!(error.message().contains("chatkeep migrate upgrade"), "{error}");
    folder.on(store).upgrade("head").expect("the admin account may upgrade");
    chat.database().wait_until_ready().expect("the same handle works");
    chat.messages().log_message(&NewMessage::new("a")).expect("the account may insert");
    assert_eq!(chat.database().health().expect("the query succeeds").schema, "head");
    assert_eq!(
        chat.database().upgrade().expect("an upgrade without changes needs no privileges"),
        <[String; 0]>::default()
    );
    assert_eq!(
        chat.database()
            .migrations()
            .with_folder(folder.path())
            .upgrade("head")
            .expect("an upgrade without changes needs no privileges"),
        <[String; 0]>::default()
    );
}

fn health_reports_an_outdated_schema(store: &Store) {
    let url = runtime_url(store);
    if store.engine() == Engine::Sqlite {
        // An existing database file without chatkeep's tables.
        store.raw.execute("CREATE TABLE other (id INTEGER)");
    }
    let chat = runtime(&url);
    let health = chat.database().health().expect("the query succeeds");
    assert_eq!((health.ok, health.schema), (false, "behind"));
    store.database().upgrade().expect("the schema is created");
    let health = chat.database().health().expect("the query succeeds");
    assert_eq!((health.ok, health.schema), (true, "head"));
    store.raw.execute(
        "INSERT INTO chatkeep_migrations (version, name, checksum, started_at, state)
         VALUES ('29990101000000', 'from_the_future', 'c', '2030-01-01 00:00:00', 'done')",
    );
    for chat in [runtime(&url), store.new_handle()] {
        let health = chat.database().health().expect("the query succeeds");
        assert_eq!((health.ok, health.schema), (false, "newer"));
    }
}

fn a_check_without_privileges_names_the_missing_grant(store: &Store) {
    let url = runtime_url(store);
    store.database().upgrade().expect("the schema is created");
    let migrations = runtime(&url).database().migrations();
    if store.engine() == Engine::Sqlite {
        assert_eq!(differences(&migrations), <[String; 0]>::default());
        return;
    }
    let error = migrations.check().expect_err("the account lacks the privilege");
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert!(error.message().contains("GRANT") && !error.message().contains("hush-hush"), "{error}");
    if store.engine() != Engine::PostgreSql {
        // The grant that the message suggests is sufficient.
        let scratch = format!("{}_chatkeep_check", store.raw.name());
        let user = format!("{}_r", store.raw.name());
        store.raw.execute(&format!("GRANT ALL ON {scratch}.* TO '{user}'@'%'"));
        assert_eq!(differences(&migrations), <[String; 0]>::default());
    }
}
