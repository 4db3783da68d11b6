//! chatkeep through its facade, with one thread per caller.

use std::collections::BTreeMap;
use std::time::Duration;

use ::chatkeep::url::{Synchronous, Target};
use ::chatkeep::{Chatkeep, DatabaseUrl, MessageFilter, Metadata, NewMessage, NewTurn, Page};
use chatkeep_bench_protocol::{
    Competitor, Engine, Outcome, Path, Ready, Result, Row, Setup, run_threads,
};

use super::{ensure, mysql_async, tokio_postgres};

/// Number of checks per timing, because cached checks are too short to be timed individually.
const CHECKS: usize = 100;
/// Size of the connection pool. Threads that log share one connection anyway.
const POOL: u32 = 8;

pub(super) struct Facade {
    pub(super) chat: Chatkeep,
    setup: Setup,
    cached: bool,
}

impl Facade {
    /// Opens chatkeep with its default settings except for TLS, which no competitor uses, and the
    /// token cache.
    pub(super) fn open(setup: &Setup, token_cache: Option<Duration>) -> Result<Self> {
        let mut builder = Chatkeep::builder().url(url(setup)).pool_size(POOL);
        if let Some(lifetime) = token_cache {
            builder = builder.token_cache(lifetime);
        }
        let chat = builder.open()?;
        chat.database().wait_until_ready()?;
        Ok(Self { chat, setup: setup.clone(), cached: token_cache.is_none() })
    }
}

/// Returns the URL of the database for chatkeep.
pub(crate) fn url(setup: &Setup) -> String {
    let Setup { engine, file, host, port, user, password, database, .. } = setup;
    match engine {
        Engine::Sqlite => format!("sqlite:///{file}"),
        _ => format!(
            "{}://{user}:{password}@{host}:{port}/{database}?sslmode=disable",
            engine.name()
        ),
    }
}

/// Returns the message that all competitors log.
pub(crate) fn message(row: &Row) -> Result<NewMessage> {
    Ok(NewMessage::new(row.user_message.as_str())
        .with_response(row.bot_response.as_str())
        .with_provider(row.provider.as_str())
        .with_model(row.model.as_str())
        .with_tokens_used(row.tokens_used)
        .with_metadata(Metadata::parse(&row.metadata)?))
}

/// Returns the turn that all competitors store: the same message.
pub(crate) fn turn(row: &Row) -> Result<NewTurn> {
    Ok(NewTurn {
        tokens_used: Some(row.tokens_used),
        metadata: Some(Metadata::parse(&row.metadata)?),
        ..NewTurn::new(row.user_message.as_str())
            .with_response(row.bot_response.as_str())
            .with_provider(row.provider.as_str())
            .with_model(row.model.as_str())
    })
}

impl Competitor for Facade {
    fn ready(&mut self) -> Result<Ready> {
        let health = self.chat.database().health()?;
        let durability = match self.setup.engine {
            Engine::Sqlite => self.file_durability()?,
            // chatkeep does not expose its sessions, so these are settings of the server. The
            // flushes are counted as well.
            Engine::PostgreSql => tokio_postgres::durability(&self.setup)?,
            Engine::MariaDb | Engine::MySql => mysql_async::durability(&self.setup)?,
        };
        let versions = BTreeMap::from([
            ("chatkeep".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            (self.setup.engine.name().to_owned(), health.server_version),
        ]);
        Ok(Ready { versions, durability })
    }

    fn round(&mut self, length: Duration) -> Result<Outcome> {
        let setup = &self.setup;
        let logger = self.chat.messages();
        let mut handles: Vec<usize> = (0..setup.callers).collect();
        match setup.path {
            Path::Log => {
                let message = message(&setup.row)?;
                run_threads(&mut handles, length, |_, tally| {
                    tally.stored([logger.log_message(&message)?]);
                    Ok(())
                })
            }
            Path::Bulk => {
                let batch = vec![message(&setup.row)?; setup.batch];
                run_threads(&mut handles, length, |_, tally| {
                    tally.stored(logger.log_messages(&batch)?);
                    Ok(())
                })
            }
            Path::Page => {
                let page = Page::first(i64::try_from(setup.page)?);
                run_threads(&mut handles, length, |_, tally| {
                    let messages = logger.get_messages(&MessageFilter::default(), &page)?;
                    ensure(messages[0].metadata.is_some(), "the page has no metadata")?;
                    tally.completed(messages.len());
                    Ok(())
                })
            }
            Path::Verify => {
                let tokens = self.chat.tokens();
                let checks = if self.cached { CHECKS } else { 1 };
                run_threads(&mut handles, length, |next, tally| {
                    for _ in 0..checks {
                        *next = (*next + 1) % setup.tokens.len();
                        ensure(
                            tokens.verify_token(&setup.tokens[*next])?,
                            "a valid token was rejected",
                        )?;
                        tally.completed(1);
                    }
                    Ok(())
                })
            }
            Path::Turn => {
                let (conversations, turn) = (self.chat.conversations(), turn(&setup.row)?);
                run_threads(&mut handles, length, |caller, tally| {
                    let conversation = &setup.conversations[*caller].public_id;
                    tally.stored([conversations.append_turn(conversation, &turn)?]);
                    Ok(())
                })
            }
            Path::Session => {
                let sessions = self.chat.sessions();
                let checks = if self.cached { CHECKS } else { 1 };
                run_threads(&mut handles, length, |next, tally| {
                    for _ in 0..checks {
                        *next = (*next + 1) % setup.sessions.len();
                        let valid = sessions.verify_session(&setup.sessions[*next])?;
                        ensure(valid, "a valid session was rejected")?;
                        tally.completed(1);
                    }
                    Ok(())
                })
            }
        }
    }
}

impl Facade {
    /// Reads the durability settings of the file. The journal mode belongs to the file.
    /// `synchronous` belongs to each connection, so it is read from the URL; the flush counter of
    /// the disk proves that it is applied.
    fn file_durability(&self) -> Result<BTreeMap<String, String>> {
        let connection = ::rusqlite::Connection::open(&self.setup.file)?;
        let journal = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        let synchronous = match DatabaseUrl::parse(&url(&self.setup))?.target() {
            Target::Sqlite(target) if target.synchronous == Synchronous::Full => "2",
            _ => "less than 2",
        };
        Ok(BTreeMap::from([
            ("journal_mode".to_owned(), journal),
            ("synchronous".to_owned(), synchronous.to_owned()),
        ]))
    }
}
