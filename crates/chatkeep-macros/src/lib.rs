//! Macros of chatkeep. They describe operations and records once, for every language.
//!
//! - [`operations`] describes the methods of an interface, such as `TokenManager`, and adds their
//!   asynchronous forms.
//! - [`Record`] describes a struct or an enum that is an argument or a result.

mod documentation;
mod operations;
mod parameter;
mod record;

use proc_macro::TokenStream;

/// Describes the methods of an `impl` block that have the attribute `#[operation]`, and adds their
/// asynchronous forms.
///
/// The documentation of the block is that of the interface. Arguments of the attribute:
///
/// - `name = "tokens"`: the interface's name.
/// - `receiver = tokens`: the method of `Chatkeep` that returns the object; without it, the block
///   is of `Chatkeep` itself.
/// - `parts(ITEMS, TURNS)`: further blocks of the interface, in other files. Each of these has
///   `part = ITEMS` instead of a name, and its operations follow those of the first block.
///
/// Arguments of `#[operation]`:
///
/// - `read` or `write`: whether the method changes the database.
/// - `immediate` or `property`: the method does not wait, so it is not awaited in the asynchronous
///   form either. A property is read like a field.
/// - `name = "db_type"`: the name in other languages, if it differs.
/// - `order(limit, offset)`: the order of the parameters in other languages. Unnamed ones follow.
/// - `defaults(limit = 50)`: defaults that differ from those of a record.
/// - `tuned`: bindings may have a faster body of their own.
/// - `custom`: the method does not fit the generic call, so each language has a body of its own.
/// - `blocking`: the asynchronous form, if any, is written by hand.
///
/// Arguments of `#[argument]`, on a parameter: `flatten` replaces a record by its fields;
/// `name = "…"` and `default = …` are those in other languages; `positional` and `named` determine
/// how it is passed; `required` makes an optional value an argument that cannot be omitted.
#[proc_macro_attribute]
pub fn operations(arguments: TokenStream, item: TokenStream) -> TokenStream {
    operations::expand(arguments.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// Implements `Described` for a struct with named fields, or for an enum, by its variants' names.
///
/// Arguments of `#[record]` on the type: `name = "…"` is its name in other languages; `argument`
/// implements `FromValue`, too. On a field: `name = "…"`, `default = …`, `positional` and `named`
/// as for a parameter; `wide` for an integer that may exceed 2^53; `described_as = T` for the
/// description of another type; `skip` leaves it out, as `#[serde(skip)]` does; `flatten`, on the
/// last field of an argument, replaces an `Option<Box<T>>` by the fields of the record `T`, which
/// are all optional.
#[proc_macro_derive(Record, attributes(record))]
pub fn record(item: TokenStream) -> TokenStream {
    record::expand(item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}
