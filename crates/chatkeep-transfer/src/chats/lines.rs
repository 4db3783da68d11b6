//! Conversations in the JSON Lines of `chatkeep conversations export`.

use std::collections::HashMap;

use chatkeep_core::{
    Error, ImportedConversation, ImportedItem, Metadata, NewItem, NewMessage, Result, Timestamp,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Parsed;
use super::values;

#[derive(Deserialize)]
struct Conversation<'a> {
    public_id: String,
    user_id: Option<String>,
    title: Option<String>,
    created_at: Timestamp,
    last_message_at: Timestamp,
    archived_at: Option<Timestamp>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    turns: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct TurnId {
    id: Option<i64>,
}

#[derive(Deserialize)]
struct Item<'a> {
    role: String,
    kind: String,
    #[serde(borrow)]
    content: &'a RawValue,
    message_id: Option<i64>,
    created_at: Timestamp,
}

/// Parses a conversation.
pub(super) fn parse(text: &str) -> Result<Parsed> {
    let conversation: Conversation<'_> = values::parse(text)?;
    let mut turns = Vec::with_capacity(conversation.turns.len());
    // The messages get new ids.
    let mut index = HashMap::new();
    for (number, turn) in conversation.turns.iter().enumerate() {
        let message = NewMessage::from_json(turn.get());
        let message = message.map_err(|error| within("turns", number, error))?;
        let TurnId { id } = values::parse(turn.get())?;
        index.extend(id.map(|id| (id, number)));
        turns.push(message);
    }
    let items = conversation.items.iter().enumerate();
    let items = items
        .map(|(number, item)| item.parse(&index).map_err(|error| within("items", number, error)));
    Ok(Parsed {
        other_branches: 0,
        conversation: ImportedConversation {
            public_id: conversation.public_id,
            user_id: conversation.user_id,
            title: conversation.title,
            created_at: conversation.created_at,
            last_message_at: conversation.last_message_at,
            archived_at: conversation.archived_at,
            metadata: conversation
                .metadata
                .map(|metadata| Metadata::parse(metadata.get()))
                .transpose()?,
            items: items.collect::<Result<_>>()?,
            turns,
        },
    })
}

/// Adds the position in a list to the field of an error.
fn within(list: &str, number: usize, error: Error) -> Error {
    let field = match error.field() {
        Some(field) => format!("{list}[{number}].{field}"),
        None => format!("{list}[{number}]"),
    };
    error.with_field(field)
}

impl Item<'_> {
    fn parse(&self, index: &HashMap<i64, usize>) -> Result<ImportedItem> {
        let content = Metadata::parse(self.content.get());
        let content = content.map_err(|error| error.with_field("content"))?;
        Ok(ImportedItem {
            item: NewItem::new(self.role.as_str(), content).with_kind(self.kind.as_str()),
            turn: self.message_id.and_then(|id| index.get(&id).copied()),
            created_at: self.created_at,
        })
    }
}
