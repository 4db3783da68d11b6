//! The pool's settings, with their defaults, their limits, and how they are read from the environment.

use std::env;
use std::fmt;
use std::thread;
use std::time::Duration;

use chatkeep_core::{Error, Result};

use crate::limits::{self, Seconds, Whole};

/// How many connections there are, how long they live, and how long calls wait.
///
/// ```
/// use std::time::Duration;
/// use chatkeep_pool::PoolSettings;
///
/// let settings = PoolSettings::from_variables(|name| match name {
///     "DB_POOL_SIZE" => Some("4".to_owned()),
///     "DB_POOL_TIMEOUT" => Some("2.5".to_owned()),
///     _ => None,
/// })?;
/// assert_eq!(settings.pool_size, 4);
/// assert_eq!(settings.pool_timeout, Duration::from_millis(2500));
/// assert_eq!(settings.max_overflow, 20, "what is not set has its default");
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSettings {
    /// `DB_POOL_SIZE`: how many connections are kept open once they were needed. 1 to 1000, 10 by default; `auto` in
    /// the environment means twice the cores plus one.
    pub pool_size: u32,
    /// `DB_MAX_OVERFLOW`: how many more there may be under load; these are closed when they are returned and nobody
    /// waits for one. 0 to 1000, 20 by default.
    pub max_overflow: u32,
    /// `DB_POOL_TIMEOUT`: how long a call waits for a connection to become free. Up to a day, 30 s by default; zero
    /// means that it does not wait. Time in a queue of messages, or of asynchronous calls, counts.
    pub pool_timeout: Duration,
    /// `DB_POOL_RECYCLE`: the longest life of a connection; each one really gets 90 to 100 % of it, so that they are
    /// not all replaced at once. An hour by default; zero (in the environment also `-1`) means no limit.
    pub pool_recycle: Duration,
    /// `DB_POOL_PRE_PING`: whether a connection that lay idle for some seconds, or that may have been lost with
    /// another one, is checked before it is handed out. On by default.
    pub pre_ping: bool,
    /// `DB_CONNECT_TIMEOUT`: the deadline for opening a connection. 0.1 s to an hour, 10 s by default.
    pub connect_timeout: Duration,
    /// `DB_QUERY_TIMEOUT`: the deadline for each statement. 0.1 s to a day, 30 s by default.
    pub query_timeout: Duration,
    /// `DB_MAX_RETRIES`: together with [`retry_delay`](Self::retry_delay), how long to wait for a database at
    /// start-up. 0 to 1000, 5 by default; 0 means that nothing is waited for.
    pub max_retries: u32,
    /// `DB_RETRY_DELAY`: the longest pause between two attempts at start-up; `max_retries` times this is the time
    /// after which the wait is given up. Up to an hour, 5 s by default.
    pub retry_delay: Duration,
    /// `DB_AUTO_MIGRATE`: whether the schema is brought up to date at the first use. On by default; off for
    /// accounts that may not change the schema. The pool only carries this; who sets it up acts on it.
    pub auto_migrate: bool,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            pool_size: 10,
            max_overflow: 20,
            pool_timeout: Duration::from_secs(30),
            pool_recycle: Duration::from_secs(3600),
            pre_ping: true,
            connect_timeout: Duration::from_secs(10),
            query_timeout: Duration::from_secs(30),
            max_retries: 5,
            retry_delay: Duration::from_secs(5),
            auto_migrate: true,
        }
    }
}

impl PoolSettings {
    /// Reads the settings from the process's environment variables; what is not set, or empty, has its default.
    ///
    /// # Errors
    ///
    /// `Configuration` when a variable's value cannot be used: it names the variable and says what would be right.
    pub fn from_environment() -> Result<Self> {
        Self::read(|name| match env::var_os(name) {
            None => Ok(None),
            Some(value) => value.into_string().map(Some).map_err(|_| {
                Error::configuration("must be plain text in UTF-8").with_field(name.to_owned())
            }),
        })
    }

