//! Errors of argument conversion.

use chatkeep::Error;
use napi::{JsValue as _, ValueType};

use super::JsArg;

/// The result of converting an argument.
pub(crate) type ArgResult<T> = Result<T, ArgError>;

pub(crate) enum ArgError {
    /// The value is invalid.
    Invalid(Error),
    /// JavaScript code that was called during the conversion threw.
    Thrown(napi::Error),
}

impl ArgError {
    /// Creates the error for a value of the wrong type.
    pub(crate) fn wrong_type(field: &str, expected: &str, arg: &JsArg<'_>) -> Self {
        Self::input(field, format!("must be {expected}, not {}", type_name(arg)))
    }

    /// Creates the error for an invalid value.
    pub(crate) fn input(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(Error::invalid_input(field.to_owned(), message.into()))
    }

    /// Replaces the field's name.
    pub(crate) fn map_field(self, rename: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Invalid(error) => {
                let name = rename(error.field().unwrap_or_default());
                Self::Invalid(error.with_field(name))
            }
            Self::Thrown(error) => Self::Thrown(error),
        }
    }
}

impl From<Error> for ArgError {
    fn from(error: Error) -> Self {
        Self::Invalid(error)
    }
}

impl From<napi::Error> for ArgError {
    fn from(error: napi::Error) -> Self {
        Self::Thrown(error)
    }
}

/// Returns a description of a value's type for error messages.
fn type_name(arg: &JsArg<'_>) -> &'static str {
    let Ok(value_type) = arg.get_type() else { return "something else" };
    match value_type {
        ValueType::Undefined => "undefined",
        ValueType::Null => "null",
        ValueType::Boolean => "a boolean",
        ValueType::Number => "a number",
        ValueType::String => "a string",
        ValueType::Symbol => "a symbol",
        ValueType::BigInt => "a bigint",
        ValueType::Function => "a function",
        _ if arg.is_date().unwrap_or(false) => "a Date",
        _ if arg.coerce_to_object().and_then(|object| object.is_array()).unwrap_or(false) => {
            "an array"
        }
        _ => "an object",
    }
}
