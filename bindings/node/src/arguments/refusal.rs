//! Why arguments were not taken.

use chatkeep::Error;
use napi::{JsValue, ValueType};

use super::Given;

/// What was taken, or why not.
pub(crate) type Taken<T> = Result<T, Refusal>;

pub(crate) enum Refusal {
    /// The value cannot be.
    Input(Error),
    /// JavaScript code that was asked for the value threw.
    Thrown(napi::Error),
}

impl Refusal {
    /// A value of a type that cannot be taken; `wanted` says what can.
    pub(crate) fn wrong_type(field: &str, wanted: &str, given: &Given<'_>) -> Self {
        Self::input(field, format!("must be {wanted}, not {}", kind(given)))
    }

    /// A value that cannot be taken.
    pub(crate) fn input(field: &str, message: impl Into<String>) -> Self {
        Self::Input(Error::invalid_input(field.to_owned(), message.into()))
    }

    /// The same of another field.
    pub(crate) fn about(self, field: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Input(error) => {
                let name = field(error.field().unwrap_or_default());
                Self::Input(error.with_field(name))
            }
            Self::Thrown(error) => Self::Thrown(error),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Input(error)
    }
}

impl From<napi::Error> for Refusal {
    fn from(error: napi::Error) -> Self {
        Self::Thrown(error)
    }
}

/// What a value is, for people.
fn kind(given: &Given<'_>) -> &'static str {
    let Ok(kind) = given.get_type() else { return "something else" };
    match kind {
        ValueType::Undefined => "undefined",
        ValueType::Null => "null",
        ValueType::Boolean => "a boolean",
        ValueType::Number => "a number",
        ValueType::String => "a string",
        ValueType::Symbol => "a symbol",
        ValueType::BigInt => "a bigint",
        ValueType::Function => "a function",
        _ if given.is_date().unwrap_or(false) => "a Date",
        _ if given.coerce_to_object().and_then(|object| object.is_array()).unwrap_or(false) => {
            "an array"
        }
        _ => "an object",
    }
}
