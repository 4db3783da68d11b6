//! Settings of calls, from the environment. The pool has the settings of connections.

use std::fmt;
use std::time::Duration;

use chatkeep_core::{Error, Result};

/// Default time for which a token lookup is cached.
const TOKEN_CACHE: Duration = Duration::from_secs(5);
/// Maximum cache time, in seconds. It limits how long another process accepts a revoked token.
const LONGEST_TOKEN_CACHE: f64 = 3600.0;
/// Default number of connections that write messages concurrently. While the server commits one
/// group, the other connection sends the next. A third one makes the groups smaller without a gain.
const WRITERS: u32 = 2;
const MOST_WRITERS: u32 = 64;

/// Reads `TOKEN_CACHE_SECONDS`.
pub(crate) fn token_cache() -> Result<Duration> {
    let name = "TOKEN_CACHE_SECONDS";
    let Some(text) = variable(name) else { return Ok(TOKEN_CACHE) };
    let seconds =
        text.parse::<f64>().ok().filter(|seconds| (0.0..=LONGEST_TOKEN_CACHE).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| invalid_token_cache(name, format_args!("{text:?}")))
}

/// Checks the range of a cache time that the caller set.
pub(crate) fn check_token_cache(lifetime: Duration) -> Result<Duration> {
    let seconds = lifetime.as_secs_f64();
    let is_valid = seconds <= LONGEST_TOKEN_CACHE;
    if is_valid {
        Ok(lifetime)
    } else {
        Err(invalid_token_cache("token_cache", format_args!("{seconds}")))
    }
}

fn invalid_token_cache(field: &'static str, given: fmt::Arguments<'_>) -> Error {
    Error::configuration(format!(
        "must be a number of seconds from 0 to {LONGEST_TOKEN_CACHE}, not {given}"
    ))
    .with_field(field)
}

/// Reads `DB_WRITERS`.
pub(crate) fn writers() -> Result<u32> {
    let name = "DB_WRITERS";
    let Some(text) = variable(name) else { return Ok(WRITERS) };
    let count = text.parse().ok().filter(|count| (1..=MOST_WRITERS).contains(count));
    count.ok_or_else(|| invalid_writers(name, format_args!("{text:?}")))
}

/// Checks the range of a number of writers that the caller set.
pub(crate) fn check_writers(count: u32) -> Result<u32> {
    let is_valid = (1..=MOST_WRITERS).contains(&count);
    if is_valid { Ok(count) } else { Err(invalid_writers("writers", format_args!("{count}"))) }
}

fn invalid_writers(field: &'static str, given: fmt::Arguments<'_>) -> Error {
    Error::configuration(format!("must be a whole number from 1 to {MOST_WRITERS}, not {given}"))
        .with_field(field)
}

/// Returns a variable's value. An empty variable counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