    /// Reads the settings from any source of named values, by the names of the environment variables.
    ///
    /// # Errors
    ///
    /// As [`PoolSettings::from_environment`].
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        Self::read(|name| Ok(lookup(name)))
    }

    fn read(lookup: impl Fn(&str) -> Result<Option<String>>) -> Result<Self> {
        // Compose files and CI systems set variables to "" when they mean "not set".
        let value = |name: &str| -> Result<Option<String>> {
            Ok(lookup(name)?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
        };
        let whole = |setting: &Whole, default: u32| -> Result<u32> {
            value(setting.variable)?.map_or(Ok(default), |text| setting.parse(&text))
        };
        let seconds = |setting: &Seconds, default: Duration| -> Result<Duration> {
            value(setting.variable)?.map_or(Ok(default), |text| setting.parse(&text))
        };
        let switch = |name: &'static str, default: bool| -> Result<bool> {
            value(name)?.map_or(Ok(default), |text| parse_switch(name, &text))
        };

        let default = Self::default();
        let pool_size = match value(limits::POOL_SIZE.variable)? {
            Some(text) if text.eq_ignore_ascii_case("auto") => automatic_size(),
            Some(text) => limits::POOL_SIZE.parse(&text)?,
            None => default.pool_size,
        };
        Ok(Self {
            pool_size,
            max_overflow: whole(&limits::MAX_OVERFLOW, default.max_overflow)?,
            pool_timeout: seconds(&limits::POOL_TIMEOUT, default.pool_timeout)?,
            pool_recycle: match value(limits::POOL_RECYCLE.variable)? {
                // SQLAlchemy's way to say "never".
                Some(text) if text == "-1" => Duration::ZERO,
                Some(text) => limits::POOL_RECYCLE.parse(&text)?,
                None => default.pool_recycle,
            },
            pre_ping: switch("DB_POOL_PRE_PING", default.pre_ping)?,
            connect_timeout: seconds(&limits::CONNECT_TIMEOUT, default.connect_timeout)?,
            query_timeout: seconds(&limits::QUERY_TIMEOUT, default.query_timeout)?,
            max_retries: whole(&limits::MAX_RETRIES, default.max_retries)?,
            retry_delay: seconds(&limits::RETRY_DELAY, default.retry_delay)?,
            auto_migrate: switch("DB_AUTO_MIGRATE", default.auto_migrate)?,
        })
    }

    /// Checks that every setting is within its limits, whoever has set it.
    ///
    /// # Errors
    ///
    /// `Configuration`, which names the setting and says what would be right.
    pub fn validate(&self) -> Result<()> {
        limits::POOL_SIZE.check(self.pool_size)?;
        limits::MAX_OVERFLOW.check(self.max_overflow)?;
        limits::POOL_TIMEOUT.check(self.pool_timeout)?;
        limits::POOL_RECYCLE.check(self.pool_recycle)?;
        limits::CONNECT_TIMEOUT.check(self.connect_timeout)?;
        limits::QUERY_TIMEOUT.check(self.query_timeout)?;
        limits::MAX_RETRIES.check(self.max_retries)?;
        limits::RETRY_DELAY.check(self.retry_delay)
    }

    /// How long to wait for a database at start-up: `max_retries` times `retry_delay`.
    pub(crate) fn start_up_budget(&self) -> Duration {
        self.retry_delay.saturating_mul(self.max_retries)
    }
}

fn automatic_size() -> u32 {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(cores)
        .unwrap_or(u32::MAX)
        .saturating_mul(2)
        .saturating_add(1)
        .min(limits::POOL_SIZE.most)
}

fn parse_switch(name: &'static str, text: &str) -> Result<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "1" | "yes" => Ok(true),
        "off" | "false" | "0" | "no" => Ok(false),
        _ => Err(refused(name, "on or off", &limits::shown(text))),
    }
}

/// The error for a value that cannot be used.
pub(crate) fn refused(
    name: &'static str,
    right: impl fmt::Display,
    wrong: &dyn fmt::Display,
) -> Error {
    Error::configuration(format!("must be {right}, not {wrong}")).with_field(name)
}
