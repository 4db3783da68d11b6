//! Messages as JSON text, column by column. JavaScript parses columns and assembles the rows in
//! half the time that parsing rows takes. Creating objects through Node-API would be far slower.

use std::fmt::Write as _;

use chatkeep::{Message, Metadata};
use serde_json::Value;

use crate::response::{LARGE_INTEGER_MARK, Response, is_exact};

/// Encodes a page of messages.
pub(crate) fn messages(messages: Vec<Message>) -> Response {
    Response::Text(columns(&messages))
}

/// Encodes a message, or null.
pub(crate) fn optional_message(found: Option<Message>) -> Response {
    found.map_or(Response::Null, |found| Response::Text(columns(&[found])))
}

/// Returns a JSON object with an array per column. `micros` holds the microseconds within the
/// millisecond of `timestamp`. `large` holds the indexes of the rows whose metadata contains
/// integers marked with [`LARGE_INTEGER_MARK`]. A column of `details` is empty if all of its values
/// are null, as they are in most logs.
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
        match message.metadata.as_ref().map(|metadata| (metadata, with_marked_integers(metadata))) {
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
    out.push_str("],\"details\":");
    if messages.iter().any(Message::has_details) {
        details(&mut out, messages);
    } else {
        out.push_str("null");
    }
    out.push('}');
    out
}

/// Writes an object with the columns of conversation, user and usage.
fn details(out: &mut String, messages: &[Message]) {
    let mut integers = |start: &str, value: fn(&Message) -> Option<i64>| {
        optional_column(out, start, messages, value, integer);
    };
    integers("{\"conversationId\":[", |message| message.conversation_id);
    integers("],\"userId\":[", |message| message.user_id);
    integers("],\"inputTokens\":[", |message| message.input_tokens);
    integers("],\"outputTokens\":[", |message| message.output_tokens);
    integers("],\"cachedTokens\":[", |message| message.cached_tokens);
    integers("],\"reasoningTokens\":[", |message| message.reasoning_tokens);
    integers("],\"latencyMs\":[", |message| message.latency_ms);
    integers("],\"ttftMs\":[", |message| message.ttft_ms);
    optional_column(
        out,
        "],\"cost\":[",
        messages,
        |message| message.cost,
        |out, cost| {
            let _ = write!(out, "\"{cost}\"");
        },
    );
    optional_column(
        out,
        "],\"status\":[",
        messages,
        |message| message.status,
        |out, status| {
            let _ = write!(out, "\"{status}\"");
        },
    );
    optional_column(
        out,
        "],\"error\":[",
        messages,
        |message| message.error.as_deref(),
        |out, error| {
            text(out, Some(error));
        },
    );
    out.push_str("]}");
}

/// Writes a column, or nothing if all values are null.
fn optional_column<'a, T>(
    out: &mut String,
    start: &str,
    messages: &'a [Message],
    value: impl Fn(&'a Message) -> Option<T>,
    mut cell: impl FnMut(&mut String, T),
) {
    if messages.iter().all(|message| value(message).is_none()) {
        out.push_str(start);
        return;
    }
    column(out, start, messages, |out, message| match value(message) {
        Some(value) => cell(out, value),
        None => out.push_str("null"),
    });
}

fn column<'a, T>(
    out: &mut String,
    start: &str,
    rows: &'a [T],
    mut cell: impl FnMut(&mut String, &'a T),
) {
    out.push_str(start);
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        cell(out, row);
    }
}

// Writing to a `String` cannot fail.
fn number(out: &mut String, number: i64) {
    let _ = write!(out, "{number}");
}

fn integer(out: &mut String, number: i64) {
    let _ =
        if is_exact(number) { write!(out, "{number}") } else { write!(out, "\"\\u0000{number}\"") };
}

fn text(out: &mut String, text: Option<&str>) {
    match text.map(serde_json::to_string) {
        Some(Ok(json)) => out.push_str(&json),
        // `None`: serializing a string cannot fail.
        _ => out.push_str("null"),
    }
}

/// Returns the metadata with its large integers as marked strings, or `None` if it has none.
fn with_marked_integers(metadata: &Metadata) -> Option<String> {
    let json = metadata.as_json();
    if !may_contain_large_integer(json) {
        return None;
    }
    let mut object = Value::Object(metadata.to_map());
    mark(&mut object).then(|| object.to_string())
}

/// Returns whether the text has enough consecutive digits for a large integer.
fn may_contain_large_integer(json: &str) -> bool {
    const MIN_DIGITS: usize = 16;
    let mut digits = 0;
    json.bytes().any(|byte| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits >= MIN_DIGITS
    })
}

/// Replaces large integers with marked strings. Returns whether there were any.
fn mark(value: &mut Value) -> bool {
    let is_large = match value {
        Value::Number(number) => !number.is_f64() && !number.as_i64().is_some_and(is_exact),
        Value::Array(values) => {
            return values.iter_mut().fold(false, |any, value| mark(value) | any);
        }
        Value::Object(map) => return map.values_mut().fold(false, |any, value| mark(value) | any),
        _ => false,
    };
    if is_large {
        *value = Value::String(format!("{LARGE_INTEGER_MARK}{value}"));
    }
    is_large
}
