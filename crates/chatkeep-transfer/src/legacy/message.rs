//! A row of a log as a message.

use chatkeep_core::legacy::{LegacyTable, RawRow, RawValue, Shape};
use chatkeep_core::{MAX_MODEL, MAX_PROVIDER, Message, Metadata, NewMessage, Timestamp};
use serde_json::{Map, Value, json};

use super::problem::Fault;
use super::text::{Originals, Reading, as_json, kind, why_broken};

/// Beyond it the numbers for new rows would come to their end.
pub(super) const GREATEST_ID: i64 = 1 << 62;

/// A message as it would be stored, and what is wrong with what it was made of.
pub(super) struct ReadMessage {
    pub(super) rowid: i64,
    /// Its id is 0 where it cannot keep its own.
    pub(super) message: Message,
    /// Whether its time is its own, and not the file's.
    pub(super) has_time: bool,
    pub(super) faults: Vec<Fault>,
    /// Whether it is not stored as it was.
    pub(super) is_forced: bool,
}

/// Reads a row. What cannot be stored as it is goes, in its original form, under `legacy` in the metadata; so does the id
/// of a row that has no time of its own, by which such rows are known again, and what columns hold that have no place here.
pub(super) fn read(table: &LegacyTable, row: &RawRow, file_time: Timestamp) -> ReadMessage {
    let shape = table.shape;
    let value = |name: &str| {
        let place = shape.columns().iter().position(|column| *column == name);
        place.and_then(|place| row.values.get(place)).unwrap_or(&RawValue::Null)
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
        reading.keep(column, value);
    }
    let Reading { mut faults, originals } = reading;
    let is_forced = !faults.is_empty() || !table.unknown.is_empty();
    lay_under_legacy(&mut metadata, originals);
    if !metadata.is_empty()
        || matches!(value("metadata"), RawValue::Text(text) if text.trim_ascii() == "{}")
    {
        match Metadata::from_map(metadata) {
            Ok(metadata) => message.metadata = Some(metadata),
            Err(error) => faults.push(Fault::hopeless("metadata", error.message())),
        }
    }
    if let Err(error) = message.check() {
        faults.push(Fault::hopeless(text_column, error.message()));
    }
    let id = if (1..=GREATEST_ID).contains(&own_id) { own_id } else { 0 };
    ReadMessage {
        rowid: row.rowid,
        message: Message::numbered(id, message),
        has_time: time.is_some(),
        faults,
        is_forced,
    }
}

/// What the metadata had under that name goes one floor down.
fn lay_under_legacy(metadata: &mut Map<String, Value>, mut originals: Originals) {
    if originals.is_empty() {
        return;
    }
    if let Some(theirs) = metadata.remove("legacy") {
        let mut name = "legacy".to_owned();
        // A column may be called so.
        while originals.contains_key(&name) {
            name.push('_');
        }
        originals.insert(name, theirs);
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

/// SQLAlchemy writes `null` where there is nothing; an empty text says as little.
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
            Ok(moment) => return Some(moment),
            Err(error) => error.message().to_owned(),
        },
        RawValue::BrokenText(broken) => why_broken(broken),
        RawValue::Null => "is missing".to_owned(),
        other => format!("is {}, not a date and time", kind(other)),
    };
    reading.fault("timestamp", reason, as_json(value));
    None
}
