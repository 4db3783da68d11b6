//! The settings of a store. What is out of range is an error of the configuration, as it is in the environment.

use std::time::Duration;

use chatkeep::{Chatkeep, ChatkeepBuilder, Error};
use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::timeout::{LONGEST, number};
use super::{Given, optional_integer, optional_text};
use crate::errors::Refusal;

type Argument<'a, 'py> = Option<Given<'a, 'py>>;

/// The arguments of a store's constructor, where they are given.
pub(crate) struct Settings<'a, 'py> {
    pub(crate) url: Argument<'a, 'py>,
    pub(crate) pool_size: Argument<'a, 'py>,
    pub(crate) max_overflow: Argument<'a, 'py>,
    pub(crate) pool_timeout: Argument<'a, 'py>,
    pub(crate) pool_recycle: Argument<'a, 'py>,
    pub(crate) pool_pre_ping: Argument<'a, 'py>,
    pub(crate) connect_timeout: Argument<'a, 'py>,
    pub(crate) query_timeout: Argument<'a, 'py>,
    pub(crate) max_retries: Argument<'a, 'py>,
    pub(crate) retry_delay: Argument<'a, 'py>,
    pub(crate) auto_migrate: Argument<'a, 'py>,
    pub(crate) writers: Argument<'a, 'py>,
    pub(crate) token_cache: Argument<'a, 'py>,
}

impl Settings<'_, '_> {
    /// The builder with what is given; the rest comes from the environment.
    pub(crate) fn builder(&self) -> Result<ChatkeepBuilder, Refusal> {
        type Builder = ChatkeepBuilder;
        let mut builder = Chatkeep::builder();
        if let Some(url) = self.url.map_or(Ok(None), |given| optional_text("url", given))? {
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

fn count(field: &'static str, given: Argument<'_, '_>) -> Result<Option<u32>, Refusal> {
    let Some(given) = given else { return Ok(None) };
    let number = match optional_integer(field, given) {
        Ok(None) => return Ok(None),
        Ok(Some(number)) => number,
        Err(Refusal::Input(error)) => return Err(wrong(field, error.message().to_owned())),
        Err(refusal) => return Err(refusal),
    };
    let count = u32::try_from(number);
    count
        .map(Some)
        .map_err(|_| wrong(field, format!("must be a whole number of 0 or more, not {number}")))
}

fn seconds(field: &'static str, given: Argument<'_, '_>) -> Result<Option<Duration>, Refusal> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
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
fn lifetime(field: &'static str, given: Argument<'_, '_>) -> Result<Option<Duration>, Refusal> {
    let is_unlimited =
        |given: Given<'_, '_>| number(field, given).is_ok_and(|seconds| seconds == -1.0);
    if given.is_some_and(is_unlimited) { Ok(Some(Duration::ZERO)) } else { seconds(field, given) }
}

fn switch(field: &'static str, given: Argument<'_, '_>) -> Result<Option<bool>, Refusal> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
    let switch =
        given.cast::<PyBool>().map_err(|_| Refusal::wrong_type(field, "a bool or None", given))?;
    Ok(Some(switch.is_true()))
}
