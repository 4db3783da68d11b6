//! The descriptions.

use chatkeep_core::Result;
use chatkeep_core::described::{Arguments, DefaultValue, Field, Placement, Type};

use super::call::Prepared;

/// A type with operations.
pub trait Described {
    /// Its description.
    const INTERFACE: Interface;
}

/// An object with operations, such as the API tokens.
#[derive(Debug, Clone, Copy)]
pub struct Interface {
    /// Name in snake case, such as `tokens`.
    pub name: &'static str,
    /// Name of its class, such as `TokenManager`.
    pub class: &'static str,
    /// Documentation, in Markdown.
    pub documentation: &'static str,
    /// The operations.
    pub operations: &'static [Operation],
}

/// An operation: a call of an [`Interface`].
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Name in snake case, as callers spell it.
    pub name: &'static str,
    /// Name of the method in Rust.
    pub source: &'static str,
    /// Documentation, in Markdown, with the sections `# Arguments`, `# Returns` and `# Errors`.
    pub documentation: &'static str,
    /// Whether it waits.
    pub form: Form,
    /// Whether it changes the database.
    pub is_write: bool,
    /// The parameters, in the order in which [`Operation::prepare`] takes their values.
    pub parameters: &'static [Parameter],
    /// Names of the first parameters in the order of other languages; the others follow.
    pub order: &'static [&'static str],
    /// Defaults that differ from those of the parameters.
    pub defaults: &'static [(&'static str, DefaultValue)],
    /// Type of the result.
    pub returns: Type,
    /// Whether a language binding may have a faster body of its own.
    pub is_tuned: bool,
    /// Takes the arguments, and returns the call; see [`Operation::prepare`]. `None` if each
    /// language has a body of its own.
    pub prepare: Option<Prepare>,
}

/// Returns the number of operations of an interface's parts.
pub(crate) const fn count(parts: &[&[Operation]]) -> usize {
    let (mut count, mut part) = (0, 0);
    while part < parts.len() {
        count += parts[part].len();
        part += 1;
    }
    count
}

/// Joins the operations of an interface's parts, of which the first has an operation.
pub(crate) const fn join<const N: usize>(parts: &[&[Operation]]) -> [Operation; N] {
    let mut all = [parts[0][0]; N];
    let (mut at, mut part) = (0, 0);
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            all[at] = parts[part][index];
            at += 1;
            index += 1;
        }
        part += 1;
    }
    all
}

/// The generated function that takes the arguments of an operation.
pub type Prepare = fn(&mut Arguments<'_>) -> Result<Prepared>;

/// Whether an operation waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// It may wait. Other languages have an asynchronous form.
    Call,
    /// It does not wait.
    Immediate,
    /// It does not wait, and is read like a field.
    Property,
}

/// A parameter, or a record whose fields are parameters.
#[derive(Debug, Clone, Copy)]
pub enum Parameter {
    /// One parameter.
    Single(Field),
    /// A [`Type::Record`], each of whose fields is a parameter.
    Group(Type),
}

impl Operation {
    /// Returns the parameters, in the order in which their values are taken.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = Vec::new();
        for parameter in self.parameters {
            match parameter {
                Parameter::Single(field) => fields.push(*field),
                Parameter::Group(Type::Record(record)) => fields.extend(record.fields),
                Parameter::Group(_) => {}
            }
        }
        for field in &mut fields {
            if let Some((_, default)) = self.defaults.iter().find(|(name, _)| *name == field.name) {
                field.default = *default;
            }
        }
        fields
    }

    /// Returns the parameters in the order of other languages. Each has its position in
    /// [`Operation::fields`].
    pub fn ordered_fields(&self) -> Vec<(usize, Field)> {
        let mut fields: Vec<_> = self.fields().into_iter().enumerate().collect();
        let rank = |name: &str| self.order.iter().position(|other| *other == name);
        fields.sort_by_key(|(_, field)| {
            let is_named = field.placement == Placement::Named;
            (is_named, rank(field.name).unwrap_or(usize::MAX))
        });
        fields
    }
}

/// Returns the number of parameters of a record, for [`Arguments::group`].
pub fn group_size<T: chatkeep_core::described::Described>() -> usize {
    match T::TYPE {
        Type::Record(record) => record.fields.len(),
        _ => 1,
    }
}
