//! The TypeScript of the Node package: classes, types, and the decoding of results.
//!
//! Operations that the generic code does not fit are listed in `special.rs`. The handwritten code
//! for them is in `node/src`.

mod class;
mod decode;
mod encode;
mod example;
mod managers;
mod special;
mod tsdoc;
mod types;

use chatkeep_core::described::{Described as _, Enum, Record, Type};
use chatkeep_core::migrations::{HistoryEntry, SchemaDifference};

use crate::output::Output;
use crate::surface::Surface;

const FOLDER: &str = "node/src/generated";

/// Adds the files.
pub(crate) fn render(surface: &Surface, output: &mut Output) {
    let mut all = Types { arguments: surface.argument_records(), ..Types::default() };
    for interface in &surface.interfaces {
        for described in &interface.operations {
            all.add(&described.operation.returns);
            for (_, field) in &described.parameters {
                all.add_enums(&field.ty);
            }
        }
    }
    // Parts of the results of `migrate`, whose type depends on the verb.
    all.add(&HistoryEntry::TYPE);
    all.add(&SchemaDifference::TYPE);

    let spelling = tsdoc::JavaScript::new(surface, &all);
    let add = |output: &mut Output, name: &str, content: &str, text: &str| {
        let first = format!(
            "/** {content} Made from the descriptions in crates/ by `make generate`. */\n\n"
        );
        output.add(format!("{FOLDER}/{name}.ts"), first + text);
    };
    let types = types::render(surface, &all, &spelling);
    let decode = decode::render(&all);
    add(output, "types", "Arguments and results.", &types);
    add(output, "decode", "Decoding of results.", &decode);
    let encode = encode::render(&all);
    if let Some(encode) = &encode {
        add(output, "encode", "Keys of records in arguments.", encode);
    }
    add(output, "settings", "Settings of a store.", &types::setting_names());
    let managers = managers::base(surface, &spelling);
    add(output, "managers", "The managers of a store.", &managers);
    let environment = managers::environment(surface, &spelling);
    add(output, "environment", "The managers of the environment's store.", &environment);
    let declared = class::Declared::of(&types, &decode, &encode.unwrap_or_default());
    for interface in &surface.interfaces {
        let text = class::render(interface, &declared, &spelling);
        let content = format!("{}: its operations.", interface.class);
        add(output, interface.name, &content, &text);
    }
}

/// The records and enums, in the order of their first use.
#[derive(Default)]
struct Types {
    results: Vec<&'static Record>,
    /// Each follows the records inside of it, because its constant refers to theirs.
    arguments: Vec<&'static Record>,
    enums: Vec<&'static Enum>,
}

impl Types {
    fn add(&mut self, ty: &Type) {
        match ty {
            Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => self.add(inner),
            Type::Record(record) => {
                let is_new = push(&mut self.results, record);
                for field in record.fields.iter().filter(|_| is_new) {
                    self.add(&field.ty);
                }
            }
            Type::Enum(described) => {
                push(&mut self.enums, described);
            }
            _ => {}
        }
    }

    /// Adds the enums of an argument.
    fn add_enums(&mut self, ty: &Type) {
        match ty {
            Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => self.add_enums(inner),
            Type::Record(record) => {
                for field in record.fields {
                    self.add_enums(&field.ty);
                }
            }
            ty => self.add(ty),
        }
    }
}

/// Adds an element unless it is present. Returns whether it was added.
fn push<T: PartialEq>(list: &mut Vec<&'static T>, element: &'static T) -> bool {
    let is_new = !list.contains(&element);
    if is_new {
        list.push(element);
    }
    is_new
}

/// Returns the type of a result.
fn result_type(ty: &Type) -> String {
    match ty {
        Type::Nothing => "void".into(),
        Type::Bool => "boolean".into(),
        Type::Integer | Type::Float => "number".into(),
        Type::WideInteger | Type::HugeInteger => "number | bigint".into(),
        Type::Text | Type::Secret => "string".into(),
        Type::Timestamp => "Date".into(),
        Type::Bytes => "Buffer".into(),
        Type::Metadata => "Record<string, any>".into(),
        Type::Json | Type::Optional(Type::Json) => "any".into(),
        Type::Optional(inner) => format!("{} | null", result_type(inner)),
        Type::List(inner) => list_of(&result_type(inner)),
        Type::Map(inner) => format!("Readonly<Record<string, {}>>", result_type(inner)),
        Type::Record(record) => record.name.into(),
        Type::Enum(described) => described.name.into(),
        _ => panic!("{ty:?} is not the type of a result in TypeScript"),
    }
}

/// Returns the type of an argument.
fn argument_type(ty: &Type) -> String {
    match ty {
        Type::Bool => "boolean".into(),
        Type::Integer | Type::WideInteger => "number | bigint".into(),
        Type::Float | Type::Seconds => "number".into(),
        Type::Text | Type::Secret | Type::Path => "string".into(),
        Type::Timestamp => "TimestampInput".into(),
        Type::Bytes => "ArrayBufferView".into(),
        Type::Metadata => "object".into(),
        Type::Json | Type::Optional(Type::Json) => "unknown".into(),
        Type::Map(inner) => format!("Readonly<Record<string, {}>>", argument_type(inner)),
        Type::MetadataFilter => {
            "Readonly<Record<string, string | number | bigint | boolean | null>>".into()
        }
        Type::Cursor => "string | Message".into(),
        Type::Optional(inner) => format!("{} | null", argument_type(inner)),
        Type::List(Type::Record(record)) => format!("Iterable<{}>", record.name),
        Type::List(inner) => format!("readonly {}", list_of(&argument_type(inner))),
        Type::Record(record) => record.name.into(),
        Type::Enum(described) => described.name.into(),
        _ => panic!("{ty:?} is not the type of an argument in TypeScript"),
    }
}

/// Returns the type of a list.
fn list_of(element: &str) -> String {
    if element.contains(' ') { format!("({element})[]") } else { format!("{element}[]") }
}

/// Converts `migrate_from_old_sqlite` to `MIGRATE_FROM_OLD_SQLITE`.
fn constant(name: &str) -> String {
    name.to_uppercase()
}

/// Joins items on one line, or one per line if they do not fit.
fn joined(before: &str, items: &[String], after: &str, indent: usize) -> String {
    let line = format!("{before}{}{after}", items.join(", "));
    // The last line of `before` is the one that continues.
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    if line.len() - start <= 100 {
        return line;
    }
    let spaces = " ".repeat(indent);
    let items: String = items.iter().map(|item| format!("\n{spaces}  {item},")).collect();
    format!("{}{items}\n{spaces}{}", before.trim_end(), after.trim_start())
}
