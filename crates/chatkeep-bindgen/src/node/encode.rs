//! The keys of records in arguments, and of messages.

use chatkeep_core::Message;
use chatkeep_core::described::{Described as _, Record, Type};

use super::{Types, joined};
use crate::names::camel;

/// Keys of messages whose columns `revive.ts` reads by name, because most have values.
const COLUMNS: [&str; 8] = [
    "id",
    "timestamp",
    "user_message",
    "bot_response",
    "provider",
    "model",
    "tokens_used",
    "metadata",
];

/// Returns the file.
pub(super) fn render(types: &Types) -> String {
    let constants: String = types.arguments.iter().map(|record| constant(record)).collect();
    format!("import type {{ RecordKeys }} from '../records.js';\n{constants}{}", details())
}

/// Returns the constant with the keys of the other columns of messages.
fn details() -> String {
    let Type::Record(message) = Message::TYPE else { unreachable!("a message is a record") };
    let fields = message.fields.iter().filter(|field| !COLUMNS.contains(&field.name));
    let keys: Vec<_> = fields.map(|field| format!("'{}'", camel(field.name))).collect();
    joined("\nexport const messageDetails: readonly string[] = [", &keys, "];\n", 0)
}

/// Returns the name of the constant with the keys of a record.
pub(super) fn constant_name(record: &Record) -> String {
    super::decode::function_name(record) + "Keys"
}

fn constant(record: &Record) -> String {
    let keys = record.fields.iter().map(|field| {
        let key = camel(field.name);
        match field.ty {
            Type::Timestamp | Type::Optional(Type::Timestamp) => format!("['{key}', 'timestamp']"),
            Type::Metadata | Type::Optional(Type::Metadata) => format!("['{key}', 'metadata']"),
            _ => format!("['{key}']"),
        }
    });
    let keys: Vec<_> = keys.collect();
    let head = format!("\nexport const {}: RecordKeys = [", constant_name(record));
    joined(&head, &keys, "];\n", 0)
}
