//! Types: records, choices and options.

use chatkeep::operation::Parameter;
use chatkeep::{ERROR_KINDS, Range, SETTINGS};
use chatkeep_core::described::{DefaultValue, Enum, Field, Placement, Record, Type};

use super::special::{NEW_MESSAGE, options_name, special};
use super::tsdoc::{Comment, JavaScript};
use super::{Types, argument_type, result_type};
use crate::documentation::Documentation;
use crate::names::{camel, pascal};
use crate::surface::{Described, Surface};

/// Returns the file.
pub(super) fn render(surface: &Surface, types: &Types, spelling: &JavaScript) -> String {
    let mut out = String::from("import type { Abortable, TimestampInput } from '../types.js';\n");
    for described in &types.enums {
        out += &choice(described, spelling);
    }
    for record in &types.results {
        out += &result(record, spelling);
    }
    for record in &types.arguments {
        let suffix = if record.name == NEW_MESSAGE { "Keys" } else { "" };
        let is_result = types.results.contains(record);
        if !is_result {
            out += &argument_record(record, &format!("{}{suffix}", record.name), spelling);
        }
    }
    let mut rendered = Vec::new();
    let operations = surface.interfaces.iter().flat_map(|interface| {
        interface.operations.iter().map(|described| (interface.name, described))
    });
    for (interface, described) in operations {
        let options = Options::of(interface, described);
        if let Some(filter) = options.filter
            && !rendered.contains(&filter.name.to_owned())
        {
            rendered.push(filter.name.to_owned());
            out += &argument_record(filter, filter.name, spelling);
        }
        if let Some(name) = options.own_name().filter(|name| !rendered.contains(name)) {
            out += &options_interface(&name, described, &options, spelling);
            rendered.push(name);
        }
    }
    out + &settings(spelling) + &error_codes(spelling)
}

/// Returns the settings of a store.
fn settings(spelling: &JavaScript) -> String {
    let documentation =
        "Settings of a store. Those that are not set are read from the environment.";
    let mut out = interface_start(documentation, "ChatkeepOptions", "", spelling);
    for setting in SETTINGS {
        let (ty, default) = match (setting.range, setting.default) {
            (Range::Switch, "on") => ("boolean", "`true`"),
            (Range::Switch, _) => ("boolean", "`false`"),
            (Range::Secret(_), default) => ("string", default),
            (_, default) => ("number", default),
        };
        let mut documentation = one_line(setting.documentation.trim());
        if matches!(setting.range, Range::Seconds(_)) {
            documentation = documentation.replacen('.', ", in seconds.", 1);
        }
        let text = format!(
            "{} Default: `{}`, or {default}.",
            spelling.text(&documentation),
            setting.variable,
        );
        out += &Comment::of(&text, 2).finish(2);
        out += &format!("  readonly {}?: {ty} | undefined;\n", camel(setting.name));
    }
    out + "}\n"
}

/// Returns the names of the settings, in the order in which the addon takes them.
pub(super) fn setting_names() -> String {
    let names: String =
        SETTINGS.iter().map(|setting| format!("  '{}',\n", camel(setting.name))).collect();
    format!(
        "/** The names, in the order in which the addon takes the values. */\nexport const SETTINGS = [\n{names}] as const;\n"
    )
}

/// Returns the codes of errors.
fn error_codes(spelling: &JavaScript) -> String {
    let mut out = "\n/** Codes of errors. */\nexport type ChatkeepErrorCode =".to_owned();
    for kind in ERROR_KINDS {
        let text = spelling.text(&one_line(kind.documentation));
        out += &format!("\n{}  | '{}'", Comment::of(&text, 2).finish(2), kind.code);
    }
    out + ";\n"
}

/// The options of an operation, apart from its signal.
pub(super) struct Options {
    /// Fields that are passed by name.
    pub(super) fields: Vec<Field>,
    /// The record of the filter, if its fields are among them.
    pub(super) filter: Option<&'static Record>,
    name: String,
}

impl Options {
    /// Returns the options of an operation.
    pub(super) fn of(interface: &str, described: &Described) -> Self {
        let operation = described.operation;
        let special = special(interface, operation.name);
        let fields = if special.values.is_some() {
            // They are the keys of one object.
            Vec::new()
        } else {
            let fields = described.parameters.iter().map(|(_, field)| *field);
            fields.filter(|field| !is_positional(field)).collect()
        };
        let filter = operation.parameters.iter().find_map(|parameter| match parameter {
            Parameter::Group(Type::Record(record)) if record.name == "MessageFilter" => {
                Some(*record)
            }
            _ => None,
        });
        let name = options_name(interface, operation.name)
            .map_or_else(|| format!("{}Options", pascal(operation.name)), str::to_owned);
        Self { fields, filter, name }
    }

