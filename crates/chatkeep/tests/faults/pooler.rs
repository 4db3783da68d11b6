//! PgBouncer in transaction mode, where the URL does not say that it is there.

use std::sync::Mutex;

use chatkeep::{Chatkeep, ErrorKind, PoolSettings};
use chatkeep_testkit::{Engine, PgBouncer, TestDatabase};

use crate::failing::fails;
use crate::opening::{log, open, open_ready};

#[test]
fn prepared_statements_that_get_lost_hint_at_the_setting() {
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
    assert!(!failed.is_empty(), "no statement got lost: this case shows nothing");
    for error in failed {
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error:?}");
        assert_eq!(error.field(), Some("DATABASE_URL"), "{error:?}");
        assert!(error.message().contains("pooler=transaction"), "{error:?}");
    }
    log(&open(pooler.url()), "hello").expect("with the setting all is well");
}

#[test]
fn a_start_up_parameter_that_a_pooler_refuses_is_told_at_once() {
    let database = TestDatabase::create(Engine::PostgreSql);
    let pooler = PgBouncer::before(&database, 2);
    let url = format!("{}&options=-c%20search_path%3Dpublic", pooler.url());
    let chat = Chatkeep::builder().url(&url).settings(PoolSettings::default()).open();
    let chat = chat.expect("the URL is well-formed");
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .saying("unsupported startup parameter")
        .saying("ignore_startup_parameters")
        .final_()
        .at_once();
}
