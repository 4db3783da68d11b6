//! Runs raw SQL through the drivers, to create, inspect and damage databases without chatkeep.

use std::path::Path;
use std::thread;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use rusqlite::types::ValueRef;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::Engine;
use crate::failure::{Context, Failure, Result};

/// Rows of values as text; `None` is NULL.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// Runs one or more statements.
pub(crate) fn execute(engine: Engine, url: &str, sql: &str, limit: Duration) -> Result<()> {
    query(engine, url, sql, limit).map(drop)
}

/// Runs one or more statements and returns the rows of all of them.
pub(crate) fn query(engine: Engine, url: &str, sql: &str, limit: Duration) -> Result<Rows> {
    match engine {
        Engine::Sqlite => Err(Failure("SQLite is queried through its file".to_owned())),
        Engine::PostgreSql => within(limit, postgresql(url, sql)),
        Engine::MariaDb | Engine::MySql => within(limit, mysql(url, sql)),
    }
}

/// Runs one or more statements on a SQLite file.
pub(crate) fn execute_in_file(path: &Path, sql: &str, limit: Duration) -> Result<()> {
    open(path, limit)?.execute_batch(sql).map_err(|error| Failure(error.to_string()))
}

/// Runs one statement on a SQLite file.
pub(crate) fn query_in_file(path: &Path, sql: &str, limit: Duration) -> Result<Rows> {
    let connection = open(path, limit)?;
    let read = || -> rusqlite::Result<Rows> {
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut read = Rows::new();
        while let Some(row) = rows.next()? {
            read.push(
                (0..columns)
                    .map(|column| row.get_ref(column).map(text))
                    .collect::<rusqlite::Result<_>>()?,
            );
        }
        Ok(read)
    };
    read().map_err(|error| Failure(error.to_string()))
}

fn open(path: &Path, limit: Duration) -> Result<rusqlite::Connection> {
    let connection =
        rusqlite::Connection::open(path).context(|| format!("opening {}", path.display()))?;
    connection.busy_timeout(limit).context(|| format!("opening {}", path.display()))?;
    Ok(connection)
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

/// Runs a future to completion on a new thread with its own runtime, because the caller may be
/// inside another runtime.
fn within<F>(limit: Duration, work: F) -> Result<Rows>
where
    F: Future<Output = Result<Rows>> + Send,
{
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context(|| "creating a runtime".to_owned())?;
            runtime.block_on(async {
                match tokio::time::timeout(limit, work).await {
                    Ok(result) => result,
                    Err(_) => Err(Failure(format!("timed out after {} s", limit.as_secs_f32()))),
                }
            })
        });
        worker.join().unwrap_or_else(|_| Err(Failure("the query thread panicked".to_owned())))
    })
}

async fn postgresql(url: &str, sql: &str) -> Result<Rows> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(|error| postgresql_failure(&error))?;
    let driver = tokio::spawn(connection);
    let messages = client.simple_query(sql).await.map_err(|error| postgresql_failure(&error))?;
    drop(client);
    // Waits until the termination message is sent, so that the server no longer counts this
    // connection.
    driver
        .await
        .context(|| "closing the connection".to_owned())?
        .map_err(|error| postgresql_failure(&error))?;
    Ok(messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .map(|row| (0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
        .collect())
}

/// Includes the server's message, because the driver's own text is only "db error".
fn postgresql_failure(error: &tokio_postgres::Error) -> Failure {
    Failure(match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    })
}

async fn mysql(url: &str, sql: &str) -> Result<Rows> {
    let url = url.replacen("mariadb://", "mysql://", 1);
    let options = mysql_async::Opts::from_url(&url).map_err(|error| Failure(error.to_string()))?;
    // Otherwise the driver would switch from the given address to the server's Unix socket.
    let options = mysql_async::OptsBuilder::from_opts(options).prefer_socket(false).init(vec![
        // A test may have changed these settings on the server; queries must work regardless.
        "SET SESSION autocommit = 1, completion_type = 0, sql_mode = '', sql_safe_updates = 0, \
         sql_select_limit = 18446744073709551615"
            .to_owned(),
    ]);
    let work = async {
        let mut connection = mysql_async::Conn::new(options).await?;
        let mut read = Rows::new();
        let mut result = connection.query_iter(sql).await?;
        while !result.is_empty() {
            for row in result.collect::<mysql_async::Row>().await? {
                read.push(row.unwrap().into_iter().map(mysql_text).collect());
            }
        }
        drop(result);
        connection.disconnect().await?;
        Ok(read)
    };
    work.await.map_err(|error: mysql_async::Error| Failure(error.to_string()))
}

fn mysql_text(value: mysql_async::Value) -> Option<String> {
    match value {
        mysql_async::Value::NULL => None,
        mysql_async::Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true)),
    }
}
