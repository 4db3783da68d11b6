//! MariaDB and MySQL, which return the first id of an insert.

use std::collections::BTreeMap;

use chatkeep_bench_protocol::{Engine, Ready, Result, Setup};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlSslMode};
use sqlx::types::chrono::NaiveDateTime;
use sqlx::{MySqlPool, QueryBuilder};

use crate::{INTO, Message, Pool, metadata, now, ready};

#[derive(Clone)]
pub(crate) struct MySql(MySqlPool, Engine);

impl Pool for MySql {
    async fn open(setup: &Setup) -> Result<Self> {
        let options = MySqlConnectOptions::new()
            .host(&setup.host)
            .port(setup.port)
            .username(&setup.user)
            .password(&setup.password)
            .database(&setup.database)
            .ssl_mode(MySqlSslMode::Disabled);
        let connections = u32::try_from(setup.callers)?;
        let pool = MySqlPoolOptions::new()
            .max_connections(connections)
            .min_connections(connections)
            .test_before_acquire(false)
            .connect_with(options);
        Ok(Self(pool.await?, setup.engine))
    }

    async fn ready(&self) -> Result<Ready> {
        let mut durability = BTreeMap::new();
        let flush = sqlx::query_scalar("SELECT CAST(@@innodb_flush_log_at_trx_commit AS CHAR)");
        durability
            .insert("innodb_flush_log_at_trx_commit".to_owned(), flush.fetch_one(&self.0).await?);
        let doublewrite = sqlx::query_scalar("SELECT CAST(@@innodb_doublewrite AS CHAR)");
        durability.insert("innodb_doublewrite".to_owned(), doublewrite.fetch_one(&self.0).await?);
        let version = sqlx::query_scalar("SELECT VERSION()").fetch_one(&self.0).await?;
        Ok(ready(self.1.name(), version, durability))
    }

    async fn insert(&self, setup: &Setup) -> Result<i64> {
        let row = &setup.row;
        let sql = "INSERT INTO messages (timestamp, user_message, bot_response, provider, model, \
            tokens_used, metadata) \
                   VALUES (?, ?, ?, ?, ?, ?, ?)";
        let result = sqlx::query(sql)
            .bind(now())
            .bind(&row.user_message)
            .bind(&row.bot_response)
            .bind(&row.provider)
            .bind(&row.model)
            .bind(row.tokens_used)
            .bind(metadata(setup)?)
            .execute(&self.0)
            .await?;
        Ok(i64::try_from(result.last_insert_id())?)
    }

    async fn insert_many(&self, setup: &Setup) -> Result<Vec<i64>> {
        let row = &setup.row;
        let metadata = metadata(setup)?;
        let mut builder = QueryBuilder::new(INTO);
        builder.push_values(0..setup.batch, |mut values, _| {
            values
                .push_bind(now())
                .push_bind(&row.user_message)
                .push_bind(&row.bot_response)
                .push_bind(&row.provider)
                .push_bind(&row.model)
                .push_bind(row.tokens_used)
                .push_bind(metadata.clone());
        });
        let result = builder.build().execute(&self.0).await?;
        let first = i64::try_from(result.last_insert_id())?;
        Ok((first..).take(setup.batch).collect())
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
