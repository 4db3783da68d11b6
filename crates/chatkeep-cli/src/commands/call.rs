//! `chatkeep call …`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use chatkeep::Error;
use chatkeep::described::{DefaultValue, Field, Type};
use chatkeep::operation::{Form, Operation, arguments_from_json_text};
use chatkeep_transfer::{interfaces, operation};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::args::call::CallArguments;
use crate::context::Context;
use crate::failure::Failure;

/// Arguments by name, each as JSON text, so that no number is rounded.
type Given = BTreeMap<String, Box<RawValue>>;

pub(super) fn run(arguments: &CallArguments, context: &Context) -> Result<u8, Failure> {
    if arguments.list {
        return context.terminal.answer(&as_json(), as_text).map(|()| 0);
    }
    let path = arguments.operation.as_deref().unwrap_or_default();
    let found = path.split_once('.').and_then(|(interface, name)| operation(interface, name));
    let Some(operation) = found.filter(|operation| operation.is_generic()) else {
        let message = format!("no operation {path:?}; `chatkeep call --list` prints all of them");
        return Err(Failure::usage(message).with_field(Some("OPERATION".to_owned())));
    };
    let fields = operation.fields();
    let given = raw_json(&read_arguments(arguments, &fields)?)?;
    let call = operation.prepare(&fields, arguments_from_json_text(&fields, given.get())?)?;
    let chat = context.open()?;
    let answer = call(&chat).map_err(|error| operation.rename(&fields, error))?;
    context.terminal.print_json(&answer).map(|()| 0)
}

/// Returns the arguments.
fn read_arguments(arguments: &CallArguments, fields: &[Field]) -> Result<Given, Failure> {
    let mut given = match &arguments.input {
        Some(file) => read_object(file)?,
        None => Given::new(),
    };
    for (position, argument) in (1..).zip(&arguments.arguments) {
        let Some((name, text)) = argument.split_once('=') else {
            // It is not shown, because it may be a secret.
            let message = format!("argument {position} after the operation is not NAME=VALUE");
            return Err(Failure::usage(message));
        };
        let ty = fields.iter().find(|field| field.name == name).map(|field| field.ty);
        if given.insert(name.to_owned(), to_json(ty, text)?).is_some() {
            let message = "is given twice";
            return Err(Failure::usage(message).with_field(Some(name.to_owned())));
        }
    }
    Ok(given)
}

fn read_object(file: &Path) -> Result<Given, Failure> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Failure::file("standard input", &error))?;
        text
    } else {
        std::fs::read_to_string(file).map_err(|error| Failure::file(file.display(), &error))?
    };
    serde_json::from_str(&text).map_err(|error| {
        // The error itself may quote a secret.
        let (line, column) = (error.line(), error.column());
        let message = format!(
            "must be a JSON object with the arguments' names as keys (line {line}, column {column})"
        );
        Failure::usage(message).with_field(Some("--input".to_owned()))
    })
}

/// Converts the text of an argument. Only other types than text are JSON, so that text needs no
/// quotes.
fn to_json(ty: Option<Type>, text: &str) -> Result<Box<RawValue>, Failure> {
    let string = || raw_json(text);
    match ty {
        Some(Type::Optional(inner)) => to_json(Some(*inner), text),
        Some(
            Type::Text
            | Type::Secret
            | Type::Path
            | Type::Timestamp
            | Type::Bytes
            | Type::Cursor
            | Type::Enum(_),
        )
        | None => string(),
        // Other text is rejected with the type that the operation expects.
        Some(_) => serde_json::from_str(text).or_else(|_| string()),
    }
}

fn raw_json(value: &(impl Serialize + ?Sized)) -> Result<Box<RawValue>, Failure> {
    let encoded = to_raw_value(value);
    Ok(encoded.map_err(|error| Error::internal("cannot encode an argument").with_source(error))?)
}

/// Returns the operations that can be called, by name.
fn generic() -> impl Iterator<Item = (String, &'static Operation)> {
    interfaces().flat_map(|interface| {
        let named = move |operation: &'static Operation| {
            (format!("{}.{}", interface.name, operation.name), operation)
        };
        let operations = interface.operations.iter();
        operations.filter(|operation| operation.is_generic()).map(named)
    })
}

fn summary(operation: &Operation) -> String {
    let first = operation.documentation.split("\n\n").next().unwrap_or_default();
    first.split_whitespace().collect::<Vec<_>>().join(" ").replace(['[', ']'], "")
}

