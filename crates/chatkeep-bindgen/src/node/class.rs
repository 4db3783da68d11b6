//! The TypeScript file of an interface: its class, and the constants by which it calls operations.

use chatkeep::operation::Form;
use chatkeep_core::described::{DefaultValue, Field, Type};

use super::decode::{converter, is_plain};
use super::encode::constant_name;
use super::example::Examples;
use super::special::{NEW_MESSAGE, Special, base, class, special};
use super::tsdoc::{Comment, JavaScript};
use super::types::{Options, default_text, is_positional};
use super::{argument_type, constant, joined, result_type};
use crate::names::{Spelling as _, camel};
use crate::surface::{Described, Interface};

/// Returns the contents of the file of an interface.
pub(super) fn render(interface: &Interface, declared: &Declared, spelling: &JavaScript) -> String {
    let examples = Examples::read(interface.name);
    let name = class(interface.class);
    for example in examples.names() {
        let is_operation = |described: &Described| camel(described.operation.name) == example;
        assert!(
            example == interface.class || interface.operations.iter().any(is_operation),
            "the example {example:?} belongs to no operation of {}",
            interface.name
        );
    }
    let mut constants = String::new();
    let mut methods = String::new();
    for described in &interface.operations {
        constants += &constant_of(interface.name, described);
        methods += &method(interface.name, described, &examples, spelling);
    }
    let (base, module) = base(interface.class);
    let mut comment = Comment::new(&interface.documentation, spelling, 0);
    if let Some(example) = examples.find(interface.class) {
        comment.example(&example);
    }
    let body = format!(
        "{constants}\n{}export class {name} extends {base} {{{}}}\n",
        comment.finish(0),
        methods.trim_end_matches('\n').to_owned() + "\n",
    );
    imports(&body, base, module, declared) + &body
}

/// Names that the other generated files export.
pub(super) struct Declared {
    types: Vec<String>,
    functions: Vec<String>,
    keys: Vec<String>,
}

impl Declared {
    /// Returns the names in the files with types, with the decoding of results, and with the keys of
    /// records.
    pub(super) fn of(types: &str, functions: &str, keys: &str) -> Self {
        Self {
            types: exported(types, &["export interface ", "export type "]),
            functions: exported(functions, &["export function "]),
            keys: exported(keys, &["export const "]),
        }
    }
}

fn exported(text: &str, prefixes: &[&str]) -> Vec<String> {
    let declaration = |line: &str| {
        let declared = prefixes.iter().find_map(|prefix| line.strip_prefix(prefix))?;
        let end = |character: char| !character.is_alphanumeric();
        declared.split(end).next().map(str::to_owned)
    };
    let mut names: Vec<_> = text.lines().filter_map(declaration).collect();
    names.sort();
    names
}

/// Returns the imports of the names that the code contains.
fn imports(
    code: &str,
    base: &'static str,
    base_module: &'static str,
    declared: &Declared,
) -> String {
    // A name in a comment needs no import.
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with(['*', '/']))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut words: Vec<_> =
        code.split(|character: char| !(character.is_alphanumeric() || character == '_')).collect();
    words.sort_unstable();
    words.dedup();
    let used = |names: &[&str]| -> Vec<String> {
        names.iter().filter(|name| words.contains(*name)).map(|name| (*name).to_owned()).collect()
    };
    let mut out = String::new();
    let mut add = |kind: &str, names: Vec<String>, module: &str| {
        if !names.is_empty() {
            out.push_str(&joined(
                &format!("import {kind}{{ "),
                &names,
                &format!(" }} from '{module}';\n"),
                0,
            ));
        }
    };
    add("", used(&["identity", "noResult"]), "../calls.js");
    add("", used(&["cursorArg"]), "../cursors.js");
    if base != "OperationGroup" {
        add("", vec![base.to_owned()], base_module);
    }
    let texts = ["jsonText", "metadataText", "optionalJsonText"];
    add("", used(&texts), "../metadata.js");
    add("", used(&["OperationGroup", "call", "callSync", "operation"]), "../operations.js");
    add("", used(&["jsonMapArg", "recordArg", "recordsArg"]), "../records.js");
    let revive = [
        "bytesOf",
        "integer",
        "listOf",
        "mapValues",
        "messagesOf",
        "optional",
        "optionalMessageOf",
        "optionalOf",
        "recordOf",
        "timestampOf",
    ];
    add("", used(&revive), "../revive.js");
    add("", used(&["timestampArg"]), "../timestamps.js");
    let tuned = [
        "checkToken",
        "close",
        "createToken",
        "flush",
        "iterMessages",
        "logMessage",
        "logMessages",
        "migrate",
        "verifyToken",
        "waitUntilReady",
    ];
    let bodies = tuned.iter().filter(|name| code.contains(&format!("return {name}("))).copied();
    add("", bodies.map(str::to_owned).collect(), "../tuned.js");
    let hand_written = [
        "Abortable",
        "MigrateResponses",
        "MigrateVerb",
        "NewMessage",
        "TimeoutOptions",
        "TimestampInput",
    ];
    add("type ", used(&hand_written), "../types.js");
    let used_of = |names: &[String]| used(&names.iter().map(String::as_str).collect::<Vec<_>>());
    // Only a function that is passed as an argument counts: a parameter may have the same name.
    let is_passed = |name: &&String| {
        code.contains(&format!("({name})")) || code.contains(&format!("raw, {name})"))
    };
    add("", declared.functions.iter().filter(is_passed).cloned().collect(), "./decode.js");
    add("", used_of(&declared.keys), "./encode.js");
    add("type ", used_of(&declared.types), "./types.js");
    out + "\n"
}

