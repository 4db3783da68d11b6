//! The module `chatkeep.types`.

use std::collections::BTreeSet;

use chatkeep_core::described::{DefaultValue, Enum, Field, Record, Type};

use super::HEADER;
use super::docstring::Docstring;
use super::layout::{WIDTH, bracketed};
use super::spelling::{Use, hint, text};
use crate::documentation::first_sentence;
use crate::surface::Surface;
use crate::wrap::lines;

/// Types that no operation uses, written by hand.
const FIRST: &str = include_str!("types/first.py");
const LAST: &str = include_str!("types/last.py");

/// Renders the module.
pub(super) fn module(surface: &Surface) -> String {
    let arguments = surface.argument_records();
    let mut written = BTreeSet::new();
    let mut classes = String::new();
    for record in surface.records.values() {
        record_with_its_fields(record, &arguments, &mut written, &mut classes);
    }
    let enums: Vec<_> = surface.enums.values().map(|described| literal(described)).collect();
    let enums = enums.join("\n");
    let names = surface.records.keys().chain(surface.enums.keys()).copied();
    let mut names: Vec<_> = names.chain(defined(FIRST)).chain(defined(LAST)).collect();
    names.sort_unstable();
    let names: String = names.iter().map(|name| format!("    {name:?},\n")).collect();
    let first = FIRST.replace("__all__ = []\n", &format!("__all__ = [\n{names}]\n"));
    format!("{HEADER}{first}\n{enums}{classes}\n\n{LAST}")
}

/// Returns the public names that a handwritten part defines.
fn defined(source: &'static str) -> impl Iterator<Item = &'static str> {
    source.lines().filter_map(|line| {
        let name = match line.strip_prefix("class ") {
            Some(class) => class.split('(').next(),
            None => line.split_once(": TypeAlias").map(|(name, _)| name),
        };
        name.filter(|name| !name.starts_with(['_', ' ']))
    })
}

/// Writes a class after those of its fields, because a definition precedes its uses.
fn record_with_its_fields(
    record: &Record,
    arguments: &[&Record],
    written: &mut BTreeSet<&'static str>,
    out: &mut String,
) {
    if !written.insert(record.name) {
        return;
    }
    for field in record.fields {
        let mut ty = &field.ty;
        while let Type::Optional(inner) | Type::List(inner) | Type::Map(inner) = ty {
            ty = inner;
        }
        if let Type::Record(inner) = ty {
            record_with_its_fields(inner, arguments, written, out);
        }
    }
    let documentation = documentation(record.documentation, 4);
    let fields = |usage, fields: &mut dyn Iterator<Item = &Field>| {
        fields.map(|field| attribute(field, usage)).collect::<String>()
    };
    let name = record.name;
    if arguments.contains(&record) {
        let (required, optional): (Vec<_>, Vec<_>) =
            record.fields.iter().partition(|field| field.default == DefaultValue::Required);
        let required = fields(Use::Argument, &mut required.into_iter());
        let mut optional = fields(Use::Argument, &mut optional.into_iter());
        if !optional.is_empty() {
            // An empty line after the docstring.
            optional.insert(0, '\n');
        }
        out.push_str(&format!(
            "\n\nclass _{name}Required(TypedDict):\n{required}\n\nclass {name}(_{name}Required, \
             total=False):\n{documentation}{optional}"
        ));
    } else {
        let fields = fields(Use::Result, &mut record.fields.iter());
        out.push_str(&format!("\n\nclass {name}(TypedDict):\n{documentation}\n{fields}"));
    }
}

/// Returns the docstring of a type: its first sentence, because others are about Rust.
fn documentation(markdown: &str, indent: usize) -> String {
    let all = text(markdown, "");
    let summary = first_sentence(&all).0.to_owned();
    Docstring { summary, ..Docstring::default() }.render(indent)
}

fn attribute(field: &Field, usage: Use) -> String {
    // Sphinx takes words before a colon for a type.
    let comment = text(field.documentation, "").replace(": ", "; ");
    let comment = lines(&comment, WIDTH - "    #: ".len());
    let comment: String = comment.iter().map(|line| format!("    #: {line}\n")).collect();
    format!("{comment}    {}: {}\n", field.name, hint(&field.ty, usage))
}

fn literal(described: &Enum) -> String {
    let names: Vec<_> =
        described.variants.iter().map(|variant| format!("{:?}", variant.name)).collect();
    let documentation = documentation(described.documentation, 0);
    let head = format!("{}: TypeAlias = Literal[", described.name);
    bracketed(0, &head, &names, "]") + &documentation
}
