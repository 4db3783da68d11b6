//! SQLite: the pool has one connection when messages are logged, because only one connection can
//! write at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use chatkeep_bench_protocol::{Path, Ready, Result, Setup};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::types::chrono::NaiveDateTime;
use sqlx::{QueryBuilder, SqlitePool};

use crate::{INTO, Message, Pool, metadata, now, ready};

#[derive(Clone)]
pub(crate) struct Sqlite(SqlitePool);

/// Returns the current time in the stored format; the `chrono` format of sqlx has a `T` and a
/// variable number of digits.
fn current_time() -> String {
    now().format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

impl Pool for Sqlite {
    async fn open(setup: &Setup) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(&setup.file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(30));
        let connections = if setup.path == Path::Log { 1 } else { u32::try_from(setup.callers)? };
        let pool =
            SqlitePoolOptions::new().max_connections(connections).connect_with(options).await?;
        Ok(Self(pool))
    }

    async fn ready(&self) -> Result<Ready> {
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&self.0).await?;
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&self.0).await?;
        let version: String =
            sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&self.0).await?;
        let durability = BTreeMap::from([
            ("journal_mode".to_owned(), journal),
            ("synchronous".to_owned(), synchronous.to_string()),
        ]);
        Ok(ready("sqlite", version, durability))
    }

    async fn insert(&self, setup: &Setup) -> Result<i64> {
        let row = &setup.row;
        let sql = "INSERT INTO messages (timestamp, user_message, bot_response, provider, model, \
            tokens_used, metadata) \
                   VALUES (?, ?, ?, ?, ?, ?, ?)";
        let result = sqlx::query(sql)
            .bind(current_time())
            .bind(&row.user_message)
            .bind(&row.bot_response)
            .bind(&row.provider)
            .bind(&row.model)
            .bind(row.tokens_used)
            .bind(metadata(setup)?)
            .execute(&self.0)
            .await?;
        Ok(result.last_insert_rowid())
    }

    async fn insert_many(&self, setup: &Setup) -> Result<Vec<i64>> {
        let row = &setup.row;
        let metadata = metadata(setup)?;
        let mut builder = QueryBuilder::new(INTO);
        builder.push_values(0..setup.batch, |mut values, _| {
            values
                .push_bind(current_time())
                .push_bind(&row.user_message)
                .push_bind(&row.bot_response)
                .push_bind(&row.provider)
                .push_bind(&row.model)
                .push_bind(row.tokens_used)
                .push_bind(metadata.clone());
        });
        builder.push(" RETURNING id");
        Ok(builder.build_query_scalar().fetch_all(&self.0).await?)
    }

    async fn page(&self, size: i64) -> Result<Vec<Message>> {
        let sql = "SELECT id, timestamp, user_message, bot_response, provider, model, \
            tokens_used, metadata \
                   FROM messages ORDER BY timestamp DESC, id DESC LIMIT ?";
        Ok(sqlx::query_as(sql).bind(size).fetch_all(&self.0).await?)
    }

    async fn verify(&self, hash: &str) -> Result<(bool, Option<NaiveDateTime>)> {
        let sql = "SELECT is_active, expires_at FROM api_tokens WHERE token_hash = ?";
        Ok(sqlx::query_as(sql).bind(hash).fetch_one(&self.0).await?)
    }
}