    /// Returns the fields that are not those of the filter.
    fn own_fields(&self) -> Vec<&Field> {
        let is_in_filter = |field: &&Field| {
            self.filter.is_some_and(|filter| filter.fields.iter().any(|one| one.name == field.name))
        };
        self.fields.iter().filter(|field| !is_in_filter(field)).collect()
    }

    /// Returns the name of the interface, if the operation has one.
    fn own_name(&self) -> Option<String> {
        (!self.own_fields().is_empty()).then(|| self.name.clone())
    }

    /// Returns the type.
    pub(super) fn type_name(&self) -> String {
        match (self.own_name(), self.filter) {
            (Some(name), _) => name,
            (None, Some(filter)) => format!("{} & Abortable", filter.name),
            (None, None) => "Abortable".to_owned(),
        }
    }
}

/// Returns whether a parameter is passed by position.
pub(super) fn is_positional(field: &Field) -> bool {
    match field.placement {
        Placement::Positional => true,
        Placement::Automatic => field.default == DefaultValue::Required,
        _ => false,
    }
}

fn choice(described: &Enum, spelling: &JavaScript) -> String {
    let documentation = Documentation::parse(described.documentation);
    let mut out = format!("\n{}", Comment::new(&documentation, spelling, 0).finish(0));
    out += &format!("export type {} =", described.name);
    for variant in described.variants {
        let text = spelling.text(&one_line(variant.documentation));
        out += &format!("\n{}  | '{}'", Comment::of(&text, 2).finish(2), variant.name);
    }
    out + ";\n"
}

fn result(record: &Record, spelling: &JavaScript) -> String {
    let mut out = interface_start(record.documentation, record.name, "", spelling);
    for field in record.fields {
        let mut text = spelling.text(&one_line(field.documentation));
        match field.ty {
            Type::Timestamp | Type::Optional(Type::Timestamp) if field.name == "timestamp" => {
                text += " A `Date` shows only milliseconds, but if you pass it back as an \
                         argument, the stored microseconds are kept.";
            }
            Type::Json | Type::Optional(Type::Metadata) => {
                text += " Integers beyond 2^53 are `bigint`s, which JSON represents as strings of \
                         digits.";
            }
            Type::Secret => {
                text += " `util.inspect`, and so `console.log`, shows at most its start."
            }
            _ => {}
        }
        out += &Comment::of(&text, 2).finish(2);
        let mut ty = result_type(&field.ty);
        if matches!(field.ty, Type::List(_)) {
            ty = format!("readonly {ty}");
        }
        out += &format!("  readonly {}: {ty};\n", camel(field.name));
    }
    out + "}\n"
}

fn argument_record(record: &Record, name: &str, spelling: &JavaScript) -> String {
    let mut out = interface_start(record.documentation, name, "", spelling);
    for field in record.fields {
        out += &argument_field(field, spelling);
    }
    out + "}\n"
}

fn options_interface(
    name: &str,
    described: &Described,
    options: &Options,
    spelling: &JavaScript,
) -> String {
    let documentation = format!("Options of `{}`.", described.operation.name);
    let filter = options.filter.map(|filter| format!("{}, ", filter.name)).unwrap_or_default();
    let extends = format!(" extends {filter}Abortable");
    let mut out = interface_start(&documentation, name, &extends, spelling);
    for field in options.own_fields() {
        out += &argument_field(field, spelling);
    }
    out + "}\n"
}

fn interface_start(
    documentation: &str,
    name: &str,
    extends: &str,
    spelling: &JavaScript,
) -> String {
    let documentation = Documentation::parse(documentation);
    let comment = Comment::new(&documentation, spelling, 0).finish(0);
    format!("\n{comment}export interface {name}{extends} {{\n")
}

fn argument_field(field: &Field, spelling: &JavaScript) -> String {
    let mut text = spelling.text(&one_line(field.documentation));
    text += &default_text(&field.default);
    let mut ty = argument_type(&field.ty);
    let is_required = field.default == DefaultValue::Required;
    if !is_required {
        if matches!(field.ty, Type::Bool | Type::MetadataFilter) {
            ty += " | null";
        }
        if ty != "unknown" {
            ty += " | undefined";
        }
    }
    let mark = if is_required { "" } else { "?" };
    let comment = Comment::of(&text, 2).finish(2);
    let line = format!("  readonly {}{mark}: {ty};\n", camel(field.name));
    comment + &line
}

/// Returns the sentence about a default.
pub(super) fn default_text(default: &DefaultValue) -> String {
    match default {
        DefaultValue::Bool(value) => format!(" Default: `{value}`."),
        DefaultValue::Integer(value) => format!(" Default: {value}."),
        DefaultValue::Float(value) => format!(" Default: {value}."),
        DefaultValue::Text("") => " Default: an empty string.".into(),
        DefaultValue::Text(value) => format!(" Default: `{value}`."),
        _ => String::new(),
    }
}

fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")
}
