//! Descriptions of values: their types, names and documentation.
//!
//! Every language has the same operations, arguments and results. They are defined once, as Rust
//! types that implement [`Described`]; the classes and types of the other languages are generated
//! from the descriptions. `#[derive(Record)]` implements it for structs and enums.

pub use chatkeep_macros::Record;

mod argument;
mod builtin;
mod types;
mod value;

pub use argument::{Arguments, FromValue, record_fields};
pub use types::{
    DefaultValue, Described, Enum, Field, Placement, Record, Type, Variant, fields_of,
    joined_fields,
};
pub use value::Value;
