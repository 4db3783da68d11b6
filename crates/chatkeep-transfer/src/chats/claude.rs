//! Conversations in the `conversations.json` of Claude.

use std::collections::{HashMap, HashSet};

use chatkeep_core::{Error, ImportedConversation, Result, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Parsed;
use super::turns::Turns;
use super::values::{self, Time, time, title};

#[derive(Deserialize)]
struct Conversation {
    uuid: Option<String>,
    name: Option<String>,
    model: Option<String>,
    created_at: Option<Time>,
    updated_at: Option<Time>,
    current_leaf_message_uuid: Option<String>,
    chat_messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    uuid: Option<String>,
    parent_message_uuid: Option<String>,
    sender: String,
    text: Option<String>,
    content: Option<Vec<Map<String, Value>>>,
    created_at: Option<Time>,
    attachments: Option<Vec<Map<String, Value>>>,
    files: Option<Vec<Map<String, Value>>>,
}

/// Parses a conversation. Of several branches, the one that Claude shows is returned.
pub(super) fn parse(text: &str) -> Result<Parsed> {
    let mut conversation: Conversation = values::parse(text)?;
    let Some(public_id) = conversation.uuid.take() else {
        return Err(Error::invalid_input("uuid", "is missing"));
    };
    let (messages, other_branches) = branch(&mut conversation);
    let first = messages.iter().find_map(|message| time(message.created_at.as_ref()));
    let created_at = time(conversation.created_at.as_ref()).or(first);
    let Some(created_at) = created_at.or_else(|| time(conversation.updated_at.as_ref())) else {
        return Err(Error::invalid_input("created_at", "is missing or invalid"));
    };
    let mut turns = Turns::new(Some("anthropic"), created_at);
    for message in messages {
        add(&mut turns, message, conversation.model.as_deref())?;
    }
    let (title, metadata) = title(conversation.name, "claude")?;
    Ok(Parsed {
        other_branches,
        conversation: ImportedConversation {
            public_id,
            user_id: None,
            title,
            created_at,
            last_message_at: turns.last,
            archived_at: None,
            metadata,
            turns: turns.turns,
            items: turns.items,
        },
    })
}

/// Returns the messages of the shown branch, and the number of other branches. Older files have
/// no parents: all messages are shown, in order.
fn branch(conversation: &mut Conversation) -> (Vec<Message>, u64) {
    let messages = std::mem::take(&mut conversation.chat_messages);
    let index: HashMap<&str, usize> = messages
        .iter()
        .enumerate()
        .filter_map(|(index, message)| Some((message.uuid.as_deref()?, index)))
        .collect();
    let parent = |message: &Message| -> Option<usize> {
        index.get(message.parent_message_uuid.as_deref()?).copied()
    };
    let parents: HashSet<usize> = messages.iter().filter_map(parent).collect();
    if parents.is_empty() {
        return (messages, 0);
    }
    let written = |index: usize| -> Option<Timestamp> { time(messages[index].created_at.as_ref()) };
    let leaves: Vec<usize> = (0..messages.len()).filter(|index| !parents.contains(index)).collect();
    let current = conversation.current_leaf_message_uuid.as_deref();
    let current = current.and_then(|id| index.get(id).copied());
    let mut next =
        current.or_else(|| leaves.iter().copied().max_by_key(|leaf| (written(*leaf), *leaf)));
    let mut shown = HashSet::new();
    // A damaged tree may have a cycle.
    while let Some(index) = next.filter(|index| shown.insert(*index)) {
        next = parent(&messages[index]);
    }
    let others = leaves.len().saturating_sub(1) as u64;
    let messages = messages.into_iter().enumerate();
    (
        messages.filter(|(index, _)| shown.contains(index)).map(|(_, message)| message).collect(),
        others,
    )
}

/// Adds a message as a question or a response, and its other blocks and attachments as items.
fn add(turns: &mut Turns, message: Message, model: Option<&str>) -> Result<()> {
    turns.at(time(message.created_at.as_ref()));
    let (mut texts, mut others) = (Vec::new(), Vec::new());
    for mut block in message.content.unwrap_or_default() {
        let kind = match block.remove("type") {
            Some(Value::String(kind)) => kind,
            _ => String::new(),
        };
        match block.get_mut("text") {
            Some(Value::String(text)) if kind == "text" => texts.push(std::mem::take(text)),
            _ => others.push((kind, block)),
        }
    }
    texts.retain(|text| !text.is_empty());
    // The text of a message with other blocks has placeholders for them.
    let text = match message.text {
        Some(text) if texts.is_empty() && others.is_empty() => text,
        _ => texts.join("\n\n"),
    };
    let role = match message.sender.as_str() {
        "human" | "user" => {
            turns.question(text);
            "user"
        }
        "assistant" => {
            turns.response(text, model)?;
            "assistant"
        }
        other => {
            turns.item(other, "message", Map::from_iter([("text".to_owned(), text.into())]))?;
            other
        }
    };
    for (kind, block) in others {
        let role = if kind == "tool_result" { "tool" } else { role };
        turns.item(role, &kind, block)?;
    }
    for (kind, values) in [("attachment", message.attachments), ("file", message.files)] {
        for value in values.into_iter().flatten() {
            turns.item(role, kind, value)?;
        }
    }
    Ok(())
}
