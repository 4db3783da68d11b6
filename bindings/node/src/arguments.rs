//! Conversion of JavaScript values to library types. Invalid values are rejected with the field's
//! name. Types are never coerced: no number is parsed from a string, and no string is made from a
//! number.

mod error;
mod filter;
mod integer;
mod message;
mod metadata;
mod migrate;
mod options;
mod settings;
mod text;
mod timeout;
mod timestamp;

pub(crate) use self::error::{ArgError, ArgResult};
pub(crate) use self::filter::{FilterArgs, PageArgs, cursor_after_message, message_filter, page};
pub(crate) use self::integer::{integer, is_given, optional_integer};
pub(crate) use self::message::{MessageArgs, new_message, new_messages};
pub(crate) use self::migrate::{MigrateArgs, migrate_request};
pub(crate) use self::options::{
    DEFAULT_LIMIT, DEFAULT_SEARCH_LIMIT, days_or_default, fine_tuning_format, optional_bool, order,
};
pub(crate) use self::settings::Settings;
pub(crate) use self::text::{optional_text, text};
pub(crate) use self::timeout::{optional_seconds, seconds};
pub(crate) use self::timestamp::optional_timestamp;

/// An argument as JavaScript passes it.
pub(crate) type JsArg<'a> = napi::Unknown<'a>;
