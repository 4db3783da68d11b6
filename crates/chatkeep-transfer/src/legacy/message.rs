//! Conversion of a row to a message.

use chatkeep_core::legacy::{LegacyTable, RawRow, RawValue, Shape};
use chatkeep_core::{MAX_MODEL, MAX_PROVIDER, Message, Metadata, NewMessage, Timestamp};
use serde_json::{Map, Value, json};

use super::problem::Fault;
use super::text::{Originals, Reading, as_json, kind, why_broken};

/// Greatest id that is preserved. Greater ones could exhaust the ids of new rows.
pub(super) const GREATEST_ID: i64 = 1 << 62;

/// A row converted to a message, with the faults of its values.
pub(super) struct ReadMessage {
    pub(super) rowid: i64,
    /// Message to store. Its id is 0 if the row has no valid id.
    pub(super) message: Message,
    /// Whether the timestamp is the row's own and not the file's.
    pub(super) has_time: bool,
    pub(super) faults: Vec<Fault>,
    /// Whether the message differs from the row.
    pub(super) is_forced: bool,
}

/// Converts a row to a message.
///
/// The metadata gets under `legacy` the originals of invalid values, and the values of unknown
/// columns. It also gets the id of a row without a timestamp, by which a repeated import recognizes
/// the row.
pub(super) fn read(table: &LegacyTable, row: &RawRow, file_time: Timestamp) -> ReadMessage {
    let shape = table.shape;
    let value = |name: &str| {
        let index = shape.columns().iter().position(|column| *column == name);
        index.and_then(|index| row.values.get(index)).unwrap_or(&RawValue::Null)
    };
    let mut reading = Reading::default();
    let mut metadata = Map::new();
    let text_column = if shape == Shape::Log { "user_message" } else { "message" };
    let user_message = reading.text(text_column, value(text_column)).unwrap_or_else(|| {
        reading.fault(text_column, "is missing", Value::Null);
        String::new()
    });
    let mut message = NewMessage::new(user_message);
    let mut time = None;
    match shape {
        Shape::Sessions => {
            if let Some(session) = reading.text("type", value("type")) {
                metadata.insert("session_id".to_owned(), Value::String(session));
            }
        }
        Shape::Log => {
            message.bot_response = reading.text("bot_response", value("bot_response"));
            message.provider = reading.name("provider", value("provider"), MAX_PROVIDER);
            message.model = reading.name("model", value("model"), MAX_MODEL);
            message.tokens_used = tokens_used(&mut reading, value("tokens_used"));
            metadata = read_metadata(&mut reading, value("metadata"));
            time = timestamp(&mut reading, value("timestamp"));
        }
        _ => {}
    }
    let own_id = match value("id") {
        RawValue::Integer(id) => *id,
        _ => 0,
    };
    if time.is_none() {
        reading.originals.insert("id".to_owned(), json!(row.rowid));
    }
    message.timestamp = Some(time.unwrap_or(file_time));
    for (column, value) in table.unknown.iter().zip(&row.unknown) {
        reading.add_original(column, value);
    }
    let Reading { mut faults, originals } = reading;
    let is_forced = !faults.is_empty() || !table.unknown.is_empty();
    store_under_legacy(&mut metadata, originals);
    if !metadata.is_empty()
        || matches!(value("metadata"), RawValue::Text(text) if text.trim_ascii() == "{}")
    {
        match Metadata::from_map(metadata) {
            Ok(metadata) => message.metadata = Some(metadata),
            Err(error) => faults.push(Fault::fatal("metadata", error.message())),
        }
    }
    if let Err(error) = message.check() {
        faults.push(Fault::fatal(text_column, error.message()));
    }
    let id = if (1..=GREATEST_ID).contains(&own_id) { own_id } else { 0 };
    ReadMessage {
        rowid: row.rowid,
        message: Message::with_id(id, message),
        has_time: time.is_some(),
        faults,
        is_forced,
    }
}

/// Stores the originals under `legacy`. An existing value of that key is nested in the new one.
fn store_under_legacy(metadata: &mut Map<String, Value>, mut originals: Originals) {
    if originals.is_empty() {
        return;
    }
    if let Some(existing) = metadata.remove("legacy") {
        let mut name = "legacy".to_owned();
        // A column may have the same name.
        while originals.contains_key(&name) {
            name.push('_');
        }
        originals.insert(name, existing);
    }
    metadata.insert("legacy".to_owned(), Value::Object(originals));
}

fn tokens_used(reading: &mut Reading, value: &RawValue) -> Option<i64> {
    match value {
        RawValue::Null => None,
        RawValue::Integer(number) if *number >= 0 => Some(*number),
        RawValue::Integer(number) => {
            reading.fault(
                "tokens_used",
                format!("must be 0 or more, not {number}"),
                as_json(value),
            );
            None
        }
        other => {
            reading.fault(
                "tokens_used",
                format!("is {}, not a whole number", kind(other)),
                as_json(value),
            );
            None
        }
    }
}

/// Parses the metadata. SQLAlchemy writes `null` for no value; an empty text means the same.
fn read_metadata(reading: &mut Reading, value: &RawValue) -> Map<String, Value> {
    let reason = match value {
        RawValue::Null => return Map::new(),
        RawValue::Text(text) if matches!(text.trim(), "" | "null") => return Map::new(),
        RawValue::Text(text) => match Metadata::parse(text) {
            Ok(metadata) => return metadata.to_map(),
            Err(error) => error.message().to_owned(),
        },
        RawValue::BrokenText(broken) => why_broken(broken),
        other => format!("is {}, not text", kind(other)),
    };
    reading.fault("metadata", reason, as_json(value));
    Map::new()
}

fn timestamp(reading: &mut Reading, value: &RawValue) -> Option<Timestamp> {
    let reason = match value {
        RawValue::Text(text) => match Timestamp::parse(text) {
            Ok(timestamp) => return Some(timestamp),
            Err(error) => error.message().to_owned(),
        },
        RawValue::BrokenText(broken) => why_broken(broken),
        RawValue::Null => "is missing".to_owned(),
        other => format!("is {}, not a date and time", kind(other)),
    };
    reading.fault("timestamp", reason, as_json(value));
    None
}
