//! Messages as JSON text, column by column: parsing it and putting the rows together takes JavaScript half the time that
//! parsing rows does, and a small part of what making objects through Node's interface would.

use std::fmt::Write as _;

use chatkeep::{Message, Metadata};
use napi::Either;
use serde_json::Value;

use crate::answer::{Answer, MAX_SAFE, whole};

/// What stands before the digits of an integer in metadata that is too large for a number. No other text begins with it,
/// since none that is stored holds a NUL character.
const LARGE: char = '\0';

/// A page of messages.
pub(crate) fn messages(messages: Vec<Message>) -> Answer {
    Answer::Text(columns(&messages))
}

/// A message, or nothing.
pub(crate) fn optional_message(found: Option<Message>) -> Answer {
    found.map_or(Answer::Nothing, |found| Answer::Text(columns(&[found])))
}

/// An object with a list for each column. `micros` are the microseconds that milliseconds leave; `large` are the rows
/// whose metadata holds integers behind [`LARGE`].
fn columns(messages: &[Message]) -> String {
    let texts = messages.iter().map(|message| {
        message.user_message.len() + message.bot_response.as_ref().map_or(0, String::len)
    });
    let mut out = String::with_capacity(texts.sum::<usize>() + messages.len() * 256 + 128);
    let mut large = Vec::new();
    column(&mut out, "{\"id\":[", messages, |out, message| integer(out, message.id));
    column(&mut out, "],\"timestamp\":[", messages, |out, message| {
        number(out, message.timestamp.as_microsecond().div_euclid(1000));
    });
    column(&mut out, "],\"micros\":[", messages, |out, message| {
        number(out, message.timestamp.as_microsecond().rem_euclid(1000));
    });
    column(&mut out, "],\"userMessage\":[", messages, |out, message| {
        text(out, Some(&message.user_message))
    });
    column(&mut out, "],\"botResponse\":[", messages, |out, message| {
        text(out, message.bot_response.as_deref())
    });
    column(&mut out, "],\"provider\":[", messages, |out, message| {
        text(out, message.provider.as_deref())
    });
    column(&mut out, "],\"model\":[", messages, |out, message| text(out, message.model.as_deref()));
    column(&mut out, "],\"tokensUsed\":[", messages, |out, message| match message.tokens_used {
        Some(tokens) => integer(out, tokens),
        None => out.push_str("null"),
    });
    let mut row = 0_i64;
    column(&mut out, "],\"metadata\":[", messages, |out, message| {
        match message.metadata.as_ref().map(|metadata| (metadata, with_large(metadata))) {
            None => out.push_str("null"),
            Some((metadata, None)) => out.push_str(metadata.as_json()),
            Some((_, Some(marked))) => {
                large.push(row);
                out.push_str(&marked);
            }
        }
        row += 1;
    });
    column(&mut out, "],\"large\":[", &large, |out, row| number(out, *row));
    out.push_str("]}");
    out
}

fn column<'a, T>(
    out: &mut String,
    start: &str,
    rows: &'a [T],
    mut cell: impl FnMut(&mut String, &'a T),
) {
    out.push_str(start);
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        cell(out, row);
    }
}

// A String takes whatever is written.
fn number(out: &mut String, number: i64) {
    let _ = write!(out, "{number}");
}

fn integer(out: &mut String, number: i64) {
    let quote = if matches!(whole(number), Either::B(_)) { "\"" } else { "" };
    let _ = write!(out, "{quote}{number}{quote}");
}

fn text(out: &mut String, text: Option<&str>) {
    match text.map(serde_json::to_string) {
        Some(Ok(json)) => out.push_str(&json),
        // A text always is JSON; and nothing is null.
        _ => out.push_str("null"),
    }
}

/// The metadata with its integers that are too large for a number as marked texts; `None` when it has none.
fn with_large(metadata: &Metadata) -> Option<String> {
    let json = metadata.as_json();
    if !may_hold_large(json) {
        return None;
    }
    let mut object = Value::Object(metadata.to_map());
    mark(&mut object).then(|| object.to_string())
}

/// Whether so many digits stand in a row that they may be one.
fn may_hold_large(json: &str) -> bool {
    const SHORTEST: usize = 16;
    let mut digits = 0;
    json.bytes().any(|byte| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits >= SHORTEST
    })
}

fn mark(value: &mut Value) -> bool {
    let is_large = match value {
        Value::Number(number) => {
            number.as_i64().is_some_and(|number| !(-MAX_SAFE..=MAX_SAFE).contains(&number))
                || (number.is_u64() && number.as_i64().is_none())
        }
        Value::Array(values) => {
            return values.iter_mut().fold(false, |any, value| mark(value) | any);
        }
        Value::Object(map) => return map.values_mut().fold(false, |any, value| mark(value) | any),
        _ => false,
    };
    if is_large {
        *value = Value::String(format!("{LARGE}{value}"));
    }
    is_large
}
