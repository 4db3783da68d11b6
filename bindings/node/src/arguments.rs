//! From JavaScript values to chatkeep's. What cannot be taken is refused by the field's name, as everywhere in chatkeep;
//! nothing is guessed: no number from a text, no text from a number.

mod filter;
mod integer;
mod message;
mod metadata;
mod migrate;
mod moment;
mod options;
mod refusal;
mod settings;
mod text;
mod timeout;

pub(crate) use self::filter::{Conditions, Pages, conditions, cursor_behind, page};
pub(crate) use self::integer::{integer, is_given, optional_integer};
pub(crate) use self::message::{Parts, many, one};
pub(crate) use self::migrate::{Migrate, migrate};
pub(crate) use self::moment::optional_moment;
pub(crate) use self::options::{MESSAGES, SEARCHED, age, fine_tuning, order, switch};
pub(crate) use self::refusal::{Refusal, Taken};
pub(crate) use self::settings::Settings;
pub(crate) use self::text::{optional_text, text};
pub(crate) use self::timeout::{optional_seconds, seconds};

/// An argument as JavaScript gives it.
pub(crate) type Given<'a> = napi::Unknown<'a>;