/// Returns the constant by which an operation is called.
fn constant_of(interface: &str, described: &Described) -> String {
    let operation = described.operation;
    let special = special(interface, operation.name);
    let options = Options::of(interface, described).fields.into_iter().map(|field| field.name);
    let mut options: Vec<_> = options.map(|name| format!("'{}'", camel(name))).collect();
    options.extend(special.more_options.iter().map(|name| format!("'{name}'")));
    let decode = match special.decode {
        Some((decode, _)) => decode.to_owned(),
        None => decode(&operation.returns),
    };
    let arguments = [
        format!("'{interface}'"),
        format!("'{}'", operation.name),
        format!("'{}'", camel(operation.name)),
        format!("[{}]", options.join(", ")),
        decode,
    ];
    joined(&format!("const {} = operation(", constant(operation.name)), &arguments, ");\n", 0)
}

/// Returns the function that decodes a response.
fn decode(returns: &Type) -> String {
    match returns {
        Type::Nothing => "noResult".into(),
        Type::Bool => "identity<boolean>".into(),
        Type::Integer | Type::Bytes => converter(returns),
        Type::Optional(Type::Bytes) => "(raw: string | null) => optional(raw, bytesOf)".into(),
        Type::Optional(Type::Integer) => format!("integer<{}>", result_type(returns)),
        Type::Text | Type::Enum(_) | Type::Optional(Type::Text) => {
            format!("identity<{}>", result_type(returns))
        }
        Type::List(inner) if is_plain(inner) => {
            format!("recordOf(identity<{}>)", result_type(returns))
        }
        Type::List(inner) => format!("listOf({})", converter(inner)),
        Type::Optional(inner) => format!("optionalOf({})", converter(inner)),
        Type::Record(_) | Type::Map(_) => format!("recordOf({})", converter(returns)),
        _ => panic!("{returns:?} is not the type of a result in TypeScript"),
    }
}

fn method(
    interface: &str,
    described: &Described,
    examples: &Examples,
    spelling: &JavaScript,
) -> String {
    let operation = described.operation;
    let name = camel(operation.name);
    let special = special(interface, operation.name);
    let options = Options::of(interface, described);
    let positional = positional(described, &special, spelling);
    let comment = comment(described, &special, &options, &positional, spelling);
    let mut comment = comment;
    if let Some(example) = examples.find(&name) {
        comment.example(&example);
    }
    let comment = comment.finish(2);
    let returns = result_type_of(described, &special);
    let target = constant(operation.name);
    if operation.form != Form::Call {
        let head = if operation.form == Form::Property { "get " } else { "" };
        return format!(
            "\n{comment}  {head}{name}(): {returns} {{\n    return callSync(this, {target});\n  }}\n"
        );
    }
    let mut parameters: Vec<_> = positional
        .iter()
        .map(|parameter| {
            let mark = if parameter.is_optional { "?" } else { "" };
            format!("{}{mark}: {}", parameter.name, parameter.ty)
        })
        .collect();
    let options_type = special.options.map_or_else(|| options.type_name(), |(ty, _)| ty.to_owned());
    parameters.push(format!("options?: {options_type}"));
    let returns = special.returns.map_or_else(|| format!("Promise<{returns}>"), str::to_owned);
    let generic =
        if special.generic.is_empty() { String::new() } else { format!("<{}>", special.generic) };
    let head = joined(&format!("  {name}{generic}("), &parameters, &format!("): {returns} {{"), 2);
    let body = special.body.unwrap_or("call");
    let call = call(body, &target, described, &special, &options);
    format!("\n{comment}{head}\n{call}\n  }}\n")
}

fn result_type_of(described: &Described, special: &Special) -> String {
    match special.decode {
        Some((_, ty)) => ty.to_owned(),
        None => result_type(&described.operation.returns),
    }
}

