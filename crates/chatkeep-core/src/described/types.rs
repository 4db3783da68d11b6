//! The closed set of types that every language supports.

/// A Rust type with a counterpart in every language.
pub trait Described {
    /// The counterpart.
    const TYPE: Type;
}

/// A type of an argument or a result.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Type {
    /// No result.
    Nothing,
    /// A boolean.
    Bool,
    /// An integer that is exact in every language: an id or a count.
    Integer,
    /// An integer of 64 bits. In JavaScript it is a `bigint` beyond 2^53.
    WideInteger,
    /// An integer that may exceed 64 bits, such as a sum.
    HugeInteger,
    /// A 64-bit floating-point number.
    Float,
    /// A duration in seconds.
    Seconds,
    /// A string.
    Text,
    /// A string that is not shown in logs.
    Secret,
    /// A path in the file system.
    Path,
    /// A UTC timestamp in microseconds.
    Timestamp,
    /// Binary data.
    Bytes,
    /// A JSON object.
    Metadata,
    /// Required metadata: keys with a string, a number, a boolean or null.
    MetadataFilter,
    /// A position in the message log: a cursor or a message.
    Cursor,
    /// Any JSON value.
    Json,
    /// A value or nothing.
    Optional(&'static Type),
    /// A list.
    List(&'static Type),
    /// Values by name.
    Map(&'static Type),
    /// A record.
    Record(&'static Record),
    /// One of several names.
    Enum(&'static Enum),
}

impl Type {
    /// Returns the record if a value is one record, or nothing.
    pub fn record(&self) -> Option<&'static Record> {
        match self {
            Self::Optional(inner) => inner.record(),
            Self::Record(record) => Some(record),
            _ => None,
        }
    }
}

/// A record: a struct with named fields.
#[derive(Debug, PartialEq)]
pub struct Record {
    /// Name, in Pascal case.
    pub name: &'static str,
    /// Documentation, in Markdown.
    pub documentation: &'static str,
    /// The fields, in the order in which they are serialized.
    pub fields: &'static [Field],
}

/// A field of a record, or a parameter of an operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Name in snake case, as callers spell it.
    pub name: &'static str,
    /// Name of the field in Rust, which errors of this library contain.
    pub source: &'static str,
    /// Documentation, in Markdown.
    pub documentation: &'static str,
    /// Type of the value.
    pub ty: Type,
    /// Value that a caller may omit.
    pub default: DefaultValue,
    /// How a caller passes the value.
    pub placement: Placement,
}

/// Returns the fields of a record type, for `#[record(flatten)]`.
///
/// # Panics
/// If the type is not a record. This is a compile error, because a constant is computed.
#[must_use]
pub const fn fields_of<T: Described>() -> &'static [Field] {
    match T::TYPE {
        Type::Record(record) => record.fields,
        _ => panic!("only a record can be flattened"),
    }
}

/// Returns the `N` fields of two lists, for `#[record(flatten)]`.
///
/// # Panics
/// If the lists do not have `N` fields. This is a compile error, because a constant is computed.
#[must_use]
pub const fn joined_fields<const N: usize>(first: &[Field], second: &[Field]) -> [Field; N] {
    assert!(first.len() + second.len() == N, "N is the number of fields");
    let mut all = [first[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

/// The value of an omitted argument.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum DefaultValue {
    /// The argument is required.
    Required,
    /// No value.
    Nothing,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A string.
    Text(&'static str),
}

/// How a caller passes an argument, in languages that have a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placement {
    /// By position if it is required, otherwise by name.
    Automatic,
    /// By position.
    Positional,
    /// By name only.
    Named,
}

/// One of several names.
#[derive(Debug, PartialEq)]
pub struct Enum {
    /// Name, in Pascal case.
    pub name: &'static str,
    /// Documentation, in Markdown.
    pub documentation: &'static str,
    /// The names.
    pub variants: &'static [Variant],
}

/// A name of an [`Enum`].
#[derive(Debug, PartialEq)]
pub struct Variant {
    /// Name in snake case, the value in every language.
    pub name: &'static str,
    /// Documentation, in Markdown.
    pub documentation: &'static str,
}
