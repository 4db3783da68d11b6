//! tokio-postgres with prepared statements and one connection per caller.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use ::tokio::runtime::Runtime;
use ::tokio_postgres::{Client, Config, NoTls, Statement};
use chatkeep_bench_protocol::{
    Competitor, Conversation, Engine, Outcome, Path, Ready, Result, Row, Setup, Tally, outcome,
};
use futures_util::SinkExt;

use super::{current_time, ensure, linked, runtime, stored_hash};

const INSERT: &str = "INSERT INTO messages (timestamp, user_message, bot_response, provider, \
    model, tokens_used, metadata) \
     VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb) RETURNING id";
const INSERT_MANY: &str = "INSERT INTO messages (timestamp, user_message, bot_response, provider, \
    model, tokens_used, metadata) \
     SELECT t, u, b, p, m, n, j::jsonb FROM unnest($1::timestamp[], $2::text[], $3::text[], \
     $4::text[], $5::text[], \
     $6::bigint[], $7::text[]) AS input (t, u, b, p, m, n, j) RETURNING id";
const COPY: &str = "COPY messages (timestamp, user_message, bot_response, provider, model, \
    tokens_used, metadata) FROM STDIN";
const PAGE: &str = "SELECT id, timestamp, user_message, bot_response, provider, model, \
    tokens_used, metadata::text \
     FROM messages ORDER BY timestamp DESC, id DESC LIMIT $1";
const VERIFY: &str = "SELECT is_active, expires_at FROM api_tokens WHERE token_hash = $1";
const INSERT_TURN: &str = "INSERT INTO messages (timestamp, user_message, bot_response, provider, \
    model, tokens_used, metadata, conversation_id, user_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9) RETURNING id";
const MOVE: &str = "UPDATE chat_conversations SET last_message_at = $1 WHERE id = $2";
const SESSION: &str = "SELECT u.active, s.expires_at FROM user_sessions s \
     JOIN chat_users u ON u.id = s.user_id \
     WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.user_stamp = u.stamp";

/// The method of storing messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum InsertMode {
    /// By path: one row per statement, or a batch in one statement.
    Rows,
    /// One caller stores as many rows at a time as there would be callers, which is the limit of
    /// shared commits.
    Groups,
    /// `COPY`, which returns no ids: the limit of bulk inserts.
    Copy,
}

pub(super) struct TokioPostgres {
    runtime: Runtime,
    callers: Vec<Caller>,
    setup: Setup,
    mode: InsertMode,
}

struct Caller {
    client: Client,
    statement: Statement,
    /// The statement that moves a conversation.
    then: Option<Statement>,
    /// Index of the next token or session, or of the caller's conversation.
    next: usize,
}

impl TokioPostgres {
    pub(super) fn open(setup: &Setup, mode: InsertMode) -> Result<Self> {
        let count = if mode == InsertMode::Groups { 1 } else { setup.callers };
        let runtime = runtime(count)?;
        let sql = match (setup.path, mode) {
            (Path::Log, InsertMode::Rows) => INSERT,
            (Path::Log | Path::Bulk, _) => INSERT_MANY,
            (Path::Page, _) => PAGE,
            (Path::Verify, _) => VERIFY,
            (Path::Turn, _) => INSERT_TURN,
            (Path::Session, _) => SESSION,
        };
        let mut callers = Vec::new();
        for next in 0..count {
            callers.push(runtime.block_on(async {
                let client = connect(setup).await?;
                let statement = client.prepare(sql).await?;
                let then = match setup.path {
                    Path::Turn => Some(client.prepare(MOVE).await?),
                    _ => None,
                };
                let caller = Caller { client, statement, then, next };
                Ok::<_, chatkeep_bench_protocol::Failure>(caller)
            })?);
        }
        Ok(Self { runtime, callers, setup: setup.clone(), mode })
    }
}

async fn connect(setup: &Setup) -> Result<Client> {
    let mut config = Config::new();
    config.host(&setup.host).port(setup.port).user(&setup.user).password(&setup.password);
    config.dbname(&setup.database).ssl_mode(::tokio_postgres::config::SslMode::Disable);
    let (client, connection) = config.connect(NoTls).await?;
    ::tokio::spawn(async move {
        // The client reports the same error.
        let _ = connection.await;
    });
    Ok(client)
}

/// Reads the settings of the server over a new connection.
pub(super) fn durability(setup: &Setup) -> Result<BTreeMap<String, String>> {
    runtime(1)?.block_on(async { settings(&connect(setup).await?).await })
}

async fn settings(client: &Client) -> Result<BTreeMap<String, String>> {
    let mut settings = BTreeMap::new();
    for (name, _) in Engine::PostgreSql.durable() {
        let row = client.query_one(&format!("SHOW {name}"), &[]).await?;
        settings.insert((*name).to_owned(), row.get(0));
    }
    Ok(settings)
}

impl Competitor for TokioPostgres {
    fn ready(&mut self) -> Result<Ready> {
        let client = &self.callers[0].client;
        let (version, durability) = self.runtime.block_on(async {
            let row = client.query_one("SHOW server_version", &[]).await?;
            Ok::<_, chatkeep_bench_protocol::Failure>((
                row.get::<_, String>(0),
                settings(client).await?,
            ))
        })?;
        let versions = BTreeMap::from([
            ("tokio-postgres".to_owned(), linked("tokio-postgres")),
            ("postgresql".to_owned(), version),
        ]);
        Ok(Ready { versions, durability })
    }

