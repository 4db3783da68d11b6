//! The keys of records in arguments.

use chatkeep_core::described::{Record, Type};

use super::special::NEW_MESSAGE;
use super::{Types, joined};
use crate::names::camel;

/// Returns the file, if an argument has such records.
pub(super) fn render(types: &Types) -> Option<String> {
    let records = types.arguments.iter().filter(|record| record.name != NEW_MESSAGE);
    let constants: String = records.map(|record| constant(record)).collect();
    let import = "import type { RecordKeys } from '../records.js';\n";
    (!constants.is_empty()).then(|| format!("{import}{constants}"))
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
