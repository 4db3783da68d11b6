//! Conversations in the `conversations.json` of ChatGPT: a tree of messages.

use std::collections::HashMap;

use chatkeep_core::{Error, ImportedConversation, Result, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Parsed;
use super::turns::Turns;
use super::values::{self, Time, time, title};

#[derive(Deserialize)]
struct Conversation {
    id: Option<String>,
    conversation_id: Option<String>,
    title: Option<String>,
    create_time: Option<Time>,
    update_time: Option<Time>,
    is_archived: Option<bool>,
    current_node: Option<String>,
    mapping: HashMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    parent: Option<String>,
    #[serde(default)]
    children: Vec<String>,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    author: Author,
    create_time: Option<Time>,
    content: Option<Map<String, Value>>,
    recipient: Option<String>,
    metadata: Option<MessageMetadata>,
}

#[derive(Deserialize)]
struct Author {
    role: String,
    name: Option<String>,
}

#[derive(Deserialize, Default)]
struct MessageMetadata {
    model_slug: Option<String>,
    is_visually_hidden_from_conversation: Option<bool>,
    attachments: Option<Vec<Map<String, Value>>>,
}

/// Parses a conversation. Of several branches, the one that ChatGPT shows is returned.
pub(super) fn parse(text: &str) -> Result<Parsed> {
    let mut conversation: Conversation = values::parse(text)?;
    let Some(public_id) = conversation.conversation_id.take().or(conversation.id.take()) else {
        return Err(Error::invalid_input("id", "is missing"));
    };
    let branch = branch(&conversation);
    let leaves = conversation.mapping.values().filter(|node| node.children.is_empty()).count();
    let messages: Vec<Message> =
        branch.iter().filter_map(|id| conversation.mapping.get_mut(id)?.message.take()).collect();
    let first = messages.iter().find_map(|message| time(message.create_time.as_ref()));
    let updated_at = time(conversation.update_time.as_ref());
    let created_at = time(conversation.create_time.as_ref()).or(first).or(updated_at);
    let Some(created_at) = created_at else {
        return Err(Error::invalid_input("create_time", "is missing or invalid"));
    };
    let mut turns = Turns::new(Some("openai"), created_at);
    for message in messages {
        add(&mut turns, message)?;
    }
    let archived = conversation.is_archived.unwrap_or(false);
    let (title, metadata) = title(conversation.title, "chatgpt")?;
    Ok(Parsed {
        other_branches: leaves.saturating_sub(1) as u64,
        conversation: ImportedConversation {
            public_id,
            user_id: None,
            title,
            created_at,
            last_message_at: turns.last,
            archived_at: archived.then(|| updated_at.unwrap_or(created_at)),
            metadata,
            turns: turns.turns,
            items: turns.items,
        },
    })
}

/// Returns the ids of the shown nodes, from the root on.
fn branch(conversation: &Conversation) -> Vec<String> {
    let mapping = &conversation.mapping;
    let current = conversation.current_node.clone().filter(|id| mapping.contains_key(id));
    let mut next = current.or_else(|| newest_leaf(mapping));
    let mut branch = Vec::new();
    // A damaged tree may have a cycle.
    while let Some(id) = next.filter(|_| branch.len() < mapping.len()) {
        let Some(node) = mapping.get(&id) else { break };
        next = node.parent.clone();
        branch.push(id);
    }
    branch.reverse();
    branch
}

/// Returns the leaf with the newest message.
fn newest_leaf(mapping: &HashMap<String, Node>) -> Option<String> {
    let written =
        |node: &Node| -> Option<Timestamp> { time(node.message.as_ref()?.create_time.as_ref()) };
    let leaves = mapping.iter().filter(|(_, node)| node.children.is_empty());
    let newest = leaves.max_by_key(|(id, node)| (written(node), *id));
    newest.map(|(id, _)| id.clone())
}

/// Adds a message as a question, a response or an item.
fn add(turns: &mut Turns, message: Message) -> Result<()> {
    let Message { author, create_time, content, recipient, metadata } = message;
    let metadata = metadata.unwrap_or_default();
    let mut content = content.unwrap_or_default();
    turns.at(time(create_time.as_ref()));
    let kind = match content.remove("content_type") {
        Some(Value::String(kind)) => kind,
        _ => "text".to_owned(),
    };
    let to_all = recipient.as_deref().is_none_or(|recipient| recipient == "all");
    let is_hidden = metadata.is_visually_hidden_from_conversation.unwrap_or(false);
    let is_text = matches!(kind.as_str(), "text" | "multimodal_text");
    let mut attached = Vec::new();
    if is_text && let Some(Value::Array(parts)) = content.remove("parts") {
        let mut texts = Vec::new();
        for part in parts {
            match part {
                Value::String(text) => texts.push(text),
                Value::Object(mut part) => match part.remove("text") {
                    Some(Value::String(text)) => texts.push(text),
                    _ => attached.push(part),
                },
                _ => {}
            }
        }
        texts.retain(|text| !text.is_empty());
        content.insert("text".to_owned(), texts.join("\n").into());
    }
    attached.extend(metadata.attachments.into_iter().flatten());
    let text = match content.get("text") {
        Some(Value::String(text)) if is_text => text.clone(),
        _ => String::new(),
    };
    match author.role.as_str() {
        "user" if is_text && !is_hidden => turns.question(text),
        "assistant" if is_text && !is_hidden && to_all => {
            turns.response(text, metadata.model_slug.as_deref())?;
        }
        // Empty messages of the system begin most conversations.
        _ if is_text && text.is_empty() => {}
        role => {
            let named = [("name", author.name), ("recipient", recipient.filter(|_| !to_all))];
            for (key, value) in named {
                content.extend(value.map(|value| (key.to_owned(), value.into())));
            }
            let kind = match kind.as_str() {
                _ if !to_all && role == "assistant" => "tool_call",
                _ if is_text => "message",
                kind => kind,
            };
            turns.item(role, kind, content)?;
        }
    }
    for mut part in attached {
        let kind = match part.remove("content_type") {
            Some(Value::String(kind)) => kind,
            _ => "attachment".to_owned(),
        };
        turns.item(&author.role, &kind, part)?;
    }
    Ok(())
}
