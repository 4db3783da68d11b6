//! The settings of a store. What is out of range is an error of the configuration, as it is in the environment.

use std::time::Duration;

use chatkeep::{Chatkeep, ChatkeepBuilder, Error};

use super::timeout::{LONGEST, number};
use super::{Given, Refusal, Taken, is_given, optional_integer, optional_text, switch};

/// The options of a store's constructor.
pub(crate) struct Settings<'a, 'env> {
    pub(crate) url: &'a Given<'env>,
    pub(crate) pool_size: &'a Given<'env>,
    pub(crate) max_overflow: &'a Given<'env>,
    pub(crate) pool_timeout: &'a Given<'env>,
    pub(crate) pool_recycle: &'a Given<'env>,
    pub(crate) pool_pre_ping: &'a Given<'env>,
    pub(crate) connect_timeout: &'a Given<'env>,
    pub(crate) query_timeout: &'a Given<'env>,
    pub(crate) max_retries: &'a Given<'env>,
    pub(crate) retry_delay: &'a Given<'env>,
    pub(crate) auto_migrate: &'a Given<'env>,
    pub(crate) writers: &'a Given<'env>,
    pub(crate) token_cache: &'a Given<'env>,
}

impl Settings<'_, '_> {
    /// The builder with what is given; the rest comes from the environment.
    pub(crate) fn builder(&self) -> Taken<ChatkeepBuilder> {
        type Builder = ChatkeepBuilder;
        let mut builder = Chatkeep::builder();
        if let Some(url) = optional_text("url", self.url)? {
            builder = builder.url(url);
        }
        builder = set(builder, count("pool_size", self.pool_size)?, Builder::pool_size);
        builder = set(builder, count("max_overflow", self.max_overflow)?, Builder::max_overflow);
        builder = set(builder, seconds("pool_timeout", self.pool_timeout)?, Builder::pool_timeout);
        builder = set(builder, lifetime("pool_recycle", self.pool_recycle)?, Builder::pool_recycle);
        builder =
            set(builder, switch("pool_pre_ping", self.pool_pre_ping)?, Builder::pool_pre_ping);
        builder = set(
            builder,
            seconds("connect_timeout", self.connect_timeout)?,
            Builder::connect_timeout,
        );
        builder =
            set(builder, seconds("query_timeout", self.query_timeout)?, Builder::query_timeout);
        builder = set(builder, count("max_retries", self.max_retries)?, Builder::max_retries);
        builder = set(builder, seconds("retry_delay", self.retry_delay)?, Builder::retry_delay);
        builder = set(builder, switch("auto_migrate", self.auto_migrate)?, Builder::auto_migrate);
        builder = set(builder, count("writers", self.writers)?, Builder::writers);
        builder = set(builder, seconds("token_cache", self.token_cache)?, Builder::token_cache);
        Ok(builder)
    }
}

fn set<T>(
    builder: ChatkeepBuilder,
    value: Option<T>,
    setter: impl FnOnce(ChatkeepBuilder, T) -> ChatkeepBuilder,
) -> ChatkeepBuilder {
    match value {
        Some(value) => setter(builder, value),
        None => builder,
    }
}

fn wrong(field: &'static str, reason: String) -> Refusal {
    Refusal::Input(Error::configuration(reason).with_field(field))
}

fn count(field: &'static str, given: &Given<'_>) -> Taken<Option<u32>> {
    let Some(number) = optional_integer(field, given)? else { return Ok(None) };
    let count = u32::try_from(number);
    count
        .map(Some)
        .map_err(|_| wrong(field, format!("must be a whole number of 0 or more, not {number}")))
}

fn seconds(field: &'static str, given: &Given<'_>) -> Taken<Option<Duration>> {
    if !is_given(given)? {
        return Ok(None);
    }
    let seconds = number(field, given)?;
    if !(0.0..=LONGEST).contains(&seconds) {
        return Err(wrong(
            field,
            format!("must be a number of seconds of 0 or more, not {seconds}"),
        ));
    }
    Ok(Some(Duration::from_secs_f64(seconds)))
}

/// The same, where -1 means no limit, as in the environment and in SQLAlchemy.
fn lifetime(field: &'static str, given: &Given<'_>) -> Taken<Option<Duration>> {
    if is_given(given)? && number(field, given)? == -1.0 {
        return Ok(Some(Duration::ZERO));
    }
    seconds(field, given)
}
