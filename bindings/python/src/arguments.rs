//! From Python objects to chatkeep's values. What cannot be taken is refused by the field's name, as everywhere in
//! chatkeep; nothing is guessed: no number from a text, no text from a number, no integer from a boolean or from 1.5.

mod filter;
mod integer;
mod message;
mod metadata;
mod migrate;
mod moment;
mod options;
mod path;
mod settings;
mod text;
mod timeout;

pub(crate) use self::filter::{Conditions, Pages, conditions, cursor_behind, page};
pub(crate) use self::integer::{integer, optional_integer};
pub(crate) use self::message::{Parts, many, one};
pub(crate) use self::migrate::{Migrate, migrate};
pub(crate) use self::moment::optional_moment;
pub(crate) use self::options::{MESSAGES, SEARCHED, age, fine_tuning, order, span};
pub(crate) use self::path::path;
pub(crate) use self::settings::Settings;
pub(crate) use self::text::{optional_text, text};
pub(crate) use self::timeout::seconds;

/// An argument as Python gives it.
pub(crate) type Given<'a, 'py> = &'a pyo3::Bound<'py, pyo3::PyAny>;
