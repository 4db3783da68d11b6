//! Conversion of JavaScript values to library types. Invalid values are rejected with the field's
//! name. Types are never coerced: no number is parsed from a string, and no string is made from a
//! number.

mod bytes;
mod error;
mod integer;
mod metadata;
mod settings;
mod text;
mod timeout;
mod timestamp;
mod value;

pub(crate) use self::error::{ArgError, ArgResult};
pub(crate) use self::integer::{integer, is_given};
pub(crate) use self::settings::builder;
pub(crate) use self::text::{optional_text, text};
pub(crate) use self::timeout::{optional_seconds, seconds};
pub(crate) use self::value::values;

/// An argument as JavaScript passes it.
pub(crate) type JsArg<'a> = napi::Unknown<'a>;
