//! The messages of a chat in a channel, as a transcript.

use std::borrow::Cow;

use rmpv::Value;

use super::value::{message_pack, to_line};
use crate::commands::conversations::entry;
use crate::numbers::{amount, thousands};
use crate::terminal::Terminal;
use crate::text::visible_line;

/// Extensions of LangGraph's serializer (`langgraph.checkpoint.serde.jsonplus`) for dataclasses and
/// for the models of pydantic 1 and 2. Their content is a list of the module, the class, the fields,
/// and possibly more.
const OBJECTS: [i8; 3] = [2, 4, 5];
/// Extension of LangGraph's serializer for the value of a channel that otherwise stores changes.
const SNAPSHOT: i8 = 7;
/// Maximum number of columns of content other than text.
const MAX_CONTENT: usize = 2_000;

/// Formats a message or a list of messages. `None` if the value has anything else.
pub(super) fn transcript(value: &Value, terminal: &Terminal) -> Option<String> {
    let snapshot = match value {
        Value::Ext(SNAPSHOT, data) => Some(message_pack(data)?),
        _ => None,
    };
    let items = match snapshot.as_ref().unwrap_or(value) {
        Value::Array(items) if items.is_empty() => return None,
        Value::Array(items) => items.as_slice(),
        item => std::slice::from_ref(item),
    };
    items.iter().map(|item| message(item, terminal)).collect()
}

/// Formats a message with its tool calls. `None` if the value has no type or no content.
fn message(item: &Value, terminal: &Terminal) -> Option<String> {
    let fields = fields(item)?;
    let kind = text(&fields, "type").filter(|kind| *kind != "chat");
    let role = match kind.or_else(|| text(&fields, "role"))? {
        "human" | "HumanMessageChunk" => "user",
        "ai" | "AIMessageChunk" => "assistant",
        other => other,
    };
    let calls = match get(&fields, "tool_calls") {
        Some(Value::Array(calls)) => calls.as_slice(),
        _ => &[],
    };
    let content = content(get(&fields, "content")?, !calls.is_empty());
    let mut out = String::new();
    if !content.is_empty() || calls.is_empty() {
        out.push_str(&entry(terminal, role, None, &facts(&fields), &content));
    }
    for call in calls {
        let call = call.as_map().map_or_else(|| to_line(call), |call| described_call(call));
        let call = visible_line(&call, MAX_CONTENT);
        out.push_str(&entry(terminal, role, None, &["tool_call".to_owned()], &call));
    }
    Some(out)
}

/// Returns the fields of an object.
fn fields(item: &Value) -> Option<Cow<'_, [(Value, Value)]>> {
    match item {
        Value::Map(entries) => Some(Cow::Borrowed(entries)),
        Value::Ext(code, data) if OBJECTS.contains(code) => match message_pack(data)? {
            Value::Array(mut parts) if parts.len() >= 3 => match parts.swap_remove(2) {
                Value::Map(entries) => Some(Cow::Owned(entries)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Formats the content: text, or a list of blocks.
fn content(content: &Value, has_calls: bool) -> String {
    let other = |value: &Value| visible_line(&to_line(value), MAX_CONTENT);
    match content {
        Value::Nil => String::new(),
        Value::Array(blocks) => {
            let blocks = blocks.iter().filter_map(|block| {
                let fields = block.as_map().map_or(&[][..], Vec::as_slice);
                match (text(fields, "type"), text(fields, "text").or(block.as_str())) {
                    (Some("text") | None, Some(text)) => Some(text.to_owned()),
                    // Some models repeat the calls in the content.
                    (Some("tool_use" | "function_call"), _) if has_calls => None,
                    _ => Some(other(block)),
                }
            });
            blocks.collect::<Vec<_>>().join("\n")
        }
        value => value.as_str().map_or_else(|| other(value), str::to_owned),
    }
}

/// Formats a tool call as `search {"query": "WAL"}`.
fn described_call(call: &[(Value, Value)]) -> String {
    let name = text(call, "name").unwrap_or("?");
    let arguments = get(call, "args").map_or_else(String::new, to_line);
    format!("{name} {arguments}")
}

/// Returns the name, the model, the usage and a failed status.
fn facts(fields: &[(Value, Value)]) -> Vec<String> {
    let inner =
        |name: &str| get(fields, name).and_then(Value::as_map).map_or(&[][..], Vec::as_slice);
    let (usage, response) = (inner("usage_metadata"), inner("response_metadata"));
    let count = |name: &str| get(usage, name).and_then(Value::as_i64);
    let tokens = count("input_tokens").zip(count("output_tokens"));
    let tokens =
        tokens.map(|(input, output)| format!("{} + {}", thousands(input), amount(output, "token")));
    let line = |text: &str| visible_line(text, 160);
    let facts = [
        text(fields, "name").map(line),
        text(response, "model_name").or(text(response, "model")).map(line),
        tokens,
        text(fields, "status").filter(|status| *status == "error").map(line),
    ];
    facts.into_iter().flatten().collect()
}

fn get<'a>(fields: &'a [(Value, Value)], name: &str) -> Option<&'a Value> {
    fields.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, value)| value)
}

fn text<'a>(fields: &'a [(Value, Value)], name: &str) -> Option<&'a str> {
    get(fields, name)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::graph::value::decode;
    use crate::style;

    fn shown(json: &str) -> Option<String> {
        let value = decode("json", json.as_bytes()).expect("JSON");
        transcript(&value, &Terminal::plain(80)).map(|text| style::paint(&text, false))
    }

    #[test]
    fn messages_have_roles_texts_calls_and_usage() {
        let text = shown(
            r#"[
            {"type": "human", "content": "What is\nWAL?", "name": "ada"},
            {"type": "ai", "content": [{"type": "tool_use", "name": "search"}],
             "tool_calls": [{"name": "search", "args": {"query": "WAL"}}]},
            {"type": "tool", "content": "", "name": "search", "status": "error"},
            {"role": "assistant", "content": ["A ", {"type": "text", "text": "log."},
             {"type": "image", "url": "u"}], "response_metadata": {"model_name": "gpt-4o"},
             "usage_metadata": {"input_tokens": 1200, "output_tokens": 34}}]"#,
        );
        let expected = r#"
user · ada
  What is
  WAL?

assistant · tool_call
  search {"query": "WAL"}

tool · search · error

assistant · gpt-4o · 1,200 + 34 tokens
  A
  log.
  {"type": "image", "url": "u"}
"#;
        assert_eq!(text.as_deref(), Some(expected), "\n{}", text.clone().unwrap_or_default());
    }

    #[test]
    fn other_values_are_not_messages() {
        for json in [
            "[]",
            "null",
            r#"["hello"]"#,
            r#"[{"type": "human", "content": "a"}, {"type": "human"}]"#,
            r#"{"content": "a"}"#,
        ] {
            assert_eq!(shown(json), None, "{json}");
        }
    }
}
