//! The way in: a handle on one database.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatkeep_core::{DatabaseUrl, Error, ErrorKind, Result, migrations, transfer};
use chatkeep_pool::{Pool, PoolSettings};

use crate::asynchronous::AsyncChatkeep;
use crate::background::Calls;
use crate::database::DatabaseManager;
use crate::environment;
use crate::messages::MessageLogger;
use crate::tokens::TokenManager;

/// A year: what is beyond a clock's range must not be asked of it.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 86_400);

/// A chat backend's database: its messages, its tokens, and itself.
///
/// Cheap to clone; all clones share one pool, and so may threads.
#[derive(Clone)]
pub struct Chatkeep {
    pool: Arc<Pool>,
    calls: Arc<Calls>,
    messages: MessageLogger,
    tokens: TokenManager,
    database: DatabaseManager,
}

impl Chatkeep {
    /// A handle on the database at this URL, with the other settings from the environment. Nothing is opened yet.
    ///
    /// ```
    /// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// assert_eq!(chat.messages().get_message_count(&Default::default())?, 0);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Configuration` when the URL or a setting cannot be understood.
    pub fn open(url: &str) -> Result<Self> {
        Self::builder().url(url).open()
    }

    /// A handle on the database that `DATABASE_URL` (or `DB_TYPE`, `DB_HOST`, …) names; without either, on the SQLite
    /// file `db/chatkeep.db`. Nothing is opened yet.
    ///
    /// # Errors
    /// `Configuration` when a variable cannot be understood.
    pub fn from_environment() -> Result<Self> {
        Self::builder().open()
    }

    /// A handle with settings of its own.
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

    /// The message log.
    pub fn messages(&self) -> &MessageLogger {
        &self.messages
    }

    /// The API tokens.
    pub fn tokens(&self) -> &TokenManager {
        &self.tokens
    }

    /// The database itself: status, health, migrations.
    pub fn database(&self) -> &DatabaseManager {
        &self.database
    }

    /// The same with calls that are awaited instead of blocking, on whatever executor.
    #[must_use]
    pub fn asynchronous(&self) -> AsyncChatkeep {
        AsyncChatkeep::new(self.clone())
    }

    /// Has a piece of work done on a thread of chatkeep's, where it may block. There are as many of them as connections
    /// are kept (`DB_POOL_SIZE`); they start when there is work, and end when there is none.
    ///
    /// This is what language bindings build their asynchronous calls on. [`Chatkeep::flush`], [`Chatkeep::close`] and a
    /// normal exit of the process wait for it.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use std::sync::mpsc;
    ///
    /// let (sender, receiver) = mpsc::channel();
    /// chat.hand_in(move |chat| {
    ///     let _ = sender.send(chat.messages().get_message_count(&Default::default()));
    /// })?;
    /// assert_eq!(receiver.recv().expect("it is done")?, 0);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Unavailable` after [`Chatkeep::close`], or when no thread can be started. Then the work is not done.
    pub fn hand_in(&self, work: impl FnOnce(&Self) + Send + 'static) -> Result<()> {
        let this = self.clone();
        self.calls.hand_in_call(move || work(&this))
    }

    /// Waits until everything that was handed in before has ended: messages, other asynchronous calls, and the noting of
    /// when tokens were used.
    ///
    /// # Errors
    /// `Unavailable` when that takes longer than `timeout`. What has not ended goes on.
    pub fn flush(&self, timeout: Duration) -> Result<()> {
        self.wait(timeout).map_err(|error| error.with_operation("flush"))
    }

    /// Takes no more calls, waits for those under way as [`Chatkeep::flush`] does, and closes all connections. Calls that
    /// come later are refused as `Unavailable`. Closing twice does nothing more.
    ///
    /// # Errors
    /// `Unavailable` when calls had not ended within `timeout`. Messages that were waiting are refused by then, and their
    /// callers told; those that were just being written end as they may.
    pub fn close(&self, timeout: Duration) -> Result<()> {
        self.messages.write().close();
        self.calls.close();
        let waited = self.wait(timeout);
        self.messages.write().refuse_waiting();
        self.pool.close();
        waited.map_err(|error| error.with_operation("close"))
    }

