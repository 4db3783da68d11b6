//! Converts Python objects to chatkeep values.
//!
//! Errors name the invalid argument. There are no implicit conversions: a number is not parsed from
//! a string, a string is not made from a number, and neither `True` nor 1.5 is an integer.

mod defaults;
mod filter;
mod integer;
mod message;
mod metadata;
mod migrate;
mod path;
mod settings;
mod text;
mod timeout;
mod timestamp;

pub(crate) use self::defaults::{
    PAGE_SIZE, SEARCH_PAGE_SIZE, date_range, fine_tuning_format, max_age_days, order,
};
pub(crate) use self::filter::{FilterArgs, PageArgs, cursor_after_message, message_filter, page};
pub(crate) use self::integer::{integer, optional_integer};
pub(crate) use self::message::{MessageArgs, new_message, new_messages};
pub(crate) use self::migrate::{MigrateArgs, migrate_request};
pub(crate) use self::path::path;
pub(crate) use self::settings::Settings;
pub(crate) use self::text::{optional_text, text};
pub(crate) use self::timeout::seconds;
pub(crate) use self::timestamp::optional_timestamp;

/// An argument as passed by Python.
pub(crate) type PyArg<'a, 'py> = &'a pyo3::Bound<'py, pyo3::PyAny>;
