//! The settings of a store. A value out of range is a configuration error, as for the environment
//! variables.

use std::time::Duration;

use chatkeep::{Chatkeep, ChatkeepBuilder, Error};

use super::timeout::{MAX_SECONDS, number};
use super::{ArgError, ArgResult, JsArg, is_given, optional_bool, optional_integer, optional_text};

/// The options of a store's constructor.
pub(crate) struct Settings<'a, 'env> {
    pub(crate) url: &'a JsArg<'env>,
    pub(crate) pool_size: &'a JsArg<'env>,
    pub(crate) max_overflow: &'a JsArg<'env>,
    pub(crate) pool_timeout: &'a JsArg<'env>,
    pub(crate) pool_recycle: &'a JsArg<'env>,
    pub(crate) pool_pre_ping: &'a JsArg<'env>,
    pub(crate) connect_timeout: &'a JsArg<'env>,
    pub(crate) query_timeout: &'a JsArg<'env>,
    pub(crate) max_retries: &'a JsArg<'env>,
    pub(crate) retry_delay: &'a JsArg<'env>,
    pub(crate) auto_migrate: &'a JsArg<'env>,
    pub(crate) writers: &'a JsArg<'env>,
    pub(crate) token_cache: &'a JsArg<'env>,
}

impl Settings<'_, '_> {
    /// Returns a builder with the given settings. The environment provides the others.
    pub(crate) fn builder(&self) -> ArgResult<ChatkeepBuilder> {
        type Builder = ChatkeepBuilder;
        let mut builder = Chatkeep::builder();
        if let Some(url) = optional_text("url", self.url)? {
            builder = builder.url(url);
        }
        builder = set(builder, count("pool_size", self.pool_size)?, Builder::pool_size);
        builder = set(builder, count("max_overflow", self.max_overflow)?, Builder::max_overflow);
        builder = set(builder, seconds("pool_timeout", self.pool_timeout)?, Builder::pool_timeout);
        builder = set(builder, lifetime("pool_recycle", self.pool_recycle)?, Builder::pool_recycle);
        builder = set(
            builder,
            optional_bool("pool_pre_ping", self.pool_pre_ping)?,
            Builder::pool_pre_ping,
        );
        builder = set(
            builder,
            seconds("connect_timeout", self.connect_timeout)?,
            Builder::connect_timeout,
        );
        builder =
            set(builder, seconds("query_timeout", self.query_timeout)?, Builder::query_timeout);
        builder = set(builder, count("max_retries", self.max_retries)?, Builder::max_retries);
        builder = set(builder, seconds("retry_delay", self.retry_delay)?, Builder::retry_delay);
        builder =
            set(builder, optional_bool("auto_migrate", self.auto_migrate)?, Builder::auto_migrate);
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

fn out_of_range(field: &'static str, reason: String) -> ArgError {
    ArgError::Invalid(Error::configuration(reason).with_field(field))
}

fn count(field: &'static str, arg: &JsArg<'_>) -> ArgResult<Option<u32>> {
    let Some(number) = optional_integer(field, arg)? else { return Ok(None) };
    let count = u32::try_from(number);
    count.map(Some).map_err(|_| {
        out_of_range(field, format!("must be a whole number from 0 to {}, not {number}", u32::MAX))
    })
}

fn seconds(field: &'static str, arg: &JsArg<'_>) -> ArgResult<Option<Duration>> {
    if !is_given(arg)? {
        return Ok(None);
    }
    let seconds = number(field, arg)?;
    if !(0.0..=MAX_SECONDS).contains(&seconds) {
        return Err(out_of_range(
            field,
            format!("must be a number of seconds from 0 to {MAX_SECONDS}, not {seconds}"),
        ));
    }
    Ok(Some(Duration::from_secs_f64(seconds)))
}

/// Converts a maximum lifetime in seconds. -1 becomes zero, which means no limit.
///
/// The environment variable `DB_POOL_RECYCLE` and SQLAlchemy accept -1, too.
fn lifetime(field: &'static str, arg: &JsArg<'_>) -> ArgResult<Option<Duration>> {
    if is_given(arg)? && number(field, arg)? == -1.0 {
        return Ok(Some(Duration::ZERO));
    }
    seconds(field, arg)
}
