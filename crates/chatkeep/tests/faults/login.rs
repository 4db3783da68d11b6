//! Logins that can never succeed are reported at once and not retried, because servers may count
//! each try as an attack.

use chatkeep::{Chatkeep, ErrorKind, PoolSettings};
use chatkeep_testkit::{Engine, FaultProxy, TestDatabase};

use crate::failing::{fails, password_of};
use crate::on_each_server;
use crate::opening::log;

on_each_server!(
    a_wrong_password_is_reported_after_one_try,
    an_unknown_user_is_reported_after_one_try,
    an_unknown_database_is_reported_after_one_try,
    threads_with_a_wrong_password_log_in_once_per_call,
);

/// Opens a handle with the default settings, which retry for 25 s while a database is starting.
fn open_with_defaults(url: &str) -> Chatkeep {
    Chatkeep::builder().url(url).settings(PoolSettings::default()).open().expect("the URL is valid")
}

#[track_caller]
pub(crate) fn is_refused_after_one_try(proxy: &FaultProxy, url: &str, expected: &str) {
    let chat = open_with_defaults(url);
    fails(url, || log(&chat, "hello"))
        .with(ErrorKind::Configuration)
        .naming("DATABASE_URL")
        .containing(expected)
        .final_()
        .at_once();
    assert!(proxy.accepted() <= 2, "{} connections were made", proxy.accepted());
    fails(url, || chat.database().wait_until_ready())
        .with(ErrorKind::Configuration)
        .containing(expected)
        .at_once();
    fails(url, || chat.database().health())
        .with(ErrorKind::Configuration)
        .containing(expected)
        .at_once();
    assert!(proxy.accepted() <= 6, "{} connections were made for three calls", proxy.accepted());
}

fn a_wrong_password_is_reported_after_one_try(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let right = password_of(database.url()).expect("the kit's account has a password");
    let url = proxy.url(database.url()).replace(right, "wrong-geheim-wort");
    is_refused_after_one_try(&proxy, &url, "chatkeep");
}

fn an_unknown_user_is_reported_after_one_try(engine: Engine) {
    let database = TestDatabase::create(engine);
    // MySQL requests a different authentication method per name, to hide which users exist.
    for name in ["nobody_1", "nobody_2", "nobody_3", "nobody_4", "nobody_5", "nobody_6"] {
        let proxy = FaultProxy::to(database.url());
        let url = proxy.url(database.url()).replace("://chatkeep:", &format!("://{name}:"));
        is_refused_after_one_try(&proxy, &url, name);
    }
}

fn an_unknown_database_is_reported_after_one_try(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = proxy.url(database.url()).replace(database.name(), "no_such_database");
    is_refused_after_one_try(&proxy, &url, "no_such_database");
    assert!(TestDatabase::try_execute(&database, "SELECT 1").is_ok(), "the server still works");
}

fn threads_with_a_wrong_password_log_in_once_per_call(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let right = password_of(database.url()).expect("the kit's account has a password");
    let url = proxy.url(database.url()).replace(right, "wrong-geheim-wort");
    let chat = open_with_defaults(&url);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                fails(&url, || log(&chat, "hello")).with(ErrorKind::Configuration).at_once();
            });
        }
    });
    assert!(proxy.accepted() <= 20, "{} logins for 20 calls", proxy.accepted());
}
