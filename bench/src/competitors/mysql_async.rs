//! mysql_async with its cache of prepared statements and one connection per caller.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ::mysql_async::prelude::Queryable;
use ::mysql_async::{Conn, OptsBuilder, Params, TxOpts, Value};
use ::tokio::runtime::Runtime;
use chatkeep_bench_protocol::{
    Competitor, Conversation, Engine, Outcome, Path, Ready, Result, Row, Setup, Tally, outcome,
};

use super::{current_time, ensure, linked, runtime, stored_hash};

const INTO: &str = "INSERT INTO messages (timestamp, user_message, bot_response, provider, model, \
    tokens_used, metadata) VALUES ";
const VALUES: &str = "(?, ?, ?, ?, ?, ?, ?)";
const PAGE: &str = "SELECT id, timestamp, user_message, bot_response, provider, model, \
    tokens_used, metadata \
     FROM messages ORDER BY timestamp DESC, id DESC LIMIT ?";
const VERIFY: &str = "SELECT is_active, expires_at FROM api_tokens WHERE token_hash = ?";
const INSERT_TURN: &str = "INSERT INTO messages (timestamp, user_message, bot_response, provider, \
    model, tokens_used, metadata, conversation_id, user_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
const MOVE: &str = "UPDATE chat_conversations SET last_message_at = ? WHERE id = ?";
const SESSION: &str = "SELECT u.active AND s.expires_at > UTC_TIMESTAMP(6), NULL \
     FROM user_sessions s \
     JOIN chat_users u ON u.id = s.user_id \
     WHERE s.token_hash = ? AND s.revoked_at IS NULL AND s.user_stamp = u.stamp";

pub(super) struct MysqlAsync {
    runtime: Runtime,
    callers: Vec<Caller>,
    setup: Setup,
    /// One caller stores as many rows at a time as there would be callers, which is the limit of
    /// shared commits.
    groups: bool,
}

struct Caller {
    connection: Conn,
    /// Index of the next token or session, or of the caller's conversation.
    next: usize,
    /// The insert of several rows and their number.
    many: (String, usize),
}

impl MysqlAsync {
    pub(super) fn open(setup: &Setup, groups: bool) -> Result<Self> {
        let count = if groups { 1 } else { setup.callers };
        let runtime = runtime(count)?;
        let rows = if groups { setup.callers } else { setup.batch };
        let many = (format!("{INTO}{}", vec![VALUES; rows].join(", ")), rows);
        let mut callers = Vec::new();
        for next in 0..count {
            let connection = runtime.block_on(connect(setup))?;
            callers.push(Caller { connection, next, many: many.clone() });
        }
        Ok(Self { runtime, callers, setup: setup.clone(), groups })
    }
}

async fn connect(setup: &Setup) -> Result<Conn> {
    let options = OptsBuilder::default()
        .ip_or_hostname(&setup.host)
        .tcp_port(setup.port)
        .user(Some(&setup.user))
        .pass(Some(&setup.password))
        .db_name(Some(&setup.database))
        .prefer_socket(false)
        .init(vec!["SET NAMES utf8mb4"]);
    Ok(Conn::new(options).await?)
}

/// Reads the settings of the server over a new connection.
pub(super) fn durability(setup: &Setup) -> Result<BTreeMap<String, String>> {
    runtime(1)?.block_on(async { settings(&mut connect(setup).await?).await })
}

async fn settings(connection: &mut Conn) -> Result<BTreeMap<String, String>> {
    let mut settings = BTreeMap::new();
    for (name, _) in Engine::MySql.durable() {
        let sql = format!("SHOW VARIABLES LIKE '{name}'");
        let row: Option<(String, String)> = connection.query_first(sql).await?;
        settings.extend(row);
    }
    Ok(settings)
}

impl Competitor for MysqlAsync {
    fn ready(&mut self) -> Result<Ready> {
        let connection = &mut self.callers[0].connection;
        let (version, durability) = self.runtime.block_on(async {
            let version: Option<String> = connection.query_first("SELECT VERSION()").await?;
            Ok::<_, chatkeep_bench_protocol::Failure>((
                version.unwrap_or_default(),
                settings(connection).await?,
            ))
        })?;
        let versions = BTreeMap::from([
            ("mysql_async".to_owned(), linked("mysql_async")),
            (self.setup.engine.name().to_owned(), version),
        ]);
        Ok(Ready { versions, durability })
    }

