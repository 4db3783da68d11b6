//! Names in Python.

use chatkeep_core::described::{DefaultValue, Type};

use crate::names::{Spelling, spell};

/// Whether a value is passed to chatkeep or returned by it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Use {
    Argument,
    Result,
}

/// Records of arguments, with the results that can be passed in their place.
const STORED: [(&str, &str); 1] = [("NewMessage", "Message")];

/// The spelling of names in the documentation of a class.
struct Python<'a> {
    class: &'a str,
}

impl Spelling for Python<'_> {
    fn method(&self, class: &str, method: &str) -> String {
        if class.is_empty() || class == self.class {
            format!("``{method}``")
        } else {
            format!("``chatkeep.{class}.{method}``")
        }
    }

    fn code(&self, code: &str) -> String {
        match code {
            "true" => "``True``".into(),
            "false" => "``False``".into(),
            code => format!("``{}``", exception(code).unwrap_or(code)),
        }
    }
}

/// Returns a text of the documentation, on one line.
pub(super) fn text(markdown: &str, class: &str) -> String {
    let spelled = spell(markdown, &Python { class });
    // Ruff reports characters that resemble others.
    let plain = spelled.replace('–', " to ").replace('×', "times");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Starts a text with a capital letter, and ends it with a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    let end = if text.ends_with('.') { "" } else { "." };
    first.unwrap_or_default() + characters.as_str() + end
}

/// Returns the exception class of a kind of error.
pub(super) fn exception(kind: &str) -> Option<&'static str> {
    let found = chatkeep::ERROR_KINDS.iter().find(|described| described.name == kind);
    found.map(|described| described.exception)
}

/// Returns the type hint of a type.
pub(super) fn hint(ty: &Type, usage: Use) -> String {
    let is_argument = usage == Use::Argument;
    match ty {
        Type::Nothing => "None".into(),
        Type::Bool => "bool".into(),
        Type::Integer | Type::WideInteger | Type::HugeInteger => "int".into(),
        Type::Float | Type::Seconds => "float".into(),
        Type::Text | Type::Secret => "str".into(),
        Type::Path => "str | PathLike[str]".into(),
        Type::Timestamp if is_argument => "TimestampInput".into(),
        Type::Timestamp => "str".into(),
        Type::Bytes if is_argument => "bytes | bytearray | memoryview".into(),
        Type::Bytes => "bytes".into(),
        Type::Metadata if is_argument => "Mapping[str, Any]".into(),
        Type::Metadata => "dict[str, Any]".into(),
        Type::Json | Type::Optional(Type::Json) => "Any".into(),
        Type::MetadataFilter => "MetadataFilter | None".into(),
        Type::Cursor => "str | Message".into(),
        Type::Optional(inner) => format!("{} | None", hint(inner, usage)),
        Type::List(Type::Record(record)) if is_argument => {
            match STORED.iter().find(|(new, _)| *new == record.name) {
                Some((new, stored)) => format!("Iterable[{new} | {stored}]"),
                None => format!("Iterable[{}]", record.name),
            }
        }
        Type::List(inner) if is_argument => format!("Iterable[{}]", hint(inner, usage)),
        Type::List(inner) => format!("list[{}]", hint(inner, usage)),
        Type::Map(inner) if is_argument => format!("Mapping[str, {}]", hint(inner, usage)),
        Type::Map(inner) => format!("dict[str, {}]", hint(inner, usage)),
        Type::Record(record) => record.name.into(),
        Type::Enum(described) => described.name.into(),
        _ => unreachable!("a new type has no name yet"),
    }
}

/// Returns the type in a docstring, which has no other explanation of it.
pub(super) fn documented_hint(ty: &Type, usage: Use) -> String {
    hint(ty, usage).replace("TimestampInput", "datetime | date | str")
}

/// Returns the default value of an argument.
pub(super) fn default(value: DefaultValue) -> Option<String> {
    Some(match value {
        DefaultValue::Nothing => "None".into(),
        DefaultValue::Bool(true) => "True".into(),
        DefaultValue::Bool(false) => "False".into(),
        DefaultValue::Integer(value) => value.to_string(),
        DefaultValue::Float(value) => format!("{value:?}"),
        DefaultValue::Text(value) => format!("{value:?}"),
        _ => return None,
    })
}
