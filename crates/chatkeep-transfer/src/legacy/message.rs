//! A row of a log as a message.

use chatkeep_core::legacy::{RawRow, RawValue, Shape};
use chatkeep_core::{MAX_MODEL, MAX_PROVIDER, Message, Metadata, NewMessage, Timestamp};
use serde_json::{Map, Value, json};

use super::problem::Fault;
use super::text::{Reading, as_json, kind};

/// Beyond it the numbers for new rows would come to their end.
const GREATEST_ID: i64 = 1 << 62;

/// A message as it would be stored, and what is wrong with what it was made of.
pub(super) struct ReadMessage {
    pub(super) rowid: i64,
    /// Its id is 0 where it cannot keep its own.
    pub(super) message: Message,
    /// Whether its time is its own, and not the file's.
    pub(super) has_time: bool,
    pub(super) faults: Vec<Fault>,
}

/// Reads a row. What cannot be stored as it is goes, in its original form, under `legacy` in the metadata; so does the id
/// of a row that has no time of its own, by which such rows are known again.
pub(super) fn read(shape: Shape, row: &RawRow, file_time: Timestamp) -> ReadMessage {
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
    let Reading { mut faults, mut originals } = reading;
    if !originals.is_empty() {
        if let Some(theirs) = metadata.remove("legacy") {
            originals.insert("legacy".to_owned(), theirs);
        }
        metadata.insert("legacy".to_owned(), Value::Object(originals));
    }
    if !metadata.is_empty() || matches!(value("metadata"), RawValue::Text(text) if text.trim_ascii() == b"{}")
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
    }
}

fn tokens_used(reading: &mut Reading, value: &RawValue) -> Option<i64> {
    match value {
        RawValue::Null => None,
        RawValue::Integer(number) if *number >= 0 => Some(*number),
        RawValue::Integer(number) => {
            reading.fault("tokens_used", format!("must be 0 or more, not {number}"), as_json(value));
            None
        }
        other => {
            reading.fault("tokens_used", format!("is {}, not a whole number", kind(other)), as_json(value));
            None
        }
    }
}

/// SQLAlchemy writes `null` where there is nothing; an empty text says as little.
fn read_metadata(reading: &mut Reading, value: &RawValue) -> Map<String, Value> {
    let reason = match value {
        RawValue::Null => return Map::new(),
        RawValue::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if matches!(text.trim(), "" | "null") => return Map::new(),
            Ok(text) => match Metadata::parse(text) {
                Ok(metadata) => return metadata.to_map(),
                Err(error) => error.message().to_owned(),
            },
            Err(error) => format!("is not UTF-8 from its byte {} on", error.valid_up_to() + 1),
        },
        other => format!("is {}, not text", kind(other)),
    };
    reading.fault("metadata", reason, as_json(value));
    Map::new()
}

fn timestamp(reading: &mut Reading, value: &RawValue) -> Option<Timestamp> {
    let reason = match value {
        RawValue::Text(bytes) => match Timestamp::parse(&String::from_utf8_lossy(bytes)) {
            Ok(moment) => return Some(moment),
            Err(error) => error.message().to_owned(),
        },
        RawValue::Null => "is missing".to_owned(),
        other => format!("is {}, not a date and time", kind(other)),
    };
    reading.fault("timestamp", reason, as_json(value));
    None
}
