//! The pool's settings: defaults, validation, and reading them from environment variables.

use std::env;
use std::fmt;
use std::thread;
use std::time::Duration;

use chatkeep_core::{Error, Result};

use crate::limits::{self, Seconds, WholeNumber};

/// Number of connections, their lifetime, and timeouts.
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
/// assert_eq!(settings.max_overflow, 20, "unset variables have their default");
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSettings {
    /// `DB_POOL_SIZE`: maximum number of connections that stay open when idle (1–1,000, default
    /// 10). In the environment, `auto` means twice the number of CPU cores plus one.
    pub pool_size: u32,
    /// `DB_MAX_OVERFLOW`: maximum number of additional connections under load (0–1,000, default
    /// 20). They are closed on return if no caller is waiting.
    pub max_overflow: u32,
    /// `DB_POOL_TIMEOUT`: maximum time that a call waits for a free connection (0 s to one day,
    /// default 30 s). Zero means no wait. Time in the queue of messages or of asynchronous calls
    /// counts.
    pub pool_timeout: Duration,
    /// `DB_POOL_RECYCLE`: maximum connection lifetime (up to 365 days, default one hour). Each
    /// connection gets a random 90–100 % of it, so that they are not all replaced together. Zero
    /// means no limit; so does `-1` in the environment.
    pub pool_recycle: Duration,
    /// `DB_POOL_PRE_PING`: whether a connection is pinged before it is handed out if it was idle
    /// for more than 5 s (1 s on MySQL and MariaDB), or if another connection has broken since. On
    /// by default.
    pub pre_ping: bool,
    /// `DB_CONNECT_TIMEOUT`: deadline for opening a connection (0.1 s to one hour, default 10 s).
    pub connect_timeout: Duration,
    /// `DB_QUERY_TIMEOUT`: deadline for each statement (0.1 s to one day, default 30 s).
    pub query_timeout: Duration,
    /// `DB_MAX_RETRIES`: limits the retries at start-up, together with
    /// [`retry_delay`](Self::retry_delay) (0–1,000, default 5). Zero means no retries.
    pub max_retries: u32,
    /// `DB_RETRY_DELAY`: maximum pause between two attempts at start-up (up to one hour, default
    /// 5 s). Retries stop after `max_retries` times this delay.
    pub retry_delay: Duration,
    /// `DB_AUTO_MIGRATE`: whether the schema is migrated on first use. On by default; turn it off
    /// for accounts without the right to change the schema. The pool only stores the value. The
    /// caller that creates the pool applies it, with an initializer.
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
    /// Reads the settings from the process's environment variables. Unset and empty variables have
    /// their default.
    ///
    /// # Errors
    ///
    /// `Configuration`, with the variable's name and its valid values, when a value is invalid.
    pub fn from_environment() -> Result<Self> {
        Self::read(|name| match env::var_os(name) {
            None => Ok(None),
            Some(value) => value.into_string().map(Some).map_err(|_| {
                Error::configuration("must be valid UTF-8").with_field(name.to_owned())
            }),
        })
    }

    /// Reads the settings from `lookup`, which receives the names of the environment variables.
    ///
    /// # Errors
    ///
    /// `Configuration`, with the variable's name and its valid values, when a value is invalid.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        Self::read(|name| Ok(lookup(name)))
    }

    fn read(lookup: impl Fn(&str) -> Result<Option<String>>) -> Result<Self> {
        // Compose files and CI systems set a variable to "" to leave it unset.
        let value = |name: &str| -> Result<Option<String>> {
            Ok(lookup(name)?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
        };
        let whole = |setting: &WholeNumber, default: u32| -> Result<u32> {
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
                // SQLAlchemy's notation for no limit.
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

    /// Checks that every setting is within its range.
    ///
    /// # Errors
    ///
    /// `Configuration`, with the setting's name and its valid values.
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

    /// Returns the total time for retries at start-up: `max_retries` × `retry_delay`.
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
        _ => Err(invalid_setting(name, "on or off", &limits::shown(text))),
    }
}

/// Returns the error for an invalid value.
pub(crate) fn invalid_setting(
    name: &'static str,
    expected: impl fmt::Display,
    actual: &dyn fmt::Display,
) -> Error {
    Error::configuration(format!("must be {expected}, not {actual}")).with_field(name)
}
