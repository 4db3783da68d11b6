//! Calls.

use std::fmt;

use chatkeep_core::described::{Arguments, Field, Type, Value};
use chatkeep_core::{Error, Result};

use super::answer::Answer;
use super::described::Operation;
use crate::Chatkeep;

/// A call with checked arguments. It may run on any thread.
pub type Prepared = Box<dyn FnOnce(&Chatkeep) -> Result<Box<dyn Answer>> + Send>;

impl Operation {
    /// Returns whether there is a generic call. Otherwise each language has a body of its own.
    pub fn is_generic(&self) -> bool {
        self.prepare.is_some()
    }

    /// Checks the arguments, and returns the call.
    ///
    /// `fields` are [`Operation::fields`], which a caller keeps, and `values` are in their order.
    ///
    /// # Errors
    /// - `InvalidInput`: an argument is missing or invalid. The error's field is its name.
    pub fn prepare(&self, fields: &[Field], values: Vec<Value>) -> Result<Prepared> {
        let Some(prepare) = self.prepare else {
            return Err(Error::internal(format!("{} has no generic call", self.name)));
        };
        prepare(&mut Arguments::new(fields, values))
            .map_err(|error| with_argument_name(fields, error).with_operation(self.name))
    }

    /// Returns the error of a call, with the argument's name in place of the library's field.
    pub fn rename(&self, fields: &[Field], error: Error) -> Error {
        with_argument_name(fields, error).with_operation(self.name)
    }
}

/// Replaces the library's field by the argument's name. An element of a list is named
/// `messages[3].user_message`, for example.
fn with_argument_name(fields: &[Field], error: Error) -> Error {
    let Some(field) = error.field() else { return error };
    let renamed = match field.split_once('[').zip(field.split_once("].")) {
        Some(((list, _), (index, name))) => {
            let elements = fields.iter().find(|field| field.source == list).map(|field| field.ty);
            let Some(Type::List(Type::Record(record))) = elements else { return error };
            let named = record.fields.iter().find(|field| field.source == name);
            named.map(|named| format!("{index}].{}", named.name))
        }
        None => {
            let named = fields.iter().find(|other| other.source == field);
            named.map(|named| named.name.to_owned())
        }
    };
    match renamed {
        Some(renamed) => error.with_field(renamed),
        None => error,
    }
}

impl fmt::Debug for dyn Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}