    fn round(&mut self, length: Duration) -> Result<Outcome> {
        let (setup, mode) = (self.setup.clone(), self.mode);
        let callers = std::mem::take(&mut self.callers);
        self.runtime.block_on(async {
            let start = Instant::now();
            let tasks: Vec<_> = callers
                .into_iter()
                .map(|mut caller| {
                    let setup = setup.clone();
                    ::tokio::spawn(async move {
                        let mut tally = Tally::until(start + length);
                        while tally.should_continue() {
                            caller.call(&setup, mode, &mut tally).await?;
                        }
                        Ok::<_, chatkeep_bench_protocol::Failure>((caller, tally))
                    })
                })
                .collect();
            let mut tallies = Vec::new();
            for task in tasks {
                let (caller, tally) = task.await??;
                self.callers.push(caller);
                tallies.push(tally);
            }
            Ok(outcome(start, tallies))
        })
    }
}

impl Caller {
    async fn call(&mut self, setup: &Setup, mode: InsertMode, tally: &mut Tally) -> Result<()> {
        match (setup.path, mode) {
            (Path::Log, InsertMode::Rows) => tally.stored([self.insert(&setup.row).await?]),
            (Path::Log, _) => tally.stored(self.insert_many(&setup.row, setup.callers).await?),
            (Path::Bulk, InsertMode::Copy) => {
                tally.completed(self.copy(&setup.row, setup.batch).await?)
            }
            (Path::Bulk, _) => tally.stored(self.insert_many(&setup.row, setup.batch).await?),
            (Path::Page, _) => tally.completed(self.page(setup.page).await?),
            (Path::Verify, _) => {
                self.next = (self.next + 1) % setup.tokens.len();
                ensure(self.verify(&setup.tokens[self.next]).await?, "a valid token was rejected")?;
                tally.completed(1);
            }
            (Path::Turn, _) => {
                let conversation = &setup.conversations[self.next];
                tally.stored([self.turn(&setup.row, conversation).await?]);
            }
            (Path::Session, _) => {
                self.next = (self.next + 1) % setup.sessions.len();
                let valid = self.verify(&setup.sessions[self.next]).await?;
                ensure(valid, "a valid session was rejected")?;
                tally.completed(1);
            }
        }
        Ok(())
    }

    async fn insert(&self, row: &Row) -> Result<i64> {
        let Row { user_message, bot_response, provider, model, tokens_used, metadata } = row;
        let now = SystemTime::now();
        let stored = self
            .client
            .query_one(
                &self.statement,
                &[&now, user_message, bot_response, provider, model, tokens_used, metadata],
            )
            .await?;
        Ok(stored.get(0))
    }

    async fn turn(&mut self, row: &Row, conversation: &Conversation) -> Result<i64> {
        let Row { user_message, bot_response, provider, model, tokens_used, metadata } = row;
        let now = SystemTime::now();
        let then = self.then.clone().ok_or("the statement is missing")?;
        let transaction = self.client.transaction().await?;
        let stored = transaction
            .query_one(
                &self.statement,
                &[
                    &now,
                    user_message,
                    bot_response,
                    provider,
                    model,
                    tokens_used,
                    metadata,
                    &conversation.id,
                    &conversation.user_id,
                ],
            )
            .await?;
        transaction.execute(&then, &[&now, &conversation.id]).await?;
        transaction.commit().await?;
        Ok(stored.get(0))
    }

    async fn insert_many(&self, row: &Row, count: usize) -> Result<Vec<i64>> {
        let texts = |text: &'_ str| vec![text.to_owned(); count];
        let stored = self
            .client
            .query(
                &self.statement,
                &[
                    &vec![SystemTime::now(); count],
                    &texts(&row.user_message),
                    &texts(&row.bot_response),
                    &texts(&row.provider),
                    &texts(&row.model),
                    &vec![row.tokens_used; count],
                    &texts(&row.metadata),
                ],
            )
            .await?;
        Ok(stored.iter().map(|row| row.get(0)).collect())
    }

    async fn copy(&self, row: &Row, count: usize) -> Result<usize> {
        let Row { user_message, bot_response, provider, model, tokens_used, metadata } = row;
        let now = current_time();
        // None of these texts contains a character that the text format of COPY escapes.
        let line = format!(
            "{now}\t{user_message}\t{bot_response}\t{provider}\t{model}\t{tokens_used}\t\
             {metadata}\n"
        );
        let sink = self.client.copy_in(COPY).await?;
        let mut sink = std::pin::pin!(sink);
        sink.send(std::io::Cursor::new(line.repeat(count).into_bytes())).await?;
        let stored = usize::try_from(sink.finish().await?)?;
        ensure(stored == count, "COPY stored an unexpected number of rows")?;
        Ok(stored)
    }

    async fn page(&self, size: usize) -> Result<usize> {
        let rows = self.client.query(&self.statement, &[&i64::try_from(size)?]).await?;
        let mut page = Vec::with_capacity(size);
        for row in &rows {
            let metadata: Option<&str> = row.get(7);
            let metadata: serde_json::Value = serde_json::from_str(metadata.unwrap_or("null"))?;
            page.push((
                row.get::<_, i64>(0),
                row.get::<_, SystemTime>(1),
                row.get::<_, String>(2),
                row.get::<_, Option<String>>(3),
                row.get::<_, Option<String>>(4),
                row.get::<_, Option<String>>(5),
                row.get::<_, Option<i64>>(6),
                metadata,
            ));
        }
        ensure(page[0].7.is_object(), "the page has no metadata")?;
        Ok(std::hint::black_box(page).len())
    }

    async fn verify(&self, token: &str) -> Result<bool> {
        let row = self.client.query_one(&self.statement, &[&stored_hash(token)]).await?;
        let (active, expires): (bool, Option<SystemTime>) = (row.get(0), row.get(1));
        Ok(active && expires.is_none_or(|end| SystemTime::now() < end))
    }
}
