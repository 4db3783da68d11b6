//! How it is deployed: one account changes tables, another works with them.

use chatkeep::{Chatkeep, ErrorKind, NewMessage, SchemaState};
use chatkeep_testkit::Engine;

use super::folder::{Folder, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    a_runtime_account_waits_for_the_admins_upgrade_and_works,
    health_tells_of_a_schema_that_is_behind,
    an_account_that_may_not_make_a_place_cannot_check_and_is_told_so,
];

/// The URL of an account that may read and change rows, and nothing else; SQLite has no accounts.
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
    Chatkeep::builder()
        .url(url)
        .pool_size(2)
        .auto_migrate(false)
        .open()
        .expect("the URL is understood")
}

fn a_runtime_account_waits_for_the_admins_upgrade_and_works(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let url = runtime_url(store);
    let chat = runtime(&url);
    let error =
        chat.messages().log_message(&NewMessage::new("a")).expect_err("there is no schema yet");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Behind), "{error}");
    assert!(error.message().contains("chatkeep migrate upgrade"), "{error}");
    folder.on(store).upgrade("head").expect("the admin's account may");
    chat.database().wait_until_ready().expect("the same handle goes on");
    chat.messages().log_message(&NewMessage::new("a")).expect("rows may be added");
    assert_eq!(chat.database().health().expect("it answers").schema, "head");
    assert_eq!(
        chat.database().upgrade().expect("nothing to do wants no rights"),
        <[String; 0]>::default()
    );
    assert_eq!(
        chat.database().migrations().with_folder(folder.path()).upgrade("head").expect("nor this"),
        <[String; 0]>::default()
    );
}

fn health_tells_of_a_schema_that_is_behind(store: &Store) {
    let url = runtime_url(store);
    if store.engine() == Engine::Sqlite {
        // A file that is there, with nothing in it.
        store.raw.execute("CREATE TABLE other (id INTEGER)");
    }
    let chat = runtime(&url);
    let health = chat.database().health().expect("the database answers");
    assert_eq!((health.ok, health.schema), (false, "behind"));
    store.database().upgrade().expect("the schema is made");
    let health = chat.database().health().expect("the database answers");
    assert_eq!((health.ok, health.schema), (true, "head"));
    store.raw.execute(
        "INSERT INTO chatkeep_migrations (version, name, checksum, started_at, state)
         VALUES ('29990101000000', 'from_the_future', 'c', '2030-01-01 00:00:00', 'done')",
    );
    for chat in [runtime(&url), store.afresh()] {
        let health = chat.database().health().expect("the database answers");
        assert_eq!((health.ok, health.schema), (false, "newer"));
    }
}

fn an_account_that_may_not_make_a_place_cannot_check_and_is_told_so(store: &Store) {
    let url = runtime_url(store);
    store.database().upgrade().expect("the schema is made");
    let migrations = runtime(&url).database().migrations();
    if store.engine() == Engine::Sqlite {
        assert_eq!(differences(&migrations), <[String; 0]>::default());
        return;
    }
    let error = migrations.check().expect_err("the account may not");
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert!(error.message().contains("GRANT") && !error.message().contains("hush-hush"), "{error}");
    if store.engine() != Engine::PostgreSql {
        // What the message says helps.
        let scratch = format!("{}_chatkeep_check", store.raw.name());
        let user = format!("{}_r", store.raw.name());
        store.raw.execute(&format!("GRANT ALL ON {scratch}.* TO '{user}'@'%'"));
        assert_eq!(differences(&migrations), <[String; 0]>::default());
    }
}
