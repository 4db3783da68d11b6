//! Test databases on every engine.

use std::path::Path;

use chatkeep_testkit::{Engine, TestDatabase};
use mysql_async::prelude::Queryable;
use tokio_postgres::NoTls;

#[test]
fn a_new_database_is_empty_and_stores_rows() {
    for engine in Engine::available() {
        let database = TestDatabase::create(engine);
        database.execute(
            "CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (7, 'é😀'), (NULL, '')",
        );
        let rows = database.query("SELECT a, b FROM t ORDER BY a IS NULL");
        assert_eq!(
            rows,
            [[Some("7".to_owned()), Some("é😀".to_owned())], [None, Some(String::new())]],
            "on {engine}"
        );
        assert_eq!(database.scalar("SELECT count(*) FROM t").as_deref(), Some("2"), "on {engine}");
    }
}

#[test]
fn databases_are_isolated() {
    for engine in Engine::available() {
        let (one, other) = (TestDatabase::create(engine), TestDatabase::create(engine));
        one.execute("CREATE TABLE t (a INTEGER)");
        assert!(other.try_execute("SELECT a FROM t").is_err(), "on {engine}");
        assert_ne!(one.url(), other.url(), "on {engine}");
    }
}

#[test]
fn a_rejected_statement_reports_the_reason() {
    for engine in Engine::available() {
        let database = TestDatabase::create(engine);
        let message = database
            .try_execute("SELECT nonsense FROM nowhere")
            .expect_err("there is no such table");
        assert!(message.to_lowercase().contains("nowhere"), "{engine} reported: {message}");
    }
}

#[test]
fn dropping_a_database_value_removes_the_database() {
    for engine in Engine::available() {
        let database = TestDatabase::create(engine);
        let name = database.name().to_owned();
        database.execute("CREATE TABLE t (a INTEGER)");
        assert!(exists(engine, &name), "on {engine}");
        drop(database);
        assert!(!exists(engine, &name), "on {engine}");
    }
}

/// Returns whether there is a database or a file with this name.
fn exists(engine: Engine, name: &str) -> bool {
    let list = match engine {
        Engine::Sqlite => return Path::new(name).exists(),
        Engine::PostgreSql => format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"),
        _ => {
            format!("SELECT count(*) FROM information_schema.schemata WHERE schema_name = '{name}'")
        }
    };
    TestDatabase::create(engine).scalar(&list).is_some_and(|count| count != "0")
}

#[tokio::test]
async fn a_database_can_be_queried_in_an_async_test() {
    for engine in Engine::available() {
        assert_eq!(
            TestDatabase::create(engine).scalar("SELECT 1").as_deref(),
            Some("1"),
            "on {engine}"
        );
    }
}

#[tokio::test]
async fn a_database_with_an_open_transaction_can_be_removed() {
    for engine in Engine::servers() {
        let database = TestDatabase::create(engine);
        let (name, url) = (database.name().to_owned(), database.url().to_owned());
        database.execute("CREATE TABLE t (a INTEGER)");
        let open = "BEGIN; INSERT INTO t VALUES (1)";
        if engine == Engine::PostgreSql {
            let (client, connection) =
                tokio_postgres::connect(&url, NoTls).await.expect("the server accepts connections");
            let driver = tokio::spawn(connection);
            client.batch_execute(open).await.expect("the insert succeeds");
            drop(database);
            driver.await.expect("the driver ends").expect_err("the connection was cut");
        } else {
            let url = url.replacen("mariadb://", "mysql://", 1);
            let mut connection =
                mysql_async::Conn::from_url(url).await.expect("the server accepts connections");
            connection.query_drop(open).await.expect("the insert succeeds");
            drop(database);
            connection.query_drop("SELECT 1").await.expect_err("the connection was cut");
        }
        assert!(!exists(engine, &name), "on {engine}");
    }
}
