//! Accounts, databases and servers that reject a login permanently.

use chatkeep::{Chatkeep, ErrorKind, PoolSettings};
use chatkeep_testkit::{Engine, FaultProxy, Server, TestDatabase};

use crate::failing::fails;
use crate::login::is_refused_after_one_try;
use crate::on_each_server;
use crate::opening::log;

on_each_server!(
    a_locked_account_is_reported_at_once,
    an_expired_password_is_reported_at_once,
    a_url_without_a_user_is_reported_at_once,
    an_account_that_requires_tls_is_reported,
    a_server_that_requires_tls_is_reported,
);

const PASSWORD: &str = "geheim-wort";

/// Creates an account with these options, and returns the database's URL with this account, through
/// the proxy.
fn account(database: &TestDatabase, proxy: &FaultProxy, options: &str) -> String {
    let name = format!("{}_u", database.name());
    database.execute(&match database.engine() {
        Engine::PostgreSql => format!("CREATE ROLE {name} PASSWORD '{PASSWORD}' {options}"),
        _ => format!(
            "CREATE USER '{name}'@'%' IDENTIFIED BY '{PASSWORD}' {options}; \
             GRANT ALL ON {}.* TO '{name}'@'%'",
            database.name()
        ),
    });
    let (engine, port) = (database.engine().name(), proxy.port());
    format!("{engine}://{name}:{PASSWORD}@127.0.0.1:{port}/{}", database.name())
}

fn a_locked_account_is_reported_at_once(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let (options, expected) = match engine {
        Engine::PostgreSql => ("NOLOGIN", "not permitted to log in"),
        _ => ("ACCOUNT LOCK", "locked"),
    };
    is_refused_after_one_try(&proxy, &account(&database, &proxy, options), expected);
}

fn an_expired_password_is_reported_at_once(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let (options, expected) = match engine {
        // PostgreSQL reports an expired password like a wrong one.
        Engine::PostgreSql => ("LOGIN VALID UNTIL '2001-01-01'", "password authentication failed"),
        _ => ("PASSWORD EXPIRE", "password has expired; set a new one"),
    };
    is_refused_after_one_try(&proxy, &account(&database, &proxy, options), expected);
}

fn a_url_without_a_user_is_reported_at_once(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = format!("{engine}://127.0.0.1:{}/{}", proxy.port(), database.name());
    // Like libpq, the driver uses the name of the operating system's account.
    let expected = if engine == Engine::PostgreSql { "" } else { "names no" };
    is_refused_after_one_try(&proxy, &url, expected);
}

fn an_account_that_requires_tls_is_reported(engine: Engine) {
    if engine == Engine::PostgreSql {
        // PostgreSQL requires it in pg_hba.conf, not per account. Its error names that file.
        return;
    }
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = account(&database, &proxy, "REQUIRE SSL");
    is_refused_after_one_try(&proxy, &format!("{url}?sslmode=disable"), "set sslmode=require");
    log(&open_with_defaults(&url), "hello").expect("by default TLS is used");
}

fn a_server_that_requires_tls_is_reported(engine: Engine) {
    if engine == Engine::PostgreSql {
        return;
    }
    let server = Server::start(engine);
    let database = server.create_database();
    database.execute("SET GLOBAL require_secure_transport = ON");
    let proxy = FaultProxy::to(database.url());
    let url = proxy.url(database.url());
    is_refused_after_one_try(&proxy, &format!("{url}?sslmode=disable"), "set sslmode=require");
    log(&open_with_defaults(&url), "hello").expect("by default TLS is used");
}

#[test]
fn a_postgresql_database_without_connections_is_reported_at_once() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    let proxy = FaultProxy::to(database.url());
    let other = TestDatabase::create(Engine::PostgreSql);
    other.execute(&format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", database.name()));
    is_refused_after_one_try(
        &proxy,
        &proxy.url(database.url()),
        "not currently accepting connections",
    );
}

#[test]
fn an_unknown_postgresql_parameter_is_reported_at_once() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    let proxy = FaultProxy::to(database.url());
    for (options, expected) in [
        ("-c%20serach_path%3Dchat", "serach_path"),
        ("-c%20work_mem%3Dmuch", "work_mem"),
        ("--nonsense", "nonsense"),
    ] {
        let url = format!("{}?options={options}", proxy.url(database.url()));
        let chat = open_with_defaults(&url);
        fails(&url, || log(&chat, "hello"))
            .with(ErrorKind::Configuration)
            .naming("DATABASE_URL")
            .containing(expected)
            .final_()
            .at_once();
    }
    assert!(proxy.accepted() <= 6, "{} connections were made for three calls", proxy.accepted());
}

/// Opens a handle with the default retries at start-up.
fn open_with_defaults(url: &str) -> Chatkeep {
    Chatkeep::builder().url(url).settings(PoolSettings::default()).open().expect("the URL is valid")
}
