//! From values to arguments.

use super::types::{DefaultValue, Field, Type};
use super::value::Value;
use crate::error::{Error, Result};

/// A type that can be an argument.
pub trait FromValue: Sized {
    /// Converts a value, which has the type's description.
    ///
    /// # Errors
    /// `InvalidInput` when the value is not allowed, and `Internal` when it has another type.
    fn from_value(value: Value) -> Result<Self>;
}

/// The values of an operation's parameters or of a record's fields, in their order.
#[derive(Debug)]
pub struct Arguments<'a> {
    fields: &'a [Field],
    values: std::vec::IntoIter<Value>,
    next: usize,
}

impl<'a> Arguments<'a> {
    /// Combines values with the fields that they belong to. Omitted values at the end may be
    /// missing in the list, too.
    pub fn new(fields: &'a [Field], values: Vec<Value>) -> Self {
        Self { fields, values: values.into_iter(), next: 0 }
    }

    /// Returns the next argument.
    ///
    /// # Errors
    /// `InvalidInput` with the argument's name when it is required and missing, or invalid.
    pub fn take<T: FromValue>(&mut self) -> Result<T> {
        let value = self.next_value()?;
        let Field { name, ty, .. } = self.fields[self.next - 1];
        T::from_value(value).map_err(|error| match error.field() {
            None => error.with_field(name),
            // An element of a list.
            Some(element) if element.starts_with('[') => {
                let field = format!("{name}{element}");
                error.with_field(field)
            }
            Some(field) if ty.record().is_some() => {
                let field = format!("{name}.{field}");
                error.with_field(field)
            }
            // A text with a form of its own, such as a cost. Its error has the name of the type.
            Some(_) if matches!(ty, Type::Text | Type::Optional(Type::Text)) => {
                error.with_field(name)
            }
            Some(_) => error,
        })
    }

    /// Returns the next `count` arguments as the fields of one record.
    ///
    /// # Errors
    /// `InvalidInput` with the name of a field that is required and missing, or invalid.
    pub fn group<T: FromValue>(&mut self, count: usize) -> Result<T> {
        let values = (0..count).map(|_| self.next_value()).collect::<Result<_>>()?;
        T::from_value(Value::Record(values))
    }

    /// Returns the remaining arguments as the fields of one record. `None` if none of them has a
    /// value.
    ///
    /// # Errors
    /// `InvalidInput` with the name of a field that is required and missing, or invalid.
    pub fn rest<T: FromValue>(&mut self) -> Result<Option<T>> {
        let count = self.fields.len() - self.next;
        let values: Vec<_> = (0..count).map(|_| self.next_value()).collect::<Result<_>>()?;
        if values.iter().all(|value| matches!(value, Value::Nothing)) {
            return Ok(None);
        }
        T::from_value(Value::Record(values)).map(Some)
    }

    fn next_value(&mut self) -> Result<Value> {
        let Some(field) = self.fields.get(self.next) else {
            return Err(Error::internal("an operation has more arguments than parameters"));
        };
        self.next += 1;
        match self.values.next().unwrap_or(Value::Missing) {
            Value::Missing => match field.default {
                DefaultValue::Required => Err(Error::invalid_input(field.name, "is required")),
                DefaultValue::Nothing => Ok(Value::Nothing),
                DefaultValue::Bool(value) => Ok(Value::Bool(value)),
                DefaultValue::Integer(value) => Ok(Value::Integer(value)),
                DefaultValue::Float(value) => Ok(Value::Float(value)),
                DefaultValue::Text(value) => Ok(Value::Text(value.to_owned())),
            },
            value => Ok(value),
        }
    }
}

/// Returns the values of a record's fields, for `#[derive(Record)]`.
///
/// # Errors
/// `Internal` when the value is not a record.
pub fn record_fields(fields: &[Field], value: Value) -> Result<Arguments<'_>> {
    match value {
        Value::Record(values) => Ok(Arguments::new(fields, values)),
        _ => Err(unexpected("a record")),
    }
}

/// Returns the error about a value that was converted to another type than the described one.
pub(super) fn unexpected(expected: &str) -> Error {
    Error::internal(format!("internal error: an argument is not {expected}; please report this"))
}
