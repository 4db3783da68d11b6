//! The entry point: a handle to one database.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatkeep_core::{
    DatabaseUrl, Error, ErrorKind, Result, Secret, interrupt, migrations, transfer,
};
use chatkeep_macros::operations;
use chatkeep_pool::{Pool, PoolSettings};

use crate::asynchronous::AsyncChatkeep;
use crate::background::BlockingExecutor;
use crate::managers::{Managers, Parts};
use crate::settings::Overrides;

/// Maximum wait: one year, because a longer one may exceed the clock's range.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 86_400);

/// A handle to a chat backend's database: its messages, its tokens, and the database itself.
///
/// It is cheap to clone. Clones share one pool and may be used from any thread.
#[derive(Clone)]
pub struct Chatkeep {
    pool: Arc<Pool>,
    executor: Arc<BlockingExecutor>,
    pub(crate) managers: Managers,
}

/// The database of a chat backend: users, sessions, tokens, conversations, messages.
///
/// The first call connects, and creates or upgrades the schema. Settings that are not passed are
/// read from the environment.
#[operations(name = "store")]
impl Chatkeep {
    /// Creates a handle to the database at this URL, with all other settings from the environment.
    /// It does not connect yet.
    ///
    /// ```
    /// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// assert_eq!(chat.messages().get_message_count(&Default::default())?, 0);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Configuration` when the URL or a setting is invalid.
    pub fn open(url: &str) -> Result<Self> {
        Self::builder().url(url).open()
    }

    /// Creates a handle to the database that `DATABASE_URL` (or `DB_TYPE`, `DB_HOST`, …) names, or
    /// to the SQLite file `db/chatkeep.db` if neither is set. It does not connect yet.
    ///
    /// # Errors
    /// `Configuration` when a variable is invalid.
    pub fn from_environment() -> Result<Self> {
        Self::builder().open()
    }

    /// Returns a builder, to create a handle with explicit settings.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let chat = chatkeep::Chatkeep::builder()
    ///     .url("sqlite:///:memory:")
    ///     .pool_size(5)
    ///     .pool_timeout(Duration::from_secs(2))
    ///     .open()?;
    /// assert_eq!(chat.database().engine(), chatkeep::Engine::Sqlite);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    pub fn builder() -> ChatkeepBuilder {
        ChatkeepBuilder::default()
    }

    /// Returns a handle whose calls are awaited instead of blocking, on any executor.
    #[must_use]
    pub fn asynchronous(&self) -> AsyncChatkeep {
        AsyncChatkeep::new(self.clone())
    }

    /// Runs `work` on one of chatkeep's threads, where it may block.
    ///
    /// There are up to `DB_POOL_SIZE` threads; they start on demand and end when idle. Language
    /// bindings build their asynchronous calls on this. [`Chatkeep::flush`], [`Chatkeep::close`]
    /// and a normal exit of the process wait for the work.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use std::sync::mpsc;
    ///
    /// let (sender, receiver) = mpsc::channel();
    /// chat.submit(move |chat| {
    ///     let _ = sender.send(chat.messages().get_message_count(&Default::default()));
    /// })?;
    /// assert_eq!(receiver.recv().expect("the work runs")?, 0);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Unavailable` after [`Chatkeep::close`], or when no thread can be started. The work does not
    /// run then.
    pub fn submit(&self, work: impl FnOnce(&Self) + Send + 'static) -> Result<()> {
        let this = self.clone();
        self.executor.submit_call(move || work(&this))
    }

    /// Waits for all operations that were submitted before.
    ///
    /// These are messages, text that was appended to streams, other asynchronous calls, and
    /// background work such as recording when tokens were last used. A message is stored when a
    /// blocking call returns.
    ///
    /// # Arguments
    /// - `timeout`: Maximum wait, in seconds.
    ///
    /// # Errors
    /// - `Unavailable`: the timeout expired. Unfinished operations continue.
    /// - `Conflict`, `PoolTimeout`, `OutcomeUnknown`, `StorageFull`, `ReadOnly`: text that was appended
    ///   to a stream could not be stored.
    #[operation(read, custom)]
    pub fn flush(&self, #[argument(default = 30.0)] timeout: Duration) -> Result<()> {
        self.wait(timeout).map_err(|error| error.with_operation("flush"))
    }

    /// Rejects new calls, waits for operations in flight, and closes all connections.
    ///
    /// Later calls fail with `Unavailable`. Tasks whose leases this process keeps are released.
    /// Closing a closed store does nothing.
    ///
    /// # Arguments
    /// - `timeout`: Maximum wait for operations in flight, in seconds.
    ///
    /// # Errors
    /// - `Unavailable`: the timeout expired. Queued messages then fail with `Unavailable`; messages
    ///   that are being written may or may not be stored.
    /// - `Conflict`, `PoolTimeout`, `OutcomeUnknown`, `StorageFull`, `ReadOnly`: text that was appended
    ///   to a stream could not be stored.
    #[operation(write, custom)]
    pub fn close(&self, #[argument(default = 30.0)] timeout: Duration) -> Result<()> {
        self.messages().write().close();
        self.streams().close();
        self.tasks().close();
        self.executor.close();
        let waited = self.wait(timeout);
        self.messages().write().reject_pending();
        self.streams().abandon();
        self.tasks().close_leases();
        self.pool.close();
        waited.map_err(|error| error.with_operation("close"))
    }

    fn wait(&self, timeout: Duration) -> Result<()> {
        let until = Instant::now() + timeout.min(LONGEST_WAIT);
        // The executor first: its operations may submit messages and append text.
        let open = self.executor.wait(until)
            + self.streams().wait(until)
            + self.messages().write().wait(until);
        if let Some(error) = self.streams().take_failure() {
            return Err(error);
        }
        if open == 0 {
            return Ok(());
        }
        if interrupt::is_interrupted() {
            let message = format!("the call was interrupted with {open} operations in flight");
            return Err(Error::new(ErrorKind::Interrupted, message));
        }
        let seconds = timeout.as_secs_f64();
        Err(Error::new(
            ErrorKind::Unavailable,
            format!("timed out after {seconds} s with {open} operations in flight"),
        ))
    }

    pub(crate) fn executor(&self) -> &Arc<BlockingExecutor> {
        &self.executor
    }
}

