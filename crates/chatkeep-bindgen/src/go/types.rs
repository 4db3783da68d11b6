//! Types: records, enums and the kinds of errors.

use chatkeep_core::described::{DefaultValue, Described as _, Enum, Field, Record, Type};
use chatkeep_core::{ERROR_KINDS, SchemaState};

use super::comment::{Comment, continued};
use super::names::{Go, exported};
use crate::names::spell;
use crate::surface::Surface;

/// Returns the file.
pub(crate) fn file(surface: &Surface) -> String {
    let mut parts = vec![kinds()];
    if let Type::Enum(described) = SchemaState::TYPE {
        parts.push(enumeration(described));
    }
    parts.extend(surface.enums.values().map(|described| enumeration(described)));
    let arguments = surface.argument_records();
    for record in surface.records.values() {
        let is_argument = arguments.contains(record);
        parts.push(structure(record, is_argument));
        parts.extend(is_argument.then(|| marshaller(record)).flatten());
    }
    super::file(&parts.join("\n"))
}

fn kinds() -> String {
    let kinds: Vec<_> = ERROR_KINDS
        .iter()
        .map(|kind| {
            let mut comment = Comment::new("\t");
            comment.paragraph(&spell(kind.documentation, &Go::default()));
            format!("{}\tErr{} Kind = \"{}\"\n", comment.finish(), kind.name, kind.name)
        })
        .collect();
    format!("// The kinds of errors, for [errors.Is].\nconst (\n{})\n", kinds.join("\n"))
}

fn enumeration(described: &Enum) -> String {
    let name = described.name;
    let mut comment = Comment::new("");
    let documentation = continued(&spell(described.documentation, &Go::default()));
    let article = if documentation.starts_with(['a', 't']) { "" } else { "the name of " };
    comment.paragraph(&format!("{name} is {article}{documentation}"));
    let constants: Vec<_> = described
        .variants
        .iter()
        .map(|variant| {
            let mut comment = Comment::new("\t");
            comment.paragraph(&spell(variant.documentation, &Go::default()));
            let constant = format!("{name}{}", exported(variant.name));
            format!("{}\t{constant} {name} = \"{}\"\n", comment.finish(), variant.name)
        })
        .collect();
    format!(
        "{}type {name} string\n\n// The values of [{name}].\nconst (\n{})\n",
        comment.finish(),
        constants.join("\n")
    )
}

fn structure(record: &Record, is_argument: bool) -> String {
    let mut comment = Comment::new("");
    let documentation = spell(record.documentation, &Go::default());
    for (index, paragraph) in documentation.split("\n\n").enumerate() {
        // Examples are in Rust.
        if index == 0 {
            comment.paragraph(&format!("{} is {}", record.name, continued(paragraph)));
        } else if !paragraph.contains("```") {
            comment.paragraph(paragraph);
        }
    }
    let fields: Vec<_> =
        record.fields.iter().map(|described| field(described, is_argument)).collect();
    format!("{}type {} struct {{\n{}}}\n", comment.finish(), record.name, fields.join("\n"))
}

/// Returns the method that encodes a record with empty slices in place of nil ones, which would be
/// null. `None` if no field requires a slice.
fn marshaller(record: &Record) -> Option<String> {
    let name = record.name;
    let receiver = name[..1].to_lowercase();
    let is_slice = |field: &&Field| {
        field.default == DefaultValue::Required && matches!(field.ty, Type::List(_) | Type::Bytes)
    };
    let slices = record.fields.iter().filter(is_slice);
    let replaced: String = slices
        .map(|field| format!("{receiver}.{}", exported(field.name)))
        .map(|field| format!("\t{field} = list({field})\n"))
        .collect();
    (!replaced.is_empty()).then(|| {
        format!(
            "// MarshalJSON encodes the record. A nil slice is the same as an empty one.\n\
             func ({receiver} {name}) MarshalJSON() ([]byte, error) {{\n{replaced}\ttype plain \
             {name}\n\treturn json.Marshal(plain({receiver}))\n}}\n"
        )
    })
}

/// Returns a field of a struct. An omitted argument has its zero value.
pub(crate) fn field(field: &Field, is_argument: bool) -> String {
    let mut comment = Comment::new("\t");
    let default = match field.default {
        DefaultValue::Integer(value) if value != 0 => format!(" Zero means {value}."),
        DefaultValue::Bool(true) if is_argument => " Nil means true.".to_owned(),
        DefaultValue::Text(value) if !value.is_empty() => {
            format!(" An empty string means {value:?}.")
        }
        _ => String::new(),
    };
    comment.paragraph(&(spell(field.documentation, &Go::default()) + &default));
    // A map or a list is omitted if it is nil, which is null, but not if it is empty.
    let is_container = matches!(
        field.ty,
        Type::Metadata
            | Type::MetadataFilter
            | Type::Optional(Type::Metadata | Type::Bytes | Type::List(_))
    );
    let omit = if is_argument && field.default != DefaultValue::Required && !is_container {
        ",omitempty"
    } else {
        ""
    };
    let name = exported(field.name);
    let mut ty = if is_argument { argument_type(&field.ty) } else { go_type(&field.ty) };
    if is_argument && field.default == DefaultValue::Bool(true) {
        ty = format!("*{ty}");
    }
    format!("{}\t{name} {ty} `json:\"{}{omit}\"`\n", comment.finish(), field.name)
}

/// Returns a type.
pub(crate) fn go_type(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".into(),
        Type::Integer | Type::WideInteger => "int64".into(),
        Type::HugeInteger | Type::Optional(Type::HugeInteger) => "*big.Int".into(),
        Type::Float => "float64".into(),
        Type::Text | Type::Path => "string".into(),
        Type::Secret => "Secret".into(),
        Type::Timestamp => "time.Time".into(),
        Type::Bytes => "[]byte".into(),
        Type::Metadata | Type::MetadataFilter => "Metadata".into(),
        Type::Cursor => "Cursor".into(),
        Type::Json => "json.RawMessage".into(),
        Type::Optional(inner @ (Type::Metadata | Type::Bytes | Type::Cursor | Type::List(_))) => {
            go_type(inner)
        }
        Type::Optional(inner) => format!("*{}", go_type(inner)),
        Type::List(inner) => format!("[]{}", go_type(inner)),
        Type::Map(inner) => format!("map[string]{}", go_type(inner)),
        Type::Record(record) => record.name.into(),
        Type::Enum(described) => described.name.into(),
        _ => unreachable!("a new type has no counterpart in Go yet"),
    }
}

/// Returns the type of an argument: any Go value for JSON, so that callers need not encode it.
pub(crate) fn argument_type(ty: &Type) -> String {
    match ty {
        Type::Json | Type::Optional(Type::Json) => "any".into(),
        Type::Optional(inner @ Type::Map(_)) => argument_type(inner),
        Type::List(inner) => format!("[]{}", argument_type(inner)),
        Type::Map(inner) => format!("map[string]{}", argument_type(inner)),
        ty => go_type(ty),
    }
}
