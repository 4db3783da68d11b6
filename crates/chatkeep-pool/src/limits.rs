//! The range of each numeric setting, with its environment variable and its field.

use std::fmt;
use std::time::Duration;

use chatkeep_core::Result;

use crate::settings::invalid_setting;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

pub(crate) const POOL_SIZE: WholeNumber = WholeNumber {
    variable: "DB_POOL_SIZE",
    field: "pool_size",
    least: 1,
    most: 1000,
    or: " or \"auto\"",
};
pub(crate) const MAX_OVERFLOW: WholeNumber = WholeNumber {
    variable: "DB_MAX_OVERFLOW",
    field: "max_overflow",
    least: 0,
    most: 1000,
    or: "",
};
pub(crate) const MAX_RETRIES: WholeNumber =
    WholeNumber { variable: "DB_MAX_RETRIES", field: "max_retries", least: 0, most: 1000, or: "" };

pub(crate) const POOL_TIMEOUT: Seconds =
    Seconds { variable: "DB_POOL_TIMEOUT", field: "pool_timeout", least: 0.0, most: DAY, or: "" };
pub(crate) const POOL_RECYCLE: Seconds = Seconds {
    variable: "DB_POOL_RECYCLE",
    field: "pool_recycle",
    least: 0.0,
    most: 365.0 * DAY,
    or: ", or -1 for no limit",
};
pub(crate) const CONNECT_TIMEOUT: Seconds = Seconds {
    variable: "DB_CONNECT_TIMEOUT",
    field: "connect_timeout",
    least: 0.1,
    most: 3600.0,
    or: "",
};
pub(crate) const QUERY_TIMEOUT: Seconds =
    Seconds { variable: "DB_QUERY_TIMEOUT", field: "query_timeout", least: 0.1, most: DAY, or: "" };
pub(crate) const RETRY_DELAY: Seconds =
    Seconds { variable: "DB_RETRY_DELAY", field: "retry_delay", least: 0.0, most: 3600.0, or: "" };

/// A setting that is a whole number.
pub(crate) struct WholeNumber {
    /// Environment variable, as named in errors about its text.
    pub(crate) variable: &'static str,
    /// Field of the settings, as named in errors about its value.
    field: &'static str,
    least: u32,
    pub(crate) most: u32,
    /// Other values that the variable accepts, as appended to the error text.
    or: &'static str,
}

impl WholeNumber {
    pub(crate) fn parse(&self, text: &str) -> Result<u32> {
        text.parse().ok().filter(|number| self.contains(*number)).ok_or_else(|| {
            invalid_setting(self.variable, format_args!("{self}{}", self.or), &shown(text))
        })
    }

    pub(crate) fn check(&self, number: u32) -> Result<()> {
        if self.contains(number) { Ok(()) } else { Err(invalid_setting(self.field, self, &number)) }
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
pub(crate) struct Seconds {
    /// Environment variable, as named in errors about its text.
    pub(crate) variable: &'static str,
    /// Field of the settings, as named in errors about its value.
    field: &'static str,
    least: f64,
    most: f64,
    /// Other values that the variable accepts, as appended to the error text.
    or: &'static str,
}

impl Seconds {
    pub(crate) fn parse(&self, text: &str) -> Result<Duration> {
        text.parse()
            .ok()
            .filter(|seconds| self.contains(*seconds))
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| {
                invalid_setting(self.variable, format_args!("{self}{}", self.or), &shown(text))
            })
    }

    pub(crate) fn check(&self, time: Duration) -> Result<()> {
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