impl fmt::Debug for Chatkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chatkeep").field("url", self.pool.url()).finish_non_exhaustive()
    }
}

/// Settings for a [`Chatkeep`]. Unset ones are read from the environment.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ChatkeepBuilder {
    url: Option<UrlSource>,
    settings: Option<PoolSettings>,
    password_salt: Option<Secret>,
    pub(crate) overrides: Overrides,
}

#[derive(Clone)]
enum UrlSource {
    Text(String),
    Parsed(DatabaseUrl),
}

impl fmt::Debug for UrlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The position of the password is unknown before parsing.
            Self::Text(_) => f.write_str("(not parsed yet)"),
            Self::Parsed(url) => fmt::Debug::fmt(url, f),
        }
    }
}

impl ChatkeepBuilder {
    /// Sets the database's URL, as text.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(UrlSource::Text(url.into()));
        self
    }

    /// Sets the database's URL, already parsed.
    pub fn database_url(mut self, url: DatabaseUrl) -> Self {
        self.url = Some(UrlSource::Parsed(url));
        self
    }

    /// Sets all pool settings, instead of reading them from the environment.
    pub fn settings(mut self, settings: PoolSettings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Sets `PASSWORD_SALT`, the secret with which Flask-Security hashed imported passwords: its
    /// `SECURITY_PASSWORD_SALT`.
    pub fn password_salt(mut self, salt: impl Into<Secret>) -> Self {
        self.password_salt = Some(salt.into());
        self
    }

    /// Creates the handle. It does not connect yet.
    ///
    /// # Errors
    /// `Configuration` when the URL or a setting is invalid. The error's field is the setting's
    /// name, such as `pool_size`, or the environment variable, such as `DB_POOL_SIZE`.
    pub fn open(self) -> Result<Chatkeep> {
        let url = match self.url {
            Some(UrlSource::Parsed(url)) => url,
            Some(UrlSource::Text(text)) => DatabaseUrl::parse(&text)?,
            None => DatabaseUrl::from_environment()?,
        };
        let mut settings = self.settings.map_or_else(PoolSettings::from_environment, Ok)?;
        let mut manager_settings = self.overrides.managers()?;
        manager_settings.password_salt = self.password_salt.or(manager_settings.password_salt);
        self.overrides.apply(&mut settings);
        let (auto_migrate, query_timeout) = (settings.auto_migrate, settings.query_timeout);
        let pool = Pool::with_initializer(
            url,
            settings,
            Box::new(move |connection| {
                migrations::ensure(connection, auto_migrate, query_timeout)?;
                // A partial import must not be mistaken for a complete database.
                transfer::refuse_unfinished(connection)
            }),
        )?;
        let parts = Parts::new(pool, manager_settings);
        let managers = Managers::new(&parts);
        Ok(Chatkeep { pool: parts.pool, executor: parts.executor, managers })
    }
}

#[cfg(test)]
#[path = "builder_tests.rs"]
mod tests;
