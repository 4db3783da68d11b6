//! Descriptions of the operations, from which the other languages are generated.
//!
//! An operation is written once, as a method with the attribute `#[operation]`. Its description has
//! the documentation, the parameters and the result, and a function that runs it. Language bindings
//! convert the arguments with [`Parameter`]s' types, on the thread of the caller, and [`prepare`]
//! checks them. The prepared call then runs on any thread, and its answer is encoded where the
//! caller wants it.
//!
//! [`prepare`]: Operation::prepare

mod answer;
mod call;
mod described;
mod json;
mod json_text;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use answer::answer;
pub use call::Prepared;
pub use chatkeep_core::described::{
    Arguments, DefaultValue, Enum, Field, FromValue, Placement, Record, Type, Value, Variant,
};
pub use described::{Described, Form, Interface, Operation, Parameter, Prepare, group_size};
pub(crate) use described::{count, join};
pub use json_text::arguments_from_json_text;

/// Returns the interfaces of this crate: those of the managers, and the store's own.
///
/// ```
/// let tokens = chatkeep::operation::interfaces().iter().find(|interface| interface.name == "tokens");
/// let operations = tokens.expect("the interface exists").operations;
/// assert!(operations.iter().any(|operation| operation.name == "revoke_token"));
/// ```
pub fn interfaces() -> &'static [Interface] {
    crate::managers::INTERFACES
}