    fn round(&mut self, length: Duration) -> Result<Outcome> {
        let (setup, groups) = (self.setup.clone(), self.groups);
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
                            caller.call(&setup, groups, &mut tally).await?;
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
    async fn call(&mut self, setup: &Setup, groups: bool, tally: &mut Tally) -> Result<()> {
        match setup.path {
            Path::Log if !groups => tally.stored([self.insert(&setup.row).await?]),
            Path::Log | Path::Bulk => tally.stored(self.insert_many(&setup.row).await?),
            Path::Page => tally.completed(self.page(setup.page).await?),
            Path::Verify => {
                self.next = (self.next + 1) % setup.tokens.len();
                let valid = self.is_valid(VERIFY, &setup.tokens[self.next]).await?;
                ensure(valid, "a valid token was rejected")?;
                tally.completed(1);
            }
            Path::Turn => {
                let conversation = &setup.conversations[self.next];
                tally.stored([self.turn(&setup.row, conversation).await?]);
            }
            Path::Session => {
                self.next = (self.next + 1) % setup.sessions.len();
                let valid = self.is_valid(SESSION, &setup.sessions[self.next]).await?;
                ensure(valid, "a valid session was rejected")?;
                tally.completed(1);
            }
        }
        Ok(())
    }

    async fn insert(&mut self, row: &Row) -> Result<i64> {
        let sql = format!("{INTO}{VALUES}");
        self.connection.exec_drop(sql, Params::Positional(values(row))).await?;
        self.first_id()
    }

    async fn turn(&mut self, row: &Row, conversation: &Conversation) -> Result<i64> {
        let mut values = values(row);
        let now = values[0].clone();
        values.extend([conversation.id.into(), conversation.user_id.into()]);
        let mut transaction = self.connection.start_transaction(TxOpts::default()).await?;
        transaction.exec_drop(INSERT_TURN, Params::Positional(values)).await?;
        let id = transaction.last_insert_id().ok_or("the insert returned no id")?;
        transaction.exec_drop(MOVE, (now, conversation.id)).await?;
        transaction.commit().await?;
        Ok(i64::try_from(id)?)
    }

    /// Inserts several rows, whose ids are consecutive.
    async fn insert_many(&mut self, row: &Row) -> Result<std::ops::Range<i64>> {
        let (sql, count) = &self.many;
        let values = vec![values(row); *count].concat();
        self.connection.exec_drop(sql.as_str(), Params::Positional(values)).await?;
        let (first, count) = (self.first_id()?, i64::try_from(*count)?);
        Ok(first..first + count)
    }

    fn first_id(&self) -> Result<i64> {
        Ok(i64::try_from(self.connection.last_insert_id().ok_or("the insert returned no id")?)?)
    }

    async fn page(&mut self, size: usize) -> Result<usize> {
        type Message = (
            i64,
            Value,
            String,
            Option<String>,
            Option<String>,
            Option<String>,
            Option<i64>,
            Option<String>,
        );
        let rows: Vec<Message> = self.connection.exec(PAGE, (size,)).await?;
        let mut page = Vec::with_capacity(size);
        for row in rows {
            let metadata: serde_json::Value =
                serde_json::from_str(row.7.as_deref().unwrap_or("null"))?;
            page.push((row, metadata));
        }
        ensure(page[0].1.is_object(), "the page has no metadata")?;
        Ok(std::hint::black_box(page).len())
    }

    /// Runs a query that returns whether a token or a session is valid at this time, and the expiry
    /// of a token. Tokens of the benchmark have none.
    async fn is_valid(&mut self, sql: &str, secret: &str) -> Result<bool> {
        let row: Option<(bool, Option<Value>)> =
            self.connection.exec_first(sql, (stored_hash(secret),)).await?;
        let (active, expires) = row.ok_or("the token or session does not exist")?;
        Ok(active && expires.is_none())
    }
}

fn values(row: &Row) -> Vec<Value> {
    vec![
        current_time().into(),
        row.user_message.as_str().into(),
        row.bot_response.as_str().into(),
        row.provider.as_str().into(),
        row.model.as_str().into(),
        row.tokens_used.into(),
        row.metadata.as_str().into(),
    ]
}
