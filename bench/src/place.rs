//! Servers and databases, with the schema that chatkeep's own migrations make.

use std::panic::{self, AssertUnwindSafe};

use chatkeep::{Chatkeep, NewMessage};
use chatkeep_contest::{Engine, Path, Result, Row, Setup};
use chatkeep_testkit::{Engine as KitEngine, Server, TestDatabase};

use crate::contestants::{message, url};
use crate::cpus::pin;

/// Tokens that are checked in turn.
const TOKENS: usize = 64;
/// Messages that a page is taken from.
const MESSAGES: usize = 20_000;

/// Where databases of an engine are made.
pub(crate) enum Place {
    /// In files.
    Files,
    /// On a server of our own, which goes with this value.
    Server(Box<Server>),
}

impl Place {
    /// A durable server. Beside the kit's settings it takes many connections, has memory for what is written here, and puts
    /// its checkpoints off, so that they fall into nobody's round. It runs on these CPUs, if they are told.
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
            let builder = Server::builder(kit(engine)).durable(true);
            settings
                .iter()
                .fold(builder, |builder, (name, value)| builder.setting(name, value))
                .start()
        };
        // The kit is made for tests, and panics.
        let started = panic::catch_unwind(AssertUnwindSafe(start));
        let server = started.map_err(|_| format!("the {engine} server could not be started"))?;
        if let Some(cpus) = cpus {
            pin(&server, cpus)?;
        }
        Ok(Self::Server(Box::new(server)))
    }

    /// An empty database.
    pub(crate) fn create(&self) -> Result<TestDatabase> {
        let create = || match self {
            Self::Files => TestDatabase::create(KitEngine::Sqlite),
            Self::Server(server) => server.create_database(),
        };
        panic::catch_unwind(AssertUnwindSafe(create))
            .map_err(|_| "no database could be made".into())
    }

    /// A database with the schema and, for the paths that read, with what is read.
    pub(crate) fn furnish(&self, engine: Engine, path: Path, callers: usize) -> Result<Room> {
        let database = self.create()?;
        let mut setup = Setup { path, callers, ..setup_of(engine, &database)? };
        let chat = Chatkeep::builder().url(url(&setup)).open()?;
        chat.database().upgrade()?;
        match path {
            Path::Log | Path::Bulk => {}
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
                // What a server finds out by itself in time, so that its plan is that of a table that is in use.
                database.execute(match engine {
                    Engine::Sqlite | Engine::PostgreSql => "ANALYZE",
                    Engine::MariaDb | Engine::MySql => "ANALYZE TABLE messages",
                });
            }
        }
        chat.close(std::time::Duration::from_secs(30))?;
        Ok(Room { database, setup })
    }
}

/// A database, and what a contestant is told of it.
pub(crate) struct Room {
    pub(crate) database: TestDatabase,
    pub(crate) setup: Setup,
}

/// How this database is reached.
pub(crate) fn setup_of(engine: Engine, database: &TestDatabase) -> Result<Setup> {
    let mut setup = Setup { engine, ..example_setup() };
    if engine == Engine::Sqlite {
        setup.file = database.name().to_owned();
    } else {
        (setup.user, setup.password) =
            account(database.url()).ok_or("the kit's URL has no account")?;
        database.name().clone_into(&mut setup.database);
        setup.port = database.port();
    }
    Ok(setup)
}

fn kit(engine: Engine) -> KitEngine {
    match engine {
        Engine::Sqlite => KitEngine::Sqlite,
        Engine::PostgreSql => KitEngine::PostgreSql,
        Engine::MariaDb => KitEngine::MariaDb,
        Engine::MySql => KitEngine::MySql,
    }
}

/// User and password of the kit's URL, which have no character that would be written in another way.
fn account(url: &str) -> Option<(String, String)> {
    let (user, password) = url.split_once("://")?.1.split_once('@')?.0.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// What is the same in every setup.
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
        batch: 1000,
        page: 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_its_account() {
        let found = account("postgresql://chatkeep:0af@127.0.0.1:5432/x").unwrap();
        assert_eq!(found, ("chatkeep".to_owned(), "0af".to_owned()));
        assert_eq!(account("sqlite:////tmp/a.db"), None);
    }

    #[test]
    fn a_room_has_what_its_path_reads() {
        let room = Place::Files.furnish(Engine::Sqlite, Path::Verify, 3).unwrap();
        assert_eq!((room.setup.tokens.len(), room.setup.callers), (TOKENS, 3));
        assert_eq!(
            room.database.scalar("SELECT count(*) FROM api_tokens").unwrap(),
            TOKENS.to_string()
        );
        let room = Place::Files.furnish(Engine::Sqlite, Path::Log, 1).unwrap();
        assert_eq!(room.database.scalar("SELECT count(*) FROM messages").as_deref(), Some("0"));
    }
}
