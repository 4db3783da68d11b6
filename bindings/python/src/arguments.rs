//! Converts Python objects to chatkeep values.
//!
//! Errors name the invalid argument. There are no implicit conversions: a number is not parsed from
//! a string, a string is not made from a number, and neither `True` nor 1.5 is an integer.

mod boolean;
mod bytes;
mod cursor;
mod integer;
mod list;
mod map;
mod metadata;
mod path;
mod record;
mod settings;
mod text;
mod timeout;
mod timestamp;
mod value;

pub(crate) use self::cursor::cursor_after_message;
pub(crate) use self::record::ResultKeys;
pub(crate) use self::settings::builder;
pub(crate) use self::text::{optional_text, text};
pub(crate) use self::value::value;

/// An argument as passed by Python.
pub(crate) type PyArg<'a, 'py> = &'a pyo3::Bound<'py, pyo3::PyAny>;
