//! Conversations of a legacy file, with their messages.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use chatkeep::ImportedConversation;
use chatkeep_core::legacy::{LegacyFile, RawValue};
use chatkeep_core::{Error, Result, Timestamp};
use serde_json::Map;

use super::shape::{Table, Tables, conversation, message};
use super::users::LegacyUsers;
use super::value::{id, is_true, text, time};
use crate::chats::turns::Turns;
use crate::chats::values::title;

/// A conversation of a file.
pub(super) struct LegacyConversation {
    pub(super) imported: ImportedConversation,
    /// Whether its creation time is in the file. Otherwise it may differ in the next run.
    pub(super) is_dated: bool,
}

/// Called with the table, the id, and the conversation or the error of its rows. The id is empty for
/// rows without a valid one.
type Work<'a> = dyn FnMut(&str, &str, Result<LegacyConversation>) -> Result<()> + 'a;

/// A row of the table of conversations.
struct Row {
    user: Option<String>,
    title: Option<String>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    archived_at: Option<Timestamp>,
}

/// Calls `work` with each conversation. Memory is needed for the messages of one at a time, and for
/// the ids and rows of the conversations.
pub(super) fn each(
    file: &mut LegacyFile,
    tables: &Tables,
    users: &LegacyUsers,
    work: &mut Work<'_>,
) -> Result<()> {
    let Some(messages) = &tables.messages else { return Ok(()) };
    let mut rows = read(file, tables.conversations.as_ref(), work)?;
    let name = tables.conversations.as_ref().map_or(&messages.name, |table| &table.name);
    let modified = file.modified();
    let mut open: Option<(String, Builder)> = None;
    let mut finished = HashSet::new();
    let order = messages.column(message::CONVERSATION);
    file.each_row(&messages.name, &messages.columns, order, &mut |row| {
        let invalid = |reason| Err(Error::invalid_input("conversation_id", reason));
        let Some(key) = id(messages.value(&row, message::CONVERSATION)) else {
            return work(&messages.name, "", invalid("is missing or not an id"));
        };
        if open.as_ref().is_none_or(|(current, _)| *current != key) {
            if let Some((key, builder)) = open.take() {
                work(name, &key, builder.finish(&key, users))?;
                finished.insert(key);
            }
            if finished.contains(&key) {
                return work(
                    &messages.name,
                    &key,
                    invalid("differs in type or whitespace from that of earlier messages"),
                );
            }
            let row = rows.remove(&key);
            open = Some((key, Builder::new(row, modified)));
        }
        if let Some((_, builder)) = &mut open {
            builder.add(messages, &row);
        }
        Ok(())
    })?;
    if let Some((key, builder)) = open {
        work(name, &key, builder.finish(&key, users))?;
    }
    for (key, row) in rows {
        work(name, &key, Builder::new(Some(row), modified).finish(&key, users))?;
    }
    Ok(())
}

/// Reads the table of conversations. Calls `work` with the errors of invalid rows.
fn read(
    file: &mut LegacyFile,
    table: Option<&Table<6>>,
    work: &mut Work<'_>,
) -> Result<BTreeMap<String, Row>> {
    let mut rows = BTreeMap::new();
    let Some(table) = table else { return Ok(rows) };
    let modified = file.modified();
    file.each_row(&table.name, &table.columns, None, &mut |row| {
        let value = |role| table.value(&row, role);
        let invalid = |reason| Err(Error::invalid_input("id", reason));
        let Some(key) = id(value(conversation::ID)) else {
            return work(&table.name, "", invalid("is missing or not an id"));
        };
        let vacant = match rows.entry(key) {
            Entry::Vacant(vacant) => vacant,
            Entry::Occupied(occupied) => {
                return work(&table.name, occupied.key(), invalid("another row has this id"));
            }
        };
        let updated_at = time(value(conversation::UPDATED_AT));
        let created_at = time(value(conversation::CREATED_AT));
        // Some programs store a time, others a truth value.
        let archived = value(conversation::ARCHIVED);
        let archived_at = match is_true(archived) {
            Some(true) => Some(updated_at.or(created_at).unwrap_or(modified)),
            _ => match archived {
                RawValue::Text(_) => time(archived),
                _ => None,
            },
        };
        vacant.insert(Row {
            user: id(value(conversation::USER)),
            title: text(value(conversation::TITLE)),
            created_at,
            updated_at,
            archived_at,
        });
        Ok(())
    })?;
    Ok(rows)
}

/// A conversation whose messages are added in order.
struct Builder {
    row: Option<Row>,
    start: Timestamp,
    is_dated: bool,
    /// `None` until the first message.
    turns: Option<Turns>,
    error: Option<Error>,
}

impl Builder {
    fn new(row: Option<Row>, modified: Timestamp) -> Self {
        let created_at = row.as_ref().and_then(|row| row.created_at);
        let known = created_at.or(row.as_ref().and_then(|row| row.updated_at));
        let (start, is_dated) = (known.unwrap_or(modified), created_at.is_some());
        Self { row, start, is_dated, turns: None, error: None }
    }

    fn add(&mut self, table: &Table<7>, row: &[RawValue]) {
        let value = |role| table.value(row, role);
        let at = time(value(message::CREATED_AT));
        if self.turns.is_none() && !self.is_dated {
            (self.start, self.is_dated) = (at.unwrap_or(self.start), at.is_some());
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
            let (role, content) = (text(value(message::ROLE)), text(value(message::CONTENT)));
            if role.is_none() && content.is_none() {
                return Ok(());
            }
            let (role, content) = (role.unwrap_or_default(), content.unwrap_or_default());
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

    fn finish(self, key: &str, users: &LegacyUsers) -> Result<LegacyConversation> {
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
        let user = row.and_then(|row| users.public_id(row.user.as_deref()?));
        let imported = ImportedConversation {
            public_id: key.to_owned(),
            user_id: user.map(str::to_owned),
            title,
            created_at: self.start,
            last_message_at: last,
            archived_at: row.and_then(|row| row.archived_at),
            metadata,
            turns,
            items,
        };
        Ok(LegacyConversation { imported, is_dated: self.is_dated })
    }
}
