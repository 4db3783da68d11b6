//! Queries a PostgreSQL database without a time limit.

use chatkeep_bench_protocol::Result;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

pub(super) struct Postgres {
    runtime: Runtime,
    client: Client,
}

impl Postgres {
    pub(super) fn open(url: &str) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(async move {
                // The client reports the same error.
                let _ = connection.await;
            });
            // So that all timestamp types are shown in the same time zone.
            client.batch_execute("SET TIME ZONE 'UTC'").await?;
            Ok::<_, chatkeep_bench_protocol::Failure>(client)
        })?;
        Ok(Self { runtime, client })
    }

    pub(super) fn execute(&self, sql: &str) -> Result<()> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(failure)
    }

    /// Returns rows with the texts that the server returns.
    pub(super) fn rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        let messages = self.runtime.block_on(self.client.simple_query(sql)).map_err(failure)?;
        let texts = |row: tokio_postgres::SimpleQueryRow| {
            (0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect()
        };
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(texts(row)),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Returns the first value; NULL is an empty text.
    pub(super) fn value(&self, sql: &str) -> Result<String> {
        let rows = self.rows(sql)?;
        let first = rows.into_iter().next().and_then(|row| row.into_iter().next());
        Ok(first.ok_or_else(|| format!("{sql}: no row"))?.unwrap_or_default())
    }
}

/// Returns the message of the server, which the text of the driver's error omits.
fn failure(error: tokio_postgres::Error) -> chatkeep_bench_protocol::Failure {
    match error.as_db_error() {
        Some(error) => error.message().to_owned().into(),
        None => error.into(),
    }
}
