//! Settings of the calls themselves. Those of the connections are the pool's.

use std::time::Duration;

use chatkeep_core::{Error, Result};

/// How long the database's word on a token is good.
const TOKEN_CACHE: Duration = Duration::from_secs(5);
/// A revoked token must not live on for longer than this anywhere.
const LONGEST_TOKEN_CACHE: f64 = 3600.0;
/// Connections that write messages of callers at the same time: while the server commits what one has sent, the other sends.
/// A third one makes the groups smaller and is none the faster.
const WRITERS: u32 = 2;
const MOST_WRITERS: u32 = 64;

/// `TOKEN_CACHE_SECONDS`
pub(crate) fn token_cache() -> Result<Duration> {
    let Some(text) = variable("TOKEN_CACHE_SECONDS") else { return Ok(TOKEN_CACHE) };
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=LONGEST_TOKEN_CACHE).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| {
        Error::configuration(format!(
            "must be a number of seconds from 0 to {LONGEST_TOKEN_CACHE}, not {text:?}"
        ))
        .with_field("TOKEN_CACHE_SECONDS")
    })
}

/// `DB_WRITERS`
pub(crate) fn writers() -> Result<u32> {
    let Some(text) = variable("DB_WRITERS") else { return Ok(WRITERS) };
    text.parse().ok().filter(|count| (1..=MOST_WRITERS).contains(count)).ok_or_else(|| {
        Error::configuration(format!("must be a whole number from 1 to {MOST_WRITERS}, not {text:?}"))
            .with_field("DB_WRITERS")
    })
}

/// A variable's value; an empty one counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
