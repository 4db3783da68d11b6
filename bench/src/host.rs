//! Servers and databases with the schema of chatkeep's migrations.

use std::panic::{self, AssertUnwindSafe};

use chatkeep::{Chatkeep, NewMessage, NewSession, NewUser};
use chatkeep_bench_protocol::{Conversation, Engine, Path, Result, Row, Setup};
use chatkeep_testkit::{Engine as TestkitEngine, Server, TestDatabase};

use crate::competitors::{message, url};
use crate::cpus::pin;

/// Number of tokens or sessions that are checked in turn.
const TOKENS: usize = 64;
/// Number of messages in the database of the path `page`.
const MESSAGES: usize = 20_000;

/// The location of the databases of an engine.
pub(crate) enum Host {
    /// SQLite files.
    Files,
    /// A private server, which is stopped when this value is dropped.
    Server(Box<Server>),
}

impl Host {
    /// Starts a durable server, on these CPUs if given. Besides the settings of the testkit, it
    /// accepts many connections, has enough memory for the data, and delays its checkpoints so that
    /// they do not disturb a round.
    pub(crate) fn open(engine: Engine, cpus: Option<&str>) -> Result<Self> {
        let settings: &[(&str, &str)] = match engine {
            Engine::Sqlite => return Ok(Self::Files),
            Engine::PostgreSql => &[
                ("max_connections", "1500"),
                ("shared_buffers", "512MB"),
                ("max_wal_size", "8GB"),
                ("checkpoint_timeout", "1h"),
            ],
            Engine::MariaDb => &[
                ("max-connections", "1500"),
                ("innodb-buffer-pool-size", "512M"),
                ("innodb-log-file-size", "1G"),
            ],
            Engine::MySql => &[
                ("max-connections", "1500"),
                ("innodb-buffer-pool-size", "512M"),
                ("innodb-redo-log-capacity", "1G"),
            ],
        };
        let start = || {
            let builder = Server::builder(testkit_engine(engine)).durable(true);
            settings
                .iter()
                .fold(builder, |builder, (name, value)| builder.setting(name, value))
                .start()
        };
        // The testkit is made for tests and panics on failures.
        let started = panic::catch_unwind(AssertUnwindSafe(start));
        let server = started.map_err(|_| format!("the {engine} server failed to start"))?;
        if let Some(cpus) = cpus {
            pin(&server, cpus)?;
        }
        Ok(Self::Server(Box::new(server)))
    }

    /// Creates an empty database.
    pub(crate) fn create(&self) -> Result<TestDatabase> {
        let create = || match self {
            Self::Files => TestDatabase::create(TestkitEngine::Sqlite),
            Self::Server(server) => server.create_database(),
        };
        panic::catch_unwind(AssertUnwindSafe(create))
            .map_err(|_| "creating a database failed".into())
    }

    /// Creates a database with the schema and the data that the path requires.
    pub(crate) fn prepare(
        &self,
        engine: Engine,
        path: Path,
        callers: usize,
    ) -> Result<PreparedDatabase> {
        let database = self.create()?;
        let mut setup = Setup { path, callers, ..setup_of(engine, &database)? };
        let chat = Chatkeep::builder().url(url(&setup)).open()?;
        chat.database().upgrade()?;
        match path {
            Path::Log | Path::Bulk => {}
            Path::Turn => setup.conversations = conversations(&chat, &database, callers)?,
            Path::Session => {
                for number in 0..TOKENS {
                    let user = NewUser::with_email(format!("user{number}@example.com"));
                    let user = chat.users().create_user(&user)?;
                    let created =
                        chat.sessions().create_session(&NewSession::new(user.public_id))?;
                    setup.sessions.push(created.secret.expose().to_owned());
                }
            }
            Path::Verify => {
                for _ in 0..TOKENS {
                    let created = chat.tokens().create_token("for the benchmark", None)?;
                    setup.tokens.push(created.token.expose().to_owned());
                }
            }
            Path::Page => {
                let batch: Vec<NewMessage> = vec![message(&setup.row)?; setup.batch];
                for _ in 0..MESSAGES / setup.batch {
                    chat.messages().log_messages(&batch)?;
                }
                // Statistics that a server collects over time, so that its plans are those of a
                // table in use.
                database.execute(match engine {
                    Engine::Sqlite | Engine::PostgreSql => "ANALYZE",
                    Engine::MariaDb | Engine::MySql => "ANALYZE TABLE messages",
                });
            }
        }
        chat.close(std::time::Duration::from_secs(30))?;
        Ok(PreparedDatabase { database, setup })
    }
}

