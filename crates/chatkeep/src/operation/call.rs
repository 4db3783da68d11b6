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
    let Some(path) = error.field() else { return error };
    match argument_name(fields, path).or_else(|| name_in_record(fields, path)) {
        Some(name) => error.with_field(name),
        None => error,
    }
}

/// Returns a path, such as `checkpoint.channels[3].data`, with the names of arguments in place of
/// the library's.
fn argument_name(fields: &[Field], path: &str) -> Option<String> {
    let (first, rest) = match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    let (source, index) = first.split_at(first.find('[').unwrap_or(first.len()));
    let field = fields.iter().find(|field| field.source == source)?;
    let name = format!("{}{index}", field.name);
    match rest {
        None => Some(name),
        Some(rest) => Some(format!("{name}.{}", argument_name(record_fields(&field.ty)?, rest)?)),
    }
}

/// Returns the path of a field of a record, which the library names without the argument.
fn name_in_record(fields: &[Field], path: &str) -> Option<String> {
    fields.iter().find_map(|field| {
        let record = field.ty.record()?;
        Some(format!("{}.{}", field.name, argument_name(record.fields, path)?))
    })
}

/// Returns the fields of a record, or of the records in a list.
fn record_fields(ty: &Type) -> Option<&'static [Field]> {
    match ty {
        Type::Optional(inner) | Type::List(inner) => record_fields(inner),
        Type::Record(record) => Some(record.fields),
        _ => None,
    }
}

impl fmt::Debug for dyn Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}