fn as_json() -> Value {
    let operations = generic().map(|(name, operation)| {
        let fields = operation.ordered_fields().into_iter().map(|(_, field)| {
            json!({"name": field.name, "required": field.default == DefaultValue::Required})
        });
        json!({
            "operation": name,
            "arguments": fields.collect::<Vec<_>>(),
            "changes_data": operation.is_write,
            "summary": summary(operation),
        })
    });
    operations.collect()
}

fn as_text() -> String {
    let mut text = String::new();
    for (name, operation) in generic().filter(|(_, operation)| operation.form == Form::Call) {
        let _ = write!(text, "{name}");
        for (_, field) in operation.ordered_fields() {
            let _ = match field.default {
                DefaultValue::Required => write!(text, " {}=…", field.name),
                _ => write!(text, " [{}=…]", field.name),
            };
        }
        let _ = writeln!(text, "\n    {}", summary(operation));
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Operations with a command of their own. The others are called with `chatkeep call`.
    const COMMANDS: &[(&str, &str)] = &[
        ("messages.log_message", "messages log"),
        ("messages.log_messages", "messages import"),
        ("messages.get_messages", "messages list"),
        ("messages.get_message_by_id", "messages get"),
        ("messages.get_message_count", "messages count"),
        ("messages.search_messages", "messages search"),
        ("messages.get_analytics", "messages stats"),
        ("messages.delete_old_messages", "messages prune"),
        ("messages.export_for_fine_tuning", "messages export"),
        ("tokens.create_token", "tokens create"),
        ("tokens.check_token", "tokens verify"),
        ("tokens.list_tokens", "tokens list"),
        ("tokens.revoke_token", "tokens revoke"),
        ("tokens.delete_expired_tokens", "tokens prune"),
        ("users.list_users", "users list"),
        ("users.get_user", "users show"),
        ("users.create_user", "users create"),
        ("users.set_password", "users set-password"),
        ("users.set_active", "users activate"),
        ("users.list_roles", "users roles"),
        ("users.delete_user", "users delete"),
        ("sessions.list_sessions", "sessions list"),
        ("sessions.revoke_session", "sessions end"),
        ("sessions.revoke_all_sessions", "sessions end-all"),
        ("sessions.prune_sessions", "sessions prune"),
        ("conversations.list_conversations", "conversations list"),
        ("conversations.get_conversation", "conversations show"),
        ("conversations.rename_conversation", "conversations rename"),
        ("conversations.archive_conversation", "conversations archive"),
        ("conversations.delete_conversation", "conversations delete"),
        ("conversations.prune_conversations", "conversations prune"),
        ("streams.list_streams", "streams list"),
        ("streams.get_stream", "streams show"),
        ("streams.cancel_stream", "streams cancel"),
        ("app_settings.get_setting", "settings get"),
        ("app_settings.get_settings", "settings list"),
        ("app_settings.set_setting", "settings set"),
        ("app_settings.delete_setting", "settings delete"),
        ("app_settings.list_setting_versions", "settings history"),
        ("app_settings.rollback_setting", "settings rollback"),
        ("app_settings.delete_old_setting_versions", "settings prune"),
        ("database.database_url", "db url"),
        ("database.health", "db health"),
        ("database.wait_until_ready", "db wait"),
        ("database.migrate", "migrate"),
        ("database.search_index", "search-index status"),
        ("database.create_search_index", "search-index create"),
        ("database.drop_search_index", "search-index drop"),
        ("database.migrate_from_old_sqlite", "db import-legacy"),
    ];

    #[test]
    fn operations_with_commands_exist_on_both_sides() {
        let names: Vec<_> = generic().map(|(name, _)| name).collect();
        let root = crate::args::Arguments::command();
        for (operation, command) in COMMANDS {
            assert!(names.iter().any(|name| name == operation), "{operation}");
            let found =
                command.split(' ').try_fold(&root, |parent, name| parent.find_subcommand(name));
            assert!(found.is_some(), "{command}");
        }
    }

    #[test]
    fn list_has_every_operation_with_its_arguments() {
        let text = as_text();
        assert!(
            text.contains("tokens.revoke_token token_id=…\n    Revokes a token permanently.\n")
        );
        let analytics =
            "messages.get_analytics [start_date=…] [end_date=…] [conversation_id=…] [user_id=…]\n";
        assert!(text.contains(analytics), "{text}");
    }
}