    fn wait(&self, timeout: Duration) -> Result<()> {
        // However long somebody is willing to wait.
        let until = Instant::now() + timeout.min(LONGEST_WAIT);
        // The calls first: they may hand messages in.
        let open = self.calls.wait(until) + self.messages.write().wait(until);
        if open == 0 {
            return Ok(());
        }
        let seconds = timeout.as_secs_f64();
        Err(Error::new(
            ErrorKind::Unavailable,
            format!("{open} calls had not ended within {seconds} s"),
        ))
    }

    pub(crate) fn calls(&self) -> &Arc<Calls> {
        &self.calls
    }
}

impl fmt::Debug for Chatkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chatkeep").field("url", self.pool.url()).finish_non_exhaustive()
    }
}

/// Settings for a [`Chatkeep`]. What is not set here comes from the environment.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ChatkeepBuilder {
    url: Option<UrlSource>,
    settings: Option<PoolSettings>,
    changes: Changes,
}

#[derive(Clone)]
enum UrlSource {
    Text(String),
    Parsed(DatabaseUrl),
}

impl fmt::Debug for UrlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Not parsed yet, so nobody knows where its password is.
            Self::Text(_) => f.write_str("(not parsed yet)"),
            Self::Parsed(url) => fmt::Debug::fmt(url, f),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Changes {
    pool_size: Option<u32>,
    max_overflow: Option<u32>,
    pool_timeout: Option<Duration>,
    pool_recycle: Option<Duration>,
    pool_pre_ping: Option<bool>,
    connect_timeout: Option<Duration>,
    query_timeout: Option<Duration>,
    max_retries: Option<u32>,
    retry_delay: Option<Duration>,
    auto_migrate: Option<bool>,
    token_cache: Option<Duration>,
    writers: Option<u32>,
}

