//! Functions that convert parsed JSON to results.

use chatkeep_core::described::{Record, Type};

use super::{Types, joined, result_type};
use crate::names::camel;

/// Returns the contents of `decode.ts`.
pub(super) fn render(types: &Types) -> String {
    let functions: String = types.results.iter().map(|record| function(record)).collect();
    let mut names: Vec<_> = types.results.iter().map(|record| record.name.to_owned()).collect();
    names.sort();
    let helpers: Vec<_> = [
        "bytesOf",
        "integer",
        "jsonOf",
        "jsonReady",
        "mapValues",
        "optional",
        "secretive",
        "timestampOf",
    ]
    .iter()
    .filter(|helper| functions.contains(*helper))
    .map(|helper| (*helper).to_owned())
    .collect();
    let mut out = String::new();
    if functions.contains("restoreBigints") {
        out += "import { restoreBigints } from '../metadata.js';\n";
    }
    out += &joined("import { ", &helpers, " } from '../revive.js';\n", 0);
    out += &joined("import type { ", &names, " } from './types.js';\n", 0);
    out + &functions
}

/// Returns the name of the function that converts a record.
pub(super) fn function_name(record: &Record) -> String {
    record.name[..1].to_lowercase() + &record.name[1..]
}

fn function(record: &Record) -> String {
    let name = function_name(record);
    let fields: String = record
        .fields
        .iter()
        .map(|field| {
            let raw = format!("raw.{}", field.name);
            format!("    {}: {},\n", camel(field.name), value(&field.ty, &raw))
        })
        .collect();
    let object = format!("{{\n{fields}  }}");
    let secrets: Vec<_> = record
        .fields
        .iter()
        .filter(|field| field.ty == Type::Secret)
        .map(|field| format!("'{}'", camel(field.name)))
        .collect();
    let containers: Vec<_> = record
        .fields
        .iter()
        .filter(|field| {
            let ty = if let Type::Optional(inner) = field.ty { inner } else { &field.ty };
            matches!(ty, Type::Metadata | Type::Json)
        })
        .map(|field| format!("restoreBigints(raw.{})", field.name))
        .collect();
    let has_integer = record.fields.iter().any(|field| {
        matches!(
            field.ty,
            Type::Integer
                | Type::WideInteger
                | Type::HugeInteger
                | Type::Optional(Type::Integer | Type::WideInteger)
                | Type::Map(_)
        )
    });
    let mut value = object;
    match &*containers {
        [] if has_integer => value = format!("jsonReady({value})"),
        [] => {}
        [restore] => value = format!("jsonReady({value}, {restore})"),
        all => value = format!("jsonReady({value}, [{}].includes(true))", all.join(", ")),
    }
    if !secrets.is_empty() {
        value = format!("secretive({value}, [{}])", secrets.join(", "));
    }
    format!("\nexport function {name}(raw: any): {} {{\n  return {value};\n}}\n", record.name)
}

/// Returns whether the parsed JSON of this type is the result, without a conversion.
pub(super) fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Bool | Type::Float | Type::Text | Type::Secret => true,
        Type::Enum(_) | Type::Metadata => true,
        Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => is_plain(inner),
        _ => false,
    }
}

fn value(ty: &Type, raw: &str) -> String {
    match ty {
        ty if is_plain(ty) => raw.to_owned(),
        Type::Integer | Type::WideInteger | Type::HugeInteger => format!("integer({raw})"),
        Type::Optional(Type::Integer | Type::WideInteger) => format!("integer({raw})"),
        Type::Json | Type::Optional(Type::Json) => format!("jsonOf({raw})"),
        Type::Timestamp => format!("timestampOf({raw})"),
        Type::Bytes => format!("bytesOf({raw})"),
        Type::Record(record) => format!("{}({raw})", function_name(record)),
        Type::Optional(inner) => format!("optional({raw}, {})", converter(inner)),
        Type::List(inner) => format!("{raw}.map({})", converter(inner)),
        Type::Map(inner) => format!("mapValues({raw}, {})", converter(inner)),
        _ => panic!("{ty:?} is not the type of a result in TypeScript"),
    }
}

/// Returns the function that converts a value of a type.
pub(super) fn converter(ty: &Type) -> String {
    match ty {
        Type::Integer | Type::WideInteger | Type::HugeInteger => {
            format!("integer<{}>", result_type(ty))
        }
        Type::Timestamp => "timestampOf".into(),
        Type::Bytes => "bytesOf".into(),
        Type::Record(record) => function_name(record),
        ty => format!("(raw: any): {} => {}", result_type(ty), value(ty, "raw")),
    }
}