/// Creates `count` conversations of one user.
fn conversations(
    chat: &Chatkeep,
    database: &TestDatabase,
    count: usize,
) -> Result<Vec<Conversation>> {
    let user = chat.users().create_user(&NewUser::with_email("user@example.com"))?;
    let user_id = database.scalar("SELECT id FROM chat_users").ok_or("the user is missing")?;
    let mut conversations = Vec::new();
    for _ in 0..count {
        let created =
            chat.conversations().create_conversation(Some(&user.public_id), None, None, None)?;
        conversations.push(Conversation {
            id: created.id,
            public_id: created.public_id,
            user_id: user_id.parse()?,
        });
    }
    Ok(conversations)
}

/// A database and the setup of its competitors.
pub(crate) struct PreparedDatabase {
    pub(crate) database: TestDatabase,
    pub(crate) setup: Setup,
}

/// Returns a setup with the address of this database.
pub(crate) fn setup_of(engine: Engine, database: &TestDatabase) -> Result<Setup> {
    let mut setup = Setup { engine, ..example_setup() };
    if engine == Engine::Sqlite {
        setup.file = database.name().to_owned();
    } else {
        (setup.user, setup.password) =
            account(database.url()).ok_or("the URL of the testkit has no account")?;
        database.name().clone_into(&mut setup.database);
        setup.port = database.port();
    }
    Ok(setup)
}

fn testkit_engine(engine: Engine) -> TestkitEngine {
    match engine {
        Engine::Sqlite => TestkitEngine::Sqlite,
        Engine::PostgreSql => TestkitEngine::PostgreSql,
        Engine::MariaDb => TestkitEngine::MariaDb,
        Engine::MySql => TestkitEngine::MySql,
    }
}

/// Returns the user and password of a URL of the testkit, which contain no escaped characters.
fn account(url: &str) -> Option<(String, String)> {
    let (user, password) = url.split_once("://")?.1.split_once('@')?.0.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Returns a setup with the values that all setups share.
pub(crate) fn example_setup() -> Setup {
    Setup {
        engine: Engine::Sqlite,
        path: Path::Log,
        callers: 1,
        file: String::new(),
        host: "127.0.0.1".to_owned(),
        port: 0,
        user: String::new(),
        password: String::new(),
        database: String::new(),
        row: Row::usual(),
        tokens: Vec::new(),
        conversations: Vec::new(),
        sessions: Vec::new(),
        batch: 1000,
        page: 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_returns_user_and_password() {
        let found = account("postgresql://chatkeep:0af@127.0.0.1:5432/x").unwrap();
        assert_eq!(found, ("chatkeep".to_owned(), "0af".to_owned()));
        assert_eq!(account("sqlite:////tmp/a.db"), None);
    }

    #[test]
    fn a_prepared_database_has_the_data_of_its_path() {
        let prepared = Host::Files.prepare(Engine::Sqlite, Path::Verify, 3).unwrap();
        assert_eq!((prepared.setup.tokens.len(), prepared.setup.callers), (TOKENS, 3));
        assert_eq!(
            prepared.database.scalar("SELECT count(*) FROM api_tokens").unwrap(),
            TOKENS.to_string()
        );
        let prepared = Host::Files.prepare(Engine::Sqlite, Path::Log, 1).unwrap();
        assert_eq!(prepared.database.scalar("SELECT count(*) FROM messages").as_deref(), Some("0"));
    }
}
