//! Settings of calls, from the environment. The pool has the settings of connections.

use std::time::Duration;

use chatkeep_core::{CredentialKeys, Result, Secret};
use chatkeep_pool::limits::{Seconds, WholeNumber};

/// Range of the time for which a lookup of a token or session is cached. It limits how long another
/// process accepts a revoked one.
pub(crate) const TOKEN_CACHE: Seconds = Seconds {
    variable: "TOKEN_CACHE_SECONDS",
    field: "token_cache",
    least: 0.0,
    most: 3600.0,
    or: "",
};
/// Range of the number of connections that write messages concurrently.
pub(crate) const WRITERS: WholeNumber =
    WholeNumber { variable: "DB_WRITERS", field: "writers", least: 1, most: 64, or: "" };
/// Range of the time for which text that is appended to a stream is buffered.
pub(crate) const STREAM_FLUSH: Seconds = Seconds {
    variable: "STREAM_FLUSH_SECONDS",
    field: "stream_flush",
    least: 0.0,
    most: 60.0,
    or: "",
};
/// Range of the size at which the buffered text of a stream is stored at once.
pub(crate) const STREAM_BUFFER: WholeNumber = WholeNumber {
    variable: "STREAM_BUFFER_BYTES",
    field: "stream_buffer",
    least: 1,
    most: 1_048_576,
    or: "",
};

const DEFAULT_TOKEN_CACHE: Duration = Duration::from_secs(5);
/// While the server commits one group, the other connection sends the next. A third one makes the
/// groups smaller without a gain.
const DEFAULT_WRITERS: u32 = 2;
/// Readers do not notice this delay, and 64 streams cause 20 transactions a second.
const DEFAULT_STREAM_FLUSH: Duration = Duration::from_millis(50);
const DEFAULT_STREAM_BUFFER: u32 = 4096;
/// Name of the variable with the keys that encrypt credentials.
const KEYS: &str = "CHATKEEP_KEYS";

/// Reads `TOKEN_CACHE_SECONDS`.
pub(crate) fn token_cache() -> Result<Duration> {
    variable(TOKEN_CACHE.variable).map_or(Ok(DEFAULT_TOKEN_CACHE), |text| TOKEN_CACHE.parse(&text))
}

/// Reads `DB_WRITERS`.
pub(crate) fn writers() -> Result<u32> {
    variable(WRITERS.variable).map_or(Ok(DEFAULT_WRITERS), |text| WRITERS.parse(&text))
}

/// Reads `PASSWORD_SALT`, exactly as it is: whitespace may be part of it.
pub(crate) fn password_salt() -> Option<Secret> {
    std::env::var("PASSWORD_SALT").ok().filter(|text| !text.is_empty()).map(Secret::from)
}

/// Reads `STREAM_FLUSH_SECONDS`.
pub(crate) fn stream_flush() -> Result<Duration> {
    variable(STREAM_FLUSH.variable)
        .map_or(Ok(DEFAULT_STREAM_FLUSH), |text| STREAM_FLUSH.parse(&text))
}

/// Reads `STREAM_BUFFER_BYTES`.
pub(crate) fn stream_buffer() -> Result<u32> {
    variable(STREAM_BUFFER.variable)
        .map_or(Ok(DEFAULT_STREAM_BUFFER), |text| STREAM_BUFFER.parse(&text))
}

/// Reads `CHATKEEP_KEYS`.
pub(crate) fn keys() -> Result<Option<CredentialKeys>> {
    let text = variable(KEYS).map(Secret::from);
    text.map(|text| CredentialKeys::parse(KEYS, text.expose())).transpose()
}

/// Returns a variable's value. An empty variable counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
