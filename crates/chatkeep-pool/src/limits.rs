//! The range of each numeric setting, with its environment variable and its name.

use std::fmt;
use std::time::Duration;

use chatkeep_core::Result;

use crate::settings::invalid_setting;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// Range of `pool_size`.
pub const POOL_SIZE: WholeNumber = WholeNumber {
    variable: "DB_POOL_SIZE",
    field: "pool_size",
    least: 1,
    most: 1000,
    or: " or \"auto\"",
};
/// Range of `max_overflow`.
pub const MAX_OVERFLOW: WholeNumber = WholeNumber {
    variable: "DB_MAX_OVERFLOW",
    field: "max_overflow",
    least: 0,
    most: 1000,
    or: "",
};
/// Range of `max_retries`.
pub const MAX_RETRIES: WholeNumber =
    WholeNumber { variable: "DB_MAX_RETRIES", field: "max_retries", least: 0, most: 1000, or: "" };

/// Range of `pool_timeout`.
pub const POOL_TIMEOUT: Seconds =
    Seconds { variable: "DB_POOL_TIMEOUT", field: "pool_timeout", least: 0.0, most: DAY, or: "" };
/// Range of `pool_recycle`. Zero means no limit.
pub const POOL_RECYCLE: Seconds = Seconds {
    variable: "DB_POOL_RECYCLE",
    field: "pool_recycle",
    least: 0.0,
    most: 365.0 * DAY,
    or: ", or -1 for no limit",
};
/// Range of `connect_timeout`.
pub const CONNECT_TIMEOUT: Seconds = Seconds {
    variable: "DB_CONNECT_TIMEOUT",
    field: "connect_timeout",
    least: 0.1,
    most: 3600.0,
    or: "",
};
/// Range of `query_timeout`.
pub const QUERY_TIMEOUT: Seconds =
    Seconds { variable: "DB_QUERY_TIMEOUT", field: "query_timeout", least: 0.1, most: DAY, or: "" };
/// Range of `retry_delay`.
pub const RETRY_DELAY: Seconds =
    Seconds { variable: "DB_RETRY_DELAY", field: "retry_delay", least: 0.0, most: 3600.0, or: "" };

/// A setting that is a whole number.
#[derive(Debug, Clone, Copy)]
pub struct WholeNumber {
    /// Environment variable, as named in errors about its text.
    pub variable: &'static str,
    /// Field of the settings, as named in errors about its value.
    pub field: &'static str,
    /// Minimum.
    pub least: u32,
    /// Maximum.
    pub most: u32,
    /// Other values that the variable accepts, as appended to the error text.
    pub or: &'static str,
}

impl WholeNumber {
    /// Parses the variable's text.
    ///
    /// # Errors
    /// `Configuration` with the variable's name when the text is not in range.
    pub fn parse(&self, text: &str) -> Result<u32> {
        text.parse().ok().filter(|number| self.contains(*number)).ok_or_else(|| {
            invalid_setting(self.variable, format_args!("{self}{}", self.or), &shown(text))
        })
    }

    /// Checks a value.
    ///
    /// # Errors
    /// `Configuration` with the setting's name when the value is not in range.
    pub fn check(&self, number: u32) -> Result<()> {
        self.check_any(number.into()).map(|_| ())
    }

    /// Converts a value of another language.
    ///
    /// # Errors
    /// `Configuration` with the setting's name when the value is not in range.
    pub fn check_any(&self, number: i64) -> Result<u32> {
        let checked = u32::try_from(number).ok().filter(|number| self.contains(*number));
        checked.ok_or_else(|| invalid_setting(self.field, self, &number))
    }

    fn contains(&self, number: u32) -> bool {
        (self.least..=self.most).contains(&number)
    }
}

impl fmt::Display for WholeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {} to {}", self.least, self.most)
    }
}

/// A setting that is a duration in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Seconds {
    /// Environment variable, as named in errors about its text.
    pub variable: &'static str,
    /// Field of the settings, as named in errors about its value.
    pub field: &'static str,
    /// Minimum.
    pub least: f64,
    /// Maximum.
    pub most: f64,
    /// Other values that the variable accepts, as appended to the error text.
    pub or: &'static str,
}

impl Seconds {
    /// Parses the variable's text.
    ///
    /// # Errors
    /// `Configuration` with the variable's name when the text is not in range.
    pub fn parse(&self, text: &str) -> Result<Duration> {
        text.parse()
            .ok()
            .filter(|seconds| self.contains(*seconds))
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| {
                invalid_setting(self.variable, format_args!("{self}{}", self.or), &shown(text))
            })
    }

    /// Converts a value of another language. -1 is zero if it means no limit in the environment.
    ///
    /// # Errors
    /// `Configuration` with the setting's name when the value is not in range.
    pub fn check_any(&self, seconds: f64) -> Result<Duration> {
        if seconds == -1.0 && !self.or.is_empty() {
            return Ok(Duration::ZERO);
        }
        let checked = Some(seconds).filter(|seconds| self.contains(*seconds));
        checked
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| invalid_setting(self.field, self, &seconds))
    }

    /// Checks a value.
    ///
    /// # Errors
    /// `Configuration` with the setting's name when the value is not in range.
    pub fn check(&self, time: Duration) -> Result<()> {
        if self.contains(time.as_secs_f64()) {
            Ok(())
        } else {
            Err(invalid_setting(self.field, self, &format_args!("{}", time.as_secs_f64())))
        }
    }

    fn contains(&self, seconds: f64) -> bool {
        (self.least..=self.most).contains(&seconds)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number of seconds from {} to {}", self.least, self.most)
    }
}

/// Formats an invalid value for an error: quoted, and truncated to 24 characters. A value that was
/// assigned to the wrong variable may be a secret, such as a URL with a password.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 24;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
