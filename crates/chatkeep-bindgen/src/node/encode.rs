//! The keys of records in arguments.

use chatkeep_core::described::{Record, Type};

use super::special::NEW_MESSAGE;
use super::{Types, joined};
use crate::names::camel;

/// Returns the contents of `encode.ts`. `None` if no argument contains a record, except for
/// `NewMessage`, whose conversion is handwritten.
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
        let ty = if let Type::Optional(inner) = field.ty { *inner } else { field.ty };
        match ty {
            Type::Json if ty == field.ty => format!("['{key}', 'json']"),
            Type::Json => format!("['{key}', 'optionalJson']"),
            Type::Timestamp => format!("['{key}', 'timestamp']"),
            Type::Metadata => format!("['{key}', 'metadata']"),
            Type::Record(inner) => format!("['{key}', {{ record: {} }}]", constant_name(inner)),
            Type::List(Type::Record(inner)) => {
                format!("['{key}', {{ list: {} }}]", constant_name(inner))
            }
            _ => format!("['{key}']"),
        }
    });
    let keys: Vec<_> = keys.collect();
    let head = format!("\nexport const {}: RecordKeys = [", constant_name(record));
    joined(&head, &keys, "];\n", 0)
}
