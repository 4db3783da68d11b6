//! PostgreSQL: many rows are stored with `UNNEST`, as recommended in the FAQ of sqlx.

use std::collections::BTreeMap;

use chatkeep_bench_protocol::{Engine, Ready, Result, Setup};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::types::chrono::NaiveDateTime;

use crate::{Message, Pool, metadata, now, ready};

#[derive(Clone)]
pub(crate) struct PostgreSql(PgPool);

impl Pool for PostgreSql {
    async fn open(setup: &Setup) -> Result<Self> {
        let options = PgConnectOptions::new()
            .host(&setup.host)
            .port(setup.port)
            .username(&setup.user)
            .password(&setup.password)
            .database(&setup.database)
            .ssl_mode(PgSslMode::Disable);
        let connections = u32::try_from(setup.callers)?;
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .min_connections(connections)
            .test_before_acquire(false)
            .connect_with(options);
        Ok(Self(pool.await?))
    }

    async fn ready(&self) -> Result<Ready> {
        let mut durability = BTreeMap::new();
        let setting = "SELECT current_setting($1)";
        for (name, _) in Engine::PostgreSql.durable() {
            let value = sqlx::query_scalar(setting).bind(name).fetch_one(&self.0).await?;
            durability.insert((*name).to_owned(), value);
        }
        let version = sqlx::query_scalar(setting).bind("server_version").fetch_one(&self.0).await?;
        Ok(ready("postgresql", version, durability))
    }

    async fn insert(&self, setup: &Setup) -> Result<i64> {
        let row = &setup.row;
        let sql = "INSERT INTO messages (timestamp, user_message, bot_response, provider, model, \
            tokens_used, metadata) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
        let id = sqlx::query_scalar(sql)
            .bind(now())
            .bind(&row.user_message)
            .bind(&row.bot_response)
            .bind(&row.provider)
            .bind(&row.model)
            .bind(row.tokens_used)
            .bind(metadata(setup)?)
            .fetch_one(&self.0)
            .await?;
        Ok(id)
    }

    async fn insert_many(&self, setup: &Setup) -> Result<Vec<i64>> {
        let (row, count) = (&setup.row, setup.batch);
        let sql = "INSERT INTO messages (timestamp, user_message, bot_response, provider, model, \
            tokens_used, metadata) \
                   SELECT * FROM UNNEST($1::timestamp[], $2::text[], $3::text[], $4::text[], \
                   $5::text[], $6::bigint[], \
                   $7::jsonb[]) RETURNING id";
        let texts = |text: &str| vec![text.to_owned(); count];
        let ids = sqlx::query_scalar(sql)
            .bind(vec![now(); count])
            .bind(texts(&row.user_message))
            .bind(texts(&row.bot_response))
            .bind(texts(&row.provider))
            .bind(texts(&row.model))
            .bind(vec![row.tokens_used; count])
            .bind(vec![metadata(setup)?; count])
            .fetch_all(&self.0)
            .await?;
        Ok(ids)
    }

    async fn page(&self, size: i64) -> Result<Vec<Message>> {
        let sql = "SELECT id, timestamp, user_message, bot_response, provider, model, \
            tokens_used, metadata \
                   FROM messages ORDER BY timestamp DESC, id DESC LIMIT $1";
        Ok(sqlx::query_as(sql).bind(size).fetch_all(&self.0).await?)
    }

    async fn verify(&self, hash: &str) -> Result<(bool, Option<NaiveDateTime>)> {
        let sql = "SELECT is_active, expires_at FROM api_tokens WHERE token_hash = $1";
        Ok(sqlx::query_as(sql).bind(hash).fetch_one(&self.0).await?)
    }
}
