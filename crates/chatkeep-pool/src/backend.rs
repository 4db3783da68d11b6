//! What the pool needs of a database, of the clock and of chance; one implementation is real, the tests have their own.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use chatkeep_core::identity::FileId;
use chatkeep_core::url::{SqliteLocation, Target};
use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Engine, Result, Role, interruption};

use crate::settings::PoolSettings;

const IDLE_BEFORE_PING: Duration = Duration::from_secs(5);
/// Where [`Backend::has_ended`] cannot look at the network.
const IDLE_BEFORE_PING_UNSEEN: Duration = Duration::from_secs(1);

/// How a database wants its connections arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Any connection does anything: one pool for reading and writing.
    Server,
    /// A SQLite file: one writer, because SQLite has one at a time anyway and waiting in our queue is fair, and
    /// readers beside it.
    File,
    /// SQLite in memory: the data lives and dies with its one connection.
    Memory,
}

pub(crate) trait Backend: Send + Sync + 'static {
    type Connection: Send + 'static;

    fn layout(&self) -> Layout;

    fn open(&self, role: Role, connect_timeout: Duration) -> Result<Self::Connection>;

    fn ping(&self, connection: &mut Self::Connection) -> Result<()>;

    fn is_broken(&self, connection: &Self::Connection) -> bool;

    /// Whether the peer is seen to have hung up while the connection was idle for this long, without asking it.
    fn has_ended(&self, _: &Self::Connection, _idle: Duration) -> bool {
        false
    }

    /// A connection that was idle for longer than this is checked before it is used again: a firewall, a pooler or the
    /// server may have dropped it. A connection that was used more recently is taken as sound, which saves a round
    /// trip for each call.
    fn idle_before_ping(&self) -> Duration {
        IDLE_BEFORE_PING
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    /// # Errors
    /// `Interrupted`.
    fn sleep(&self, time: Duration) -> Result<()> {
        interruption::pause(time)
    }

    /// A random number, at least 0 and less than 1.
    ///
    /// From the operating system, not from a generator of ours: such a generator's state would be copied by a fork,
    /// and all the workers of a server would then recycle and retry in step.
    fn random(&self) -> f64 {
        getrandom::u32().map_or(0.5, |number| f64::from(number) / (f64::from(u32::MAX) + 1.0))
    }
}

/// The real thing: connections of `chatkeep-core`.
pub(crate) struct Database {
    url: DatabaseUrl,
    query_timeout: Duration,
    /// The SQLite file that was opened first. All connections are to this file, or there are no more.
    file: OnceLock<FileId>,
}

impl Database {
    pub(crate) fn new(url: DatabaseUrl, settings: &PoolSettings) -> Self {
        Self { url, query_timeout: settings.query_timeout, file: OnceLock::new() }
    }

    pub(crate) fn file(&self) -> Option<&FileId> {
        self.file.get()
    }

    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.url
    }
}

impl Backend for Database {
    type Connection = Connection;

    fn layout(&self) -> Layout {
        match self.url.target() {
            Target::Server(_) => Layout::Server,
            Target::Sqlite(target) if target.location == SqliteLocation::Memory => Layout::Memory,
            Target::Sqlite(_) => Layout::File,
        }
    }

    fn open(&self, role: Role, connect_timeout: Duration) -> Result<Connection> {
        let options = ConnectOptions { connect_timeout, query_timeout: self.query_timeout };
        let connection = Connection::open_expecting(&self.url, role, &options, self.file.get())?;
        if let Some(file) = connection.file_id() {
            // Of two connections that were first at the same time, one may have met another file.
            if self.file.get_or_init(|| file.clone()) != file {
                return self.open(role, connect_timeout);
            }
        }
        Ok(connection)
    }

    fn ping(&self, connection: &mut Connection) -> Result<()> {
        connection.ping()
    }

    fn is_broken(&self, connection: &Connection) -> bool {
        connection.is_broken()
    }

    fn has_ended(&self, connection: &Connection, idle: Duration) -> bool {
        connection.has_ended(idle)
    }

    fn idle_before_ping(&self) -> Duration {
        match self.url.engine() {
            // Nothing else would show that the server has restarted, and a write would be of unknown outcome.
            Engine::MySql | Engine::MariaDb => IDLE_BEFORE_PING_UNSEEN,
            _ => IDLE_BEFORE_PING,
        }
    }
}
