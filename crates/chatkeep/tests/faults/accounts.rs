//! Accounts, databases and servers that refuse a log-in for what they were told, and not for the moment.

use chatkeep::{Chatkeep, ErrorKind, PoolSettings};
use chatkeep_testkit::{Engine, FaultProxy, Server, TestDatabase};

use crate::failing::fails;
use crate::login::is_refused_after_one_try;
use crate::on_each_server;
use crate::opening::log;

on_each_server!(
    a_locked_account_is_told_at_once,
    an_expired_password_is_told_at_once,
    a_url_without_a_user_is_told_at_once,
    an_account_that_demands_tls_says_so,
    a_server_that_demands_tls_says_so,
);

const PASSWORD: &str = "geheim-wort";

/// The database's URL through the proxy with another account, which these options make.
fn account(database: &TestDatabase, proxy: &FaultProxy, options: &str) -> String {
    let name = format!("{}_u", database.name());
    database.execute(&match database.engine() {
        Engine::PostgreSql => format!("CREATE ROLE {name} PASSWORD '{PASSWORD}' {options}"),
        _ => format!(
            "CREATE USER '{name}'@'%' IDENTIFIED BY '{PASSWORD}' {options}; GRANT ALL ON {}.* TO '{name}'@'%'",
            database.name()
        ),
    });
    let (engine, port) = (database.engine().name(), proxy.port());
    format!("{engine}://{name}:{PASSWORD}@127.0.0.1:{port}/{}", database.name())
}

fn a_locked_account_is_told_at_once(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let (options, says) = match engine {
        Engine::PostgreSql => ("NOLOGIN", "not permitted to log in"),
        _ => ("ACCOUNT LOCK", "locked"),
    };
    is_refused_after_one_try(&proxy, &account(&database, &proxy, options), says);
}

fn an_expired_password_is_told_at_once(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let (options, says) = match engine {
        // PostgreSQL does not tell an expired password from a wrong one.
        Engine::PostgreSql => ("LOGIN VALID UNTIL '2001-01-01'", "password authentication failed"),
        _ => ("PASSWORD EXPIRE", "password has expired; set a new one"),
    };
    is_refused_after_one_try(&proxy, &account(&database, &proxy, options), says);
}

fn a_url_without_a_user_is_told_at_once(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = format!("{engine}://127.0.0.1:{}/{}", proxy.port(), database.name());
    // libpq takes the name of the system's account, and so does this driver.
    let says = if engine == Engine::PostgreSql { "" } else { "names no" };
    is_refused_after_one_try(&proxy, &url, says);
}

fn an_account_that_demands_tls_says_so(engine: Engine) {
    if engine == Engine::PostgreSql {
        // Not the account but pg_hba.conf demands it there; its refusal names that file.
        return;
    }
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = account(&database, &proxy, "REQUIRE SSL");
    is_refused_after_one_try(&proxy, &format!("{url}?sslmode=disable"), "write sslmode=require");
    log(&patient(&url), "hello").expect("by default TLS is used");
}

fn a_server_that_demands_tls_says_so(engine: Engine) {
    if engine == Engine::PostgreSql {
        return;
    }
    let server = Server::start(engine);
    let database = server.create_database();
    database.execute("SET GLOBAL require_secure_transport = ON");
    let proxy = FaultProxy::to(database.url());
    let url = proxy.url(database.url());
    is_refused_after_one_try(&proxy, &format!("{url}?sslmode=disable"), "write sslmode=require");
    log(&patient(&url), "hello").expect("by default TLS is used");
}

#[test]
fn a_postgresql_database_that_takes_no_connections_is_told_at_once() {
    let database = TestDatabase::create(Engine::PostgreSql);
    let proxy = FaultProxy::to(database.url());
    let keeper = TestDatabase::create(Engine::PostgreSql);
    keeper.execute(&format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", database.name()));
    is_refused_after_one_try(
        &proxy,
        &proxy.url(database.url()),
        "not currently accepting connections",
    );
}

#[test]
fn a_start_up_parameter_that_postgresql_does_not_know_is_told_at_once() {
    let database = TestDatabase::create(Engine::PostgreSql);
    let proxy = FaultProxy::to(database.url());
    for (options, says) in [
        ("-c%20serach_path%3Dchat", "serach_path"),
        ("-c%20work_mem%3Dmuch", "work_mem"),
        ("--nonsense", "nonsense"),
    ] {
        let url = format!("{}?options={options}", proxy.url(database.url()));
        let chat = patient(&url);
        fails(&url, || log(&chat, "hello"))
            .with(ErrorKind::Configuration)
            .naming("DATABASE_URL")
            .saying(says)
            .final_()
            .at_once();
    }
    assert!(proxy.accepted() <= 6, "{} connections were made for three calls", proxy.accepted());
}

/// With the retries at start-up that a program has by default.
fn patient(url: &str) -> Chatkeep {
    Chatkeep::builder()
        .url(url)
        .settings(PoolSettings::default())
        .open()
        .expect("the URL is well-formed")
}