impl ChatkeepBuilder {
    /// The database, as text.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(UrlSource::Text(url.into()));
        self
    }

    /// The database, already parsed.
    pub fn database_url(mut self, url: DatabaseUrl) -> Self {
        self.url = Some(UrlSource::Parsed(url));
        self
    }

    /// All settings at once, in place of the environment's.
    pub fn settings(mut self, settings: PoolSettings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Connections that are kept (`DB_POOL_SIZE`).
    pub fn pool_size(mut self, connections: u32) -> Self {
        self.changes.pool_size = Some(connections);
        self
    }

    /// More connections under load, closed when they are returned (`DB_MAX_OVERFLOW`).
    pub fn max_overflow(mut self, connections: u32) -> Self {
        self.changes.max_overflow = Some(connections);
        self
    }

    /// The longest wait for a free connection (`DB_POOL_TIMEOUT`).
    pub fn pool_timeout(mut self, wait: Duration) -> Self {
        self.changes.pool_timeout = Some(wait);
        self
    }

    /// Maximum connection lifetime (`DB_POOL_RECYCLE`); zero means no limit.
    pub fn pool_recycle(mut self, lifetime: Duration) -> Self {
        self.changes.pool_recycle = Some(lifetime);
        self
    }

    /// Whether an idle connection is checked before it is used (`DB_POOL_PRE_PING`).
    pub fn pool_pre_ping(mut self, on: bool) -> Self {
        self.changes.pool_pre_ping = Some(on);
        self
    }

    /// The longest wait for a new connection (`DB_CONNECT_TIMEOUT`).
    pub fn connect_timeout(mut self, wait: Duration) -> Self {
        self.changes.connect_timeout = Some(wait);
        self
    }

    /// The longest wait for an answer (`DB_QUERY_TIMEOUT`).
    pub fn query_timeout(mut self, wait: Duration) -> Self {
        self.changes.query_timeout = Some(wait);
        self
    }

    /// Together with [`retry_delay`](Self::retry_delay), how long to wait for a database at start-up
    /// (`DB_MAX_RETRIES`): as many times that delay. Zero means no wait.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.changes.max_retries = Some(retries);
        self
    }

    /// Maximum pause between two attempts at start-up (`DB_RETRY_DELAY`).
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        self.changes.retry_delay = Some(delay);
        self
    }

    /// Whether the schema is made, or brought up to date, before the first call (`DB_AUTO_MIGRATE`).
    pub fn auto_migrate(mut self, on: bool) -> Self {
        self.changes.auto_migrate = Some(on);
        self
    }

    /// Number of connections that write messages of callers at the same time (`DB_WRITERS`), 1 to 64. SQLite has one,
    /// whatever is set.
    pub fn writers(mut self, connections: u32) -> Self {
        self.changes.writers = Some(connections);
        self
    }

    /// How long a token lookup is cached (`TOKEN_CACHE_SECONDS`), up to an hour; zero asks the database every time.
    pub fn token_cache(mut self, lifetime: Duration) -> Self {
        self.changes.token_cache = Some(lifetime);
        self
    }

    /// The handle. Nothing is opened yet.
    ///
    /// # Errors
    /// `Configuration` when the URL or a setting is invalid. The field is the setting's name, as `pool_size`; of a
    /// setting from the environment it is the variable, as `DB_POOL_SIZE`.
    pub fn open(self) -> Result<Chatkeep> {
        let url = match self.url {
            Some(UrlSource::Parsed(url)) => url,
            Some(UrlSource::Text(text)) => DatabaseUrl::parse(&text)?,
            None => DatabaseUrl::from_environment()?,
        };
        let mut settings = self.settings.map_or_else(PoolSettings::from_environment, Ok)?;
        let token_cache = self
            .changes
            .token_cache
            .map_or_else(environment::token_cache, environment::check_token_cache)?;
        let writers =
            self.changes.writers.map_or_else(environment::writers, environment::check_writers)?;
        self.changes.apply(&mut settings);
        let (auto_migrate, query_timeout) = (settings.auto_migrate, settings.query_timeout);
        let pool = Arc::new(Pool::with_initializer(
            url,
            settings,
            Box::new(move |connection| {
                migrations::ensure(connection, auto_migrate, query_timeout)?;
                // Half of the data must not be taken for all of it.
                transfer::refuse_unfinished(connection)
            }),
        )?);
        let calls = Arc::new(Calls::new(pool.settings().pool_size as usize));
        Ok(Chatkeep {
            messages: MessageLogger::new(Arc::clone(&pool), writers, Arc::clone(&calls)),
            tokens: TokenManager::new(Arc::clone(&pool), token_cache, Arc::clone(&calls)),
            database: DatabaseManager::new(Arc::clone(&pool)),
            pool,
            calls,
        })
    }
}

impl Changes {
    fn apply(self, settings: &mut PoolSettings) {
        fn set<T>(setting: &mut T, change: Option<T>) {
            if let Some(value) = change {
                *setting = value;
            }
        }
        set(&mut settings.pool_size, self.pool_size);
        set(&mut settings.max_overflow, self.max_overflow);
        set(&mut settings.pool_timeout, self.pool_timeout);
        set(&mut settings.pool_recycle, self.pool_recycle);
        set(&mut settings.pre_ping, self.pool_pre_ping);
        set(&mut settings.connect_timeout, self.connect_timeout);
        set(&mut settings.query_timeout, self.query_timeout);
        set(&mut settings.max_retries, self.max_retries);
        set(&mut settings.retry_delay, self.retry_delay);
        set(&mut settings.auto_migrate, self.auto_migrate);
    }
}

#[cfg(test)]
#[path = "builder_tests.rs"]
mod tests;
