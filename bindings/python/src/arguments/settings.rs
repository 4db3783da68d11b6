//! Settings of a store.
//!
//! A value out of range is a configuration error, as for the environment variables.

use std::time::Duration;

use chatkeep::{Chatkeep, ChatkeepBuilder, Error};
use pyo3::prelude::*;

use super::PyArg;
use super::boolean::optional_boolean;
use super::integer::optional_integer;
use super::text::optional_text;
use super::timeout::{MAX_SECONDS, number};
use crate::errors::{ArgError, ArgResult};

type SettingArg<'a, 'py> = Option<PyArg<'a, 'py>>;

/// Arguments of the `Chatkeep` constructor.
pub(crate) struct Settings<'a, 'py> {
    pub(crate) url: SettingArg<'a, 'py>,
    pub(crate) pool_size: SettingArg<'a, 'py>,
    pub(crate) max_overflow: SettingArg<'a, 'py>,
    pub(crate) pool_timeout: SettingArg<'a, 'py>,
    pub(crate) pool_recycle: SettingArg<'a, 'py>,
    pub(crate) pool_pre_ping: SettingArg<'a, 'py>,
    pub(crate) connect_timeout: SettingArg<'a, 'py>,
    pub(crate) query_timeout: SettingArg<'a, 'py>,
    pub(crate) max_retries: SettingArg<'a, 'py>,
    pub(crate) retry_delay: SettingArg<'a, 'py>,
    pub(crate) auto_migrate: SettingArg<'a, 'py>,
    pub(crate) writers: SettingArg<'a, 'py>,
    pub(crate) token_cache: SettingArg<'a, 'py>,
}

impl Settings<'_, '_> {
    /// Returns a builder with these settings. The environment provides the others.
    pub(crate) fn builder(&self) -> ArgResult<ChatkeepBuilder> {
        type Builder = ChatkeepBuilder;
        let mut builder = Chatkeep::builder();
        if let Some(url) = self.url.map_or(Ok(None), |given| optional_text("url", given))? {
            builder = builder.url(url);
        }
        builder = set(builder, integer("pool_size", self.pool_size)?, Builder::pool_size);
        builder = set(builder, integer("max_overflow", self.max_overflow)?, Builder::max_overflow);
        builder = set(builder, seconds("pool_timeout", self.pool_timeout)?, Builder::pool_timeout);
        builder = set(builder, lifetime("pool_recycle", self.pool_recycle)?, Builder::pool_recycle);
        builder =
            set(builder, boolean("pool_pre_ping", self.pool_pre_ping)?, Builder::pool_pre_ping);
        builder = set(
            builder,
            seconds("connect_timeout", self.connect_timeout)?,
            Builder::connect_timeout,
        );
        builder =
            set(builder, seconds("query_timeout", self.query_timeout)?, Builder::query_timeout);
        builder = set(builder, integer("max_retries", self.max_retries)?, Builder::max_retries);
        builder = set(builder, seconds("retry_delay", self.retry_delay)?, Builder::retry_delay);
        builder = set(builder, boolean("auto_migrate", self.auto_migrate)?, Builder::auto_migrate);
        builder = set(builder, integer("writers", self.writers)?, Builder::writers);
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

fn invalid(field: &'static str, reason: String) -> ArgError {
    ArgError::Input(Error::configuration(reason).with_field(field))
}

fn integer(field: &'static str, given: SettingArg<'_, '_>) -> ArgResult<Option<u32>> {
    let Some(given) = given else { return Ok(None) };
    let number = match optional_integer(field, given) {
        Ok(None) => return Ok(None),
        Ok(Some(number)) => number,
        Err(ArgError::Input(error)) => return Err(invalid(field, error.message().to_owned())),
        Err(error) => return Err(error),
    };
    let count = u32::try_from(number);
    count.map(Some).map_err(|_| {
        invalid(field, format!("must be a whole number from 0 to {}, not {number}", u32::MAX))
    })
}

fn seconds(field: &'static str, given: SettingArg<'_, '_>) -> ArgResult<Option<Duration>> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
    let seconds = number(field, given)?;
    if !(0.0..=MAX_SECONDS).contains(&seconds) {
        return Err(invalid(
            field,
            format!("must be a number of seconds from 0 to {MAX_SECONDS}, not {seconds}"),
        ));
    }
    Ok(Some(Duration::from_secs_f64(seconds)))
}

/// Converts a maximum lifetime in seconds. -1 becomes zero, which means no limit.
///
/// The environment variable `DB_POOL_RECYCLE` and SQLAlchemy accept -1, too.
fn lifetime(field: &'static str, given: SettingArg<'_, '_>) -> ArgResult<Option<Duration>> {
    let is_unlimited =
        |given: PyArg<'_, '_>| number(field, given).is_ok_and(|seconds| seconds == -1.0);
    if given.is_some_and(is_unlimited) { Ok(Some(Duration::ZERO)) } else { seconds(field, given) }
}

fn boolean(field: &'static str, given: SettingArg<'_, '_>) -> ArgResult<Option<bool>> {
    given.map_or(Ok(None), |given| optional_boolean(field, given))
}