/// Returns the statement that makes a call.
fn call(
    body: &str,
    target: &str,
    described: &Described,
    special: &Special,
    options: &Options,
) -> String {
    let mut fields = described.parameters.clone();
    fields.sort_by_key(|(position, _)| *position);
    let values: Vec<_> = match special.values {
        Some(values) => values.iter().map(|value| (*value).to_owned()).collect(),
        None => fields.iter().map(|(_, field)| value(field, target)).collect(),
    };
    let named: Vec<_> = options.fields.iter().map(|field| camel(field.name)).collect();
    let taken = if named.is_empty() { "()".to_owned() } else { joined("({ ", &named, " })", 4) };
    let before = format!("    return {body}(this, {target}, options, {taken} => [");
    joined(&before, &values, "]);", 4)
}

/// Returns the expression of a value in the form that the addon converts.
fn value(field: &Field, target: &str) -> String {
    let name = camel(field.name);
    match field.ty {
        Type::Timestamp | Type::Optional(Type::Timestamp) => format!("timestampArg({name})"),
        Type::Metadata | Type::Optional(Type::Metadata) | Type::MetadataFilter => {
            let field = if name == "metadata" { String::new() } else { format!(", '{name}'") };
            format!("metadataText({target}.name, {name}{field})")
        }
        Type::Json => format!("jsonText({target}.name, '{name}', {name})"),
        Type::Optional(Type::Json) => format!("optionalJsonText({target}.name, '{name}', {name})"),
        Type::Map(Type::Json) => format!("jsonMapArg({target}.name, '{name}', {name})"),
        Type::Cursor | Type::Optional(Type::Cursor) => format!("cursorArg({target}.name, {name})"),
        Type::List(Type::Record(record)) if record.name != NEW_MESSAGE => {
            format!("recordsArg({target}.name, '{name}', {name}, {})", constant_name(record))
        }
        Type::Record(record) => {
            format!("recordArg({target}.name, '{name}', {name}, {})", constant_name(record))
        }
        // Without a value, there is nothing to convert.
        Type::Optional(inner @ (Type::Record(_) | Type::List(Type::Record(_)))) => {
            format!("{name} && {}", value(&Field { ty: *inner, ..*field }, target))
        }
        _ => name,
    }
}

/// A positional parameter.
struct Positional {
    name: String,
    ty: String,
    documentation: String,
    is_optional: bool,
}

fn positional(described: &Described, special: &Special, spelling: &JavaScript) -> Vec<Positional> {
    let field = |name: &str| described.parameters.iter().find(|(_, field)| field.name == name);
    let text = |field: &Field| {
        spelling.text(&field.documentation.replace('\n', " ")) + &default_text(&field.default)
    };
    if !special.positional.is_empty() {
        let of = |(name, ty, documentation): &(&str, &str, Option<&str>)| {
            let field = field(name).map(|(_, field)| field);
            Positional {
                name: (*name).to_owned(),
                ty: (*ty).to_owned(),
                documentation: match documentation {
                    Some(documentation) => (*documentation).to_owned(),
                    None => field.map(text).unwrap_or_default(),
                },
                is_optional: field.is_some_and(|field| field.default != DefaultValue::Required),
            }
        };
        return special.positional.iter().map(of).collect();
    }
    let fields = described.parameters.iter().map(|(_, field)| field);
    fields
        .filter(|field| is_positional(field))
        .map(|field| Positional {
            name: camel(field.name),
            ty: argument_type(&field.ty),
            documentation: text(field),
            is_optional: field.default != DefaultValue::Required,
        })
        .collect()
}

fn comment(
    described: &Described,
    special: &Special,
    options: &Options,
    positional: &[Positional],
    spelling: &JavaScript,
) -> Comment {
    let documentation = &described.documentation;
    let mut comment = Comment::new(documentation, spelling, 2);
    if described.waits() {
        comment.empty_line();
        for parameter in positional {
            comment.wrap(&format!("@param {} {}", parameter.name, parameter.documentation), 2);
        }
        let names: Vec<_> =
            options.fields.iter().map(|field| format!("`{}`", camel(field.name))).collect();
        let text = match special.options {
            Some((_, documentation)) => documentation.to_owned(),
            None if names.is_empty() => "An abort signal.".to_owned(),
            None => format!("Options: {} and `signal`.", names.join(", ")),
        };
        comment.wrap(&format!("@param options {text}"), 2);
    }
    if let Some(returns) = &documentation.returns {
        comment.wrap(&format!("@returns {}", spelling.text(returns)), 2);
    }
    for (kinds, cause) in &documentation.errors {
        let codes: Vec<_> = kinds.iter().map(|kind| spelling.code(kind)).collect();
        comment.wrap(&format!("@throws {}: {}", codes.join(", "), spelling.text(cause)), 2);
    }
    comment
}
