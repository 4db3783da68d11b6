//! The settings of a store, defined once for every language.

use std::time::Duration;

use chatkeep_core::described::{Type, Value};
use chatkeep_core::{CredentialKeys, Error, Result, Secret};
use chatkeep_pool::PoolSettings;
use chatkeep_pool::limits::{self, Seconds, WholeNumber};

use crate::chatkeep::ChatkeepBuilder;
use crate::environment;

/// A setting of a store: an environment variable, a method of the builder, and an argument of the
/// constructors in other languages.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Name in snake case, such as `pool_size`.
    pub name: &'static str,
    /// Environment variable, such as `DB_POOL_SIZE`.
    pub variable: &'static str,
    /// Valid values.
    pub range: Range,
    /// Default, as text.
    pub default: &'static str,
    /// Documentation, in Markdown.
    pub documentation: &'static str,
    set: fn(&mut Overrides, Value) -> Result<()>,
}

/// The valid values of a [`Setting`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Range {
    /// A whole number.
    WholeNumber(&'static WholeNumber),
    /// A duration in seconds.
    Seconds(&'static Seconds),
    /// On or off.
    Switch,
    /// Text that is never shown. The value describes its form.
    Secret(&'static str),
}

impl Range {
    /// Returns the type of the argument in other languages.
    pub fn ty(self) -> Type {
        match self {
            Self::WholeNumber(_) => Type::Integer,
            Self::Seconds(_) => Type::Float,
            Self::Switch => Type::Bool,
            Self::Secret(_) => Type::Secret,
        }
    }
}

/// The Rust type of a kind of setting, its range, and the conversion of a value to that type.
macro_rules! kind {
    (type whole_number) => {
        u32
    };
    (type seconds) => {
        Duration
    };
    (type switch) => {
        bool
    };
    (type secret) => {
        Secret
    };
    (range whole_number $limit:path) => {
        Range::WholeNumber(&$limit)
    };
    (range seconds $limit:path) => {
        Range::Seconds(&$limit)
    };
    (range switch $variable:literal) => {
        Range::Switch
    };
    (range secret $form:literal) => {
        Range::Secret($form)
    };
    (convert whole_number $limit:path, $name:literal, $value:expr) => {
        match $value {
            Value::Integer(number) => $limit.check_any(number),
            _ => Err(wrong_type($name, "a whole number")),
        }
    };
    (convert seconds $limit:path, $name:literal, $value:expr) => {
        match $value {
            Value::Float(seconds) => $limit.check_any(seconds),
            #[expect(clippy::cast_precision_loss, reason = "a larger number is out of range")]
            Value::Integer(seconds) => $limit.check_any(seconds as f64),
            _ => Err(wrong_type($name, "a number of seconds")),
        }
    };
    (convert switch $limit:literal, $name:literal, $value:expr) => {
        match $value {
            Value::Bool(is_on) => Ok(is_on),
            _ => Err(wrong_type($name, "a boolean")),
        }
    };
    (convert secret $form:literal, $name:literal, $value:expr) => {
        match $value {
            Value::Text(text) => Ok(Secret::from(text)),
            _ => Err(wrong_type($name, "a string")),
        }
    };
    // A method of the builder accepts a `Secret` as well as texts.
    (parameter secret) => {
        impl Into<Secret>
    };
    (parameter $kind:ident) => {
        kind!(type $kind)
    };
}

/// Defines the settings: the table [`SETTINGS`], the values that override the environment, and the
/// builder's methods.
macro_rules! settings {
    ($(
        $(#[doc = $documentation:literal])+
        $name:ident($text:literal, $variable:literal): $kind:ident $limit:tt = $default:literal;
    )+) => {
        /// The settings, in the order of the documentation.
        pub const SETTINGS: &[Setting] = &[$(
            Setting {
                name: $text,
                variable: $variable,
                range: settings!(@range $kind $limit),
                default: $default,
                documentation: concat!($($documentation),+),
                set: |overrides, value| {
                    overrides.$name = Some(settings!(@convert $kind $limit, $text, value)?);
                    Ok(())
                },
            },
        )+];

        /// Settings that override the environment.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Overrides {
            $($name: Option<kind!(type $kind)>,)+
        }

        impl ChatkeepBuilder {
            $(
                #[doc = concat!("Sets `", $variable, "`.", $($documentation),+)]
                pub fn $name(mut self, value: kind!(parameter $kind)) -> Self {
                    self.overrides.$name = Some(value.into());
                    self
                }
            )+
        }
    };
    (@range $kind:ident ($limit:path)) => { kind!(range $kind $limit) };
    (@range $kind:ident $limit:literal) => { kind!(range $kind $limit) };
    (@convert $kind:ident ($limit:path), $name:literal, $value:expr) => {
        kind!(convert $kind $limit, $name, $value)
    };
    (@convert $kind:ident $limit:literal, $name:literal, $value:expr) => {
        kind!(convert $kind $limit, $name, $value)
    };
}

settings! {
    /// Maximum number of connections that stay open when idle.
    pool_size("pool_size", "DB_POOL_SIZE"): whole_number (limits::POOL_SIZE) = "10";
    /// Maximum number of additional connections under load. They are closed on return.
    max_overflow("max_overflow", "DB_MAX_OVERFLOW"): whole_number (limits::MAX_OVERFLOW) = "20";
    /// Maximum wait for a free connection.
    pool_timeout("pool_timeout", "DB_POOL_TIMEOUT"): seconds (limits::POOL_TIMEOUT) = "30";
    /// Maximum connection lifetime. Zero means no limit.
    pool_recycle("pool_recycle", "DB_POOL_RECYCLE"): seconds (limits::POOL_RECYCLE) = "3600";
    /// Whether an idle connection is checked before it is used.
    pool_pre_ping("pool_pre_ping", "DB_POOL_PRE_PING"): switch "" = "on";
    /// Maximum time to connect.
    connect_timeout("connect_timeout", "DB_CONNECT_TIMEOUT"):
        seconds (limits::CONNECT_TIMEOUT) = "10";
    /// Maximum time for one statement.
    query_timeout("query_timeout", "DB_QUERY_TIMEOUT"): seconds (limits::QUERY_TIMEOUT) = "30";
    /// Limit of the wait for the database at start-up, as a multiple of `retry_delay`. Zero means
    /// no retries. An error that a retry cannot fix, such as a wrong password, is returned at once.
    max_retries("max_retries", "DB_MAX_RETRIES"): whole_number (limits::MAX_RETRIES) = "5";
    /// Maximum pause between two attempts at start-up.
    retry_delay("retry_delay", "DB_RETRY_DELAY"): seconds (limits::RETRY_DELAY) = "5";
    /// Whether the schema is created or upgraded before the first call. Turn it off for accounts
    /// that may not change tables, and run `chatkeep migrate upgrade` first.
    auto_migrate("auto_migrate", "DB_AUTO_MIGRATE"): switch "" = "on";
    /// Number of connections that write messages of concurrent callers. SQLite always has one. With
    /// 1, ids follow the order of the calls, even if a call does not await the one before.
    writers("writers", "DB_WRITERS"): whole_number (environment::WRITERS) = "2";
    /// How long a lookup of a token or session is cached. With zero, every check queries the database.
    /// A revocation takes effect immediately in its own process.
    token_cache("token_cache", "TOKEN_CACHE_SECONDS"): seconds (environment::TOKEN_CACHE) = "5";
    /// Maximum time that text appended to a stream is buffered. With zero, it is stored as soon as
    /// the previous text is.
    stream_flush("stream_flush", "STREAM_FLUSH_SECONDS"):
        seconds (environment::STREAM_FLUSH) = "0.05";
    /// Size in bytes at which the buffered text of a stream is stored at once.
    stream_buffer("stream_buffer", "STREAM_BUFFER_BYTES"):
        whole_number (environment::STREAM_BUFFER) = "4096";
    /// Keys that encrypt credentials. The first one encrypts, and all decrypt.
    /// `chatkeep credentials generate-key` makes one. Without a key, no credential is stored.
    keys("keys", "CHATKEEP_KEYS"): secret "`id:base64,…`" = "unset";
}

impl ChatkeepBuilder {
    /// Sets a setting by its name, for language bindings.
    ///
    /// ```
    /// use chatkeep::Chatkeep;
    /// use chatkeep_core::described::Value;
    ///
    /// let builder = Chatkeep::builder().setting("pool_size", Value::Integer(5))?;
    /// let error = builder.setting("pool_size", Value::Integer(0)).unwrap_err();
    /// assert_eq!(error.to_string(), "pool_size: must be a whole number from 1 to 1000, not 0");
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// - `Configuration`: there is no such setting, or the value is not in its range.
    pub fn setting(mut self, name: &str, value: Value) -> Result<Self> {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
            return Err(Error::configuration(format!(
                "is not a setting; expected {}",
                names.join(", ")
            ))
            .with_field(name.to_owned()));
        };
        (setting.set)(&mut self.overrides, value)?;
        Ok(self)
    }
}

/// Settings of the managers, as opposed to those of the pool.
#[derive(Debug, Clone)]
pub(crate) struct ManagerSettings {
    /// Lifetime of a cached lookup of a token or session; zero disables the cache.
    pub(crate) token_cache: Duration,
    /// Maximum number of concurrent writers of messages.
    pub(crate) writers: u32,
    /// The salt of Flask-Security's hashes.
    pub(crate) password_salt: Option<Secret>,
    /// Maximum time that the text of a stream is buffered.
    pub(crate) stream_flush: Duration,
    /// Size at which the text of a stream is stored at once, in bytes.
    pub(crate) stream_buffer: u32,
    /// The keys that encrypt credentials.
    pub(crate) keys: Option<CredentialKeys>,
}

impl Overrides {
    /// Returns the settings of the managers: the overriding values, or those of the environment.
    pub(crate) fn managers(&self) -> Result<ManagerSettings> {
        Ok(ManagerSettings {
            token_cache: self.token_cache()?,
            writers: self.writers()?,
            password_salt: environment::password_salt(),
            stream_flush: self.stream_flush()?,
            stream_buffer: self.stream_buffer()?,
            keys: self.keys()?,
        })
    }

    /// Returns the lifetime of cached lookups of secrets: the override, or the environment's.
    fn token_cache(&self) -> Result<Duration> {
        self.token_cache.map_or_else(environment::token_cache, |lifetime| {
            environment::TOKEN_CACHE.check(lifetime).map(|()| lifetime)
        })
    }

    /// Returns the number of writers: the override, or the environment's.
    fn writers(&self) -> Result<u32> {
        self.writers.map_or_else(environment::writers, |count| {
            environment::WRITERS.check(count).map(|()| count)
        })
    }

    /// Returns the maximum time that text is buffered: the override, or the environment's.
    fn stream_flush(&self) -> Result<Duration> {
        self.stream_flush.map_or_else(environment::stream_flush, |time| {
            environment::STREAM_FLUSH.check(time).map(|()| time)
        })
    }

    /// Returns the maximum size of buffered text: the override, or the environment's.
    fn stream_buffer(&self) -> Result<u32> {
        self.stream_buffer.map_or_else(environment::stream_buffer, |size| {
            environment::STREAM_BUFFER.check(size).map(|()| size)
        })
    }

    /// Returns the keys that encrypt credentials: the override, or the environment's.
    fn keys(&self) -> Result<Option<CredentialKeys>> {
        match &self.keys {
            Some(keys) => CredentialKeys::parse("keys", keys.expose()).map(Some),
            None => environment::keys(),
        }
    }

    /// Overrides the pool's settings.
    pub(crate) fn apply(self, settings: &mut PoolSettings) {
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

fn wrong_type(name: &'static str, expected: &str) -> Error {
    Error::configuration(format!("must be {expected}")).with_field(name)
}
