//! Conversations of a legacy file, with their messages.

use std::collections::BTreeMap;

use chatkeep::ImportedConversation;
use chatkeep_core::legacy::{LegacyFile, RawValue};
use chatkeep_core::{Result, Timestamp};
use serde_json::Map;

use super::people::People;
use super::shape::{Table, Tables, conversation, message};
use super::value::{id, is_true, text, time};
use crate::chats::turns::Turns;
use crate::chats::values::title;

/// Called with the table, the id, and the conversation or the error of its rows.
type Work<'a> = dyn FnMut(&str, &str, Result<ImportedConversation>) -> Result<()> + 'a;

/// A row of the table of conversations.
struct Row {
    user: Option<String>,
    title: Option<String>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    archived_at: Option<Timestamp>,
}

/// Calls `work` with each conversation. Memory is needed for the messages of one at a time, and for
/// the rows of the conversations.
pub(super) fn each(
    file: &mut LegacyFile,
    tables: &Tables,
    people: &People,
    work: &mut Work<'_>,
) -> Result<()> {
    let Some(messages) = &tables.messages else { return Ok(()) };
    let mut rows = read(file, tables.conversations.as_ref())?;
    let name = tables.conversations.as_ref().map_or(&messages.name, |table| &table.name);
    let modified = file.modified();
    let mut open: Option<(String, Builder)> = None;
    let order = messages.column(message::CONVERSATION);
    file.each_row(&messages.name, &messages.columns, order, &mut |row| {
        // Messages without a conversation cannot be assigned to one.
        let Some(key) = id(messages.value(&row, message::CONVERSATION)) else { return Ok(()) };
        if open.as_ref().is_none_or(|(current, _)| *current != key)
            && let Some((key, builder)) =
                open.replace((key.clone(), Builder::new(rows.remove(&key), modified)))
        {
            work(name, &key, builder.finish(&key, people))?;
        }
        if let Some((_, builder)) = &mut open {
            builder.add(messages, &row);
        }
        Ok(())
    })?;
    if let Some((key, builder)) = open {
        work(name, &key, builder.finish(&key, people))?;
    }
    for (key, row) in rows {
        work(name, &key, Builder::new(Some(row), modified).finish(&key, people))?;
    }
    Ok(())
}

fn read(file: &mut LegacyFile, table: Option<&Table<6>>) -> Result<BTreeMap<String, Row>> {
    let mut rows = BTreeMap::new();
    let Some(table) = table else { return Ok(rows) };
    file.each_row(&table.name, &table.columns, None, &mut |row| {
        let value = |role| table.value(&row, role);
        let Some(key) = id(value(conversation::ID)) else { return Ok(()) };
        let updated_at = time(value(conversation::UPDATED_AT));
        let created_at = time(value(conversation::CREATED_AT));
        // Some programs store a time, others a truth value.
        let archived = value(conversation::ARCHIVED);
        let archived_at = match is_true(archived) {
            Some(true) => updated_at.or(created_at),
            _ => match archived {
                RawValue::Text(_) => time(archived),
                _ => None,
            },
        };
        rows.insert(
            key,
            Row {
                user: id(value(conversation::USER)),
                title: text(value(conversation::TITLE)),
                created_at,
                updated_at,
                archived_at,
            },
        );
        Ok(())
    })?;
    Ok(rows)
}

/// A conversation whose messages are added in order.
struct Builder {
    row: Option<Row>,
    start: Timestamp,
    /// `None` until the first message.
    turns: Option<Turns>,
    error: Option<chatkeep_core::Error>,
}

impl Builder {
    fn new(row: Option<Row>, modified: Timestamp) -> Self {
        let known = row.as_ref().and_then(|row| row.created_at.or(row.updated_at));
        Self { start: known.unwrap_or(modified), row, turns: None, error: None }
    }

    fn add(&mut self, table: &Table<7>, row: &[RawValue]) {
        let value = |role| table.value(row, role);
        let at = time(value(message::CREATED_AT));
        if self.turns.is_none() {
            let known = self.row.as_ref().and_then(|row| row.created_at);
            self.start = known.or(at).unwrap_or(self.start);
        }
        let turns = self.turns.get_or_insert_with(|| Turns::new(None, self.start));
        turns.at(at);
        let model = text(value(message::MODEL)).filter(|model| !model.is_empty());
        let mut add = || -> Result<()> {
            let human = text(value(message::HUMAN));
            let bot = text(value(message::BOT));
            if human.is_some() || bot.is_some() {
                turns.question(human.unwrap_or_default());
                return bot.map_or(Ok(()), |bot| turns.response(bot, model.as_deref()));
            }
            let content = text(value(message::CONTENT)).unwrap_or_default();
            let role = text(value(message::ROLE)).unwrap_or_default();
            match role.trim().to_ascii_lowercase().as_str() {
                "user" | "human" => turns.question(content),
                "assistant" | "bot" | "ai" | "model" => {
                    turns.response(content, model.as_deref())?
                }
                role => {
                    let content = Map::from_iter([("text".to_owned(), content.into())]);
                    turns.item(role, "message", content)?;
                }
            }
            Ok(())
        };
        if let Err(error) = add() {
            self.error.get_or_insert(error);
        }
    }

    fn finish(self, key: &str, people: &People) -> Result<ImportedConversation> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let (turns, items, last) = match self.turns {
            Some(turns) => (turns.turns, turns.items, turns.last),
            None => (Vec::new(), Vec::new(), self.start),
        };
        let row = self.row.as_ref();
        let title_text = row.and_then(|row| row.title.clone());
        let (title, metadata) = title(title_text, "import-legacy")?;
        let user = row.and_then(|row| people.public_id(row.user.as_deref()?));
        Ok(ImportedConversation {
            public_id: key.to_owned(),
            user_id: user.map(str::to_owned),
            title,
            created_at: self.start,
            last_message_at: last,
            archived_at: row.and_then(|row| row.archived_at),
            metadata,
            turns,
            items,
        })
    }
}
