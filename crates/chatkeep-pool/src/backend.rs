//! The pool's interface to a database, a clock and a random source. The tests implement it too.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use chatkeep_core::identity::FileId;
use chatkeep_core::url::{SqliteLocation, Target};
use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Engine, Result, Role, interrupt};

use crate::settings::PoolSettings;

const IDLE_BEFORE_PING: Duration = Duration::from_secs(5);
/// For drivers that do not support [`Backend::has_ended`].
const IDLE_BEFORE_PING_UNSEEN: Duration = Duration::from_secs(1);

/// The arrangement of connections that a database needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One set of connections, each of which reads and writes.
    Server,
    /// A SQLite file: one writer, and separate readers. SQLite allows one writer at a time, and
    /// waiting in the pool's queue is fair.
    File,
    /// SQLite in memory: the data exists only as long as its one connection.
    Memory,
}

pub(crate) trait Backend: Send + Sync + 'static {
    type Connection: Send + 'static;

    fn layout(&self) -> Layout;

    fn open(&self, role: Role, connect_timeout: Duration) -> Result<Self::Connection>;

    fn ping(&self, connection: &mut Self::Connection) -> Result<()>;

    fn is_broken(&self, connection: &Self::Connection) -> bool;

    /// Returns whether the peer closed the connection while it was idle, without a round trip.
    fn has_ended(&self, _: &Self::Connection, _idle: Duration) -> bool {
        false
    }

    /// Returns the idle time after which a connection is pinged before it is used again.
    ///
    /// A firewall, a pooler or the server may have dropped it. Connections used more recently are
    /// assumed to be healthy, which saves a round trip per call.
    fn idle_before_ping(&self) -> Duration {
        IDLE_BEFORE_PING
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    /// Pauses the current thread.
    ///
    /// # Errors
    ///
    /// `Interrupted` when the caller interrupts the pause.
    fn sleep(&self, time: Duration) -> Result<()> {
        interrupt::pause(time)
    }

    /// Returns a random number in `0..1`.
    ///
    /// It is from the operating system. A fork would copy the state of a generator in this process,
    /// and all workers of a server would then recycle and retry in step.
    fn random(&self) -> f64 {
        getrandom::u32().map_or(0.5, |number| f64::from(number) / (f64::from(u32::MAX) + 1.0))
    }
}

/// The production backend: connections of `chatkeep-core`.
pub(crate) struct Database {
    url: DatabaseUrl,
    query_timeout: Duration,
    /// The SQLite file that was opened first. Connections to any other file are refused.
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
            // If two connections are opened concurrently as the first, the file may have been
            // replaced between them.
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
            // Without the ping, a server restart would go unnoticed, and the next write would have
            // an unknown outcome.
            Engine::MySql | Engine::MariaDb => IDLE_BEFORE_PING_UNSEEN,
            _ => IDLE_BEFORE_PING,
        }
    }
}
