//! PgBouncer in transaction mode, with a URL that does not declare it.

use std::sync::Mutex;

use chatkeep::{Chatkeep, ErrorKind, PoolSettings};
use chatkeep_testkit::{Engine, PgBouncer, TestDatabase};

use crate::failing::fails;
use crate::opening::{log, open, open_ready};

#[test]
fn lost_prepared_statements_suggest_the_pooler_setting() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    drop(open_ready(database.url()));
    let pooler = PgBouncer::before(&database, 2);
    let url = pooler.url().replace("?pooler=transaction", "");
    let chats: Vec<_> = (0..4).map(|_| open(&url)).collect();
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for chat in &chats {
            scope.spawn(|| {
                for number in 0..50 {
                    if let Err(error) = log(chat, &format!("message {number}")) {
                        failed.lock().expect("no thread panics").push(error);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no thread panics");
    assert!(!failed.is_empty(), "no statement was lost, so the case tests nothing");
    for error in failed {
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error:?}");
        assert_eq!(error.field(), Some("DATABASE_URL"), "{error:?}");
        assert!(error.message().contains("pooler=transaction"), "{error:?}");
    }
    log(&open(pooler.url()), "hello").expect("with the setting all calls work");
}

#[test]
fn a_parameter_that_a_pooler_rejects_is_reported_at_once() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    let pooler = PgBouncer::before(&database, 2);
    let url = format!("{}&options=-c%20search_path%3Dpublic", pooler.url());
    let chat = Chatkeep::builder().url(&url).settings(PoolSettings::default()).open();
    let chat = chat.expect("the URL is valid");
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .containing("unsupported startup parameter")
        .containing("ignore_startup_parameters")
        .final_()
        .at_once();
}
