//! The fault proxy in front of real servers.

use chatkeep_testkit::{Deliver, Engine, FaultProxy, TestDatabase};
use mysql_async::prelude::Queryable;
use tokio_postgres::NoTls;

/// Runs the statements in sequence on one connection, until one fails.
async fn run(engine: Engine, url: &str, statements: &[&str]) -> Result<(), String> {
    if engine == Engine::PostgreSql {
        let (client, connection) =
            tokio_postgres::connect(url, NoTls).await.map_err(|error| error.to_string())?;
        let driver = tokio::spawn(connection);
        for statement in statements {
            client.batch_execute(statement).await.map_err(|error| error.to_string())?;
        }
        drop(client);
        // It does not matter whether the termination message arrives.
        let _ = driver.await;
        return Ok(());
    }
    let url = url.replacen("mariadb://", "mysql://", 1) + "?prefer_socket=false";
    let mut connection =
        mysql_async::Conn::from_url(url).await.map_err(|error| error.to_string())?;
    for statement in statements {
        connection.query_drop(*statement).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn rows_after_a_cut_commit(engine: Engine, deliver: Deliver) -> Option<String> {
    let database = TestDatabase::create(engine);
    database.execute("CREATE TABLE t (a INTEGER)");
    let proxy = FaultProxy::to(database.url());
    let url = proxy.url(database.url());
    run(engine, &url, &["BEGIN", "INSERT INTO t VALUES (1)", "COMMIT"])
        .await
        .expect("the proxy forwards everything");
    proxy.cut_at(b"COMMIT", deliver);
    let cut = run(engine, &url, &["BEGIN", "INSERT INTO t VALUES (2)", "COMMIT"]).await;
    assert!(cut.is_err(), "{engine}: the client must not learn that it committed");
    assert_eq!(proxy.cuts(), 1, "{engine}");
    database.scalar("SELECT count(*) FROM t")
}

#[tokio::test]
async fn a_forwarded_commit_is_stored_although_its_client_gets_an_error() {
    for engine in Engine::servers() {
        let rows = rows_after_a_cut_commit(engine, Deliver::Forwarded).await;
        assert_eq!(rows.as_deref(), Some("2"), "{engine}");
    }
}

#[tokio::test]
async fn a_withheld_commit_is_lost() {
    for engine in Engine::servers() {
        let rows = rows_after_a_cut_commit(engine, Deliver::Withheld).await;
        assert_eq!(rows.as_deref(), Some("1"), "{engine}");
    }
}
