//! Tests of the detection that two URLs name the same database.

use std::fs;
use std::time::Duration;

use chatkeep::{Chatkeep, DatabaseUrl, ErrorKind};
use chatkeep_testkit::Engine;
use chatkeep_transfer::{CopyOptions, LegacyImport as _, compare, copy, plan_copy, restore};

use crate::every_engine::on_every_engine;
use crate::store::{Store, other, url};

on_every_engine![a_database_is_not_copied_onto_itself_under_another_url, detection_leaves_no_rows,];

const TIMEOUT: Duration = Duration::from_secs(10);
const REPLACE: CopyOptions = CopyOptions { resume: false, replace: true, connect_timeout: TIMEOUT };

/// Returns other URLs of the same database.
fn aliases(store: &Store) -> Vec<DatabaseUrl> {
    if store.engine().is_server() {
        let port = store.raw.port();
        return ["localhost", "127.0.0.1"].map(|host| url(&store.raw.url_at(host, port))).into();
    }
    let file = store.raw.path().expect("a file");
    let (soft, hard) = (store.path("soft.db"), store.path("hard.db"));
    std::os::unix::fs::symlink(file, &soft).expect("a link");
    fs::hard_link(file, &hard).expect("a link");
    [soft, hard].map(DatabaseUrl::sqlite_file).into()
}

fn assert_refused<T>(outcome: chatkeep::Result<T>) {
    let error = outcome.err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert!(error.message().contains("the same database"), "{error}");
}

fn a_database_is_not_copied_onto_itself_under_another_url(store: &Store) {
    store.log("precious");
    let usual = url(store.raw.url());
    let mut urls = aliases(store);
    urls.push(usual);
    for from in &urls {
        for to in &urls {
            assert_refused(copy(from, to, REPLACE, &mut |_| {}));
            assert_refused(copy(from, to, CopyOptions::default(), &mut |_| {}));
            assert_refused(plan_copy(from, to, TIMEOUT));
            assert_refused(compare(from, to, TIMEOUT, &mut |_| {}));
        }
    }
    assert_eq!(store.count(), 1);
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM unfinished_transfer").as_deref(), Some("0"));
}

fn detection_leaves_no_rows(store: &Store) {
    store.log("here");
    let there = other(store.engine());
    there.log("there");
    let (from, to) = (url(store.raw.url()), url(there.raw.url()));
    plan_copy(&from, &to, TIMEOUT).expect("two databases");
    assert!(!compare(&from, &to, TIMEOUT, &mut |_| {}).expect("two databases").equal);
    copy(&from, &to, REPLACE, &mut |_| {}).expect("two databases");
    for database in [&store.raw, &there.raw] {
        assert_eq!(
            database.scalar("SELECT COUNT(*) FROM unfinished_transfer").as_deref(),
            Some("0")
        );
    }
}

#[test]
fn schemas_of_one_postgresql_database_are_different_databases() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let store = Store::create(Engine::PostgreSql);
    store.log("in public");
    store.raw.execute("CREATE SCHEMA one; CREATE SCHEMA two");
    let schema = |name: &str, host: &str| {
        url(&format!(
            "{}?options=-c%20search_path%3D{name}",
            store.raw.url_at(host, store.raw.port())
        ))
    };
    let (one, two) = (schema("one", "127.0.0.1"), schema("two", "127.0.0.1"));
    Chatkeep::builder()
        .database_url(one.clone())
        .open()
        .expect("a URL")
        .database()
        .upgrade()
        .expect("made");
    Chatkeep::builder()
        .database_url(two.clone())
        .open()
        .expect("a URL")
        .database()
        .upgrade()
        .expect("made");
    copy(&url(store.raw.url()), &one, REPLACE, &mut |_| {}).expect("two databases");
    copy(&one, &two, REPLACE, &mut |_| {}).expect("two databases");
    assert_refused(copy(&one, &schema("one", "localhost"), REPLACE, &mut |_| {}));
    assert!(compare(&one, &two, TIMEOUT, &mut |_| {}).expect("compared").equal);
}

#[test]
fn restores_and_imports_from_the_databases_own_file_are_rejected() {
    let store = Store::create(Engine::Sqlite);
    store.database().upgrade().expect("made");
    let to = url(store.raw.url());
    let link = store.path("link.db");
    std::os::unix::fs::symlink(store.raw.path().expect("a file"), &link).expect("a link");
    for path in [store.raw.path().expect("a file"), &link] {
        let error = restore(&to, path, TIMEOUT, &mut |_| {}).expect_err("refused");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("file")),
            "{error}"
        );
        let error = store.migrate_from_old_sqlite(path).expect_err("refused");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("file")),
            "{error}"
        );
    }
}
