//! Pairing of a conversation's messages into turns.

use chatkeep_core::conversations::MAX_ROLE;
use chatkeep_core::{ImportedItem, MAX_MODEL, NewItem, NewMessage, Result, Timestamp};
use serde_json::{Map, Value};

use super::values::{clean, content, short};

/// The turns and items of a conversation whose messages are added in order.
///
/// A question begins a turn. The responses after it are joined, as programs show them. Everything
/// else is an item of the turn.
pub(crate) struct Turns {
    provider: Option<&'static str>,
    /// Time of the last message, which those without a time get.
    pub(crate) last: Timestamp,
    pub(crate) turns: Vec<NewMessage>,
    pub(crate) items: Vec<ImportedItem>,
}

impl Turns {
    pub(crate) fn new(provider: Option<&'static str>, start: Timestamp) -> Self {
        Self { provider, last: start, turns: Vec::new(), items: Vec::new() }
    }

    /// Sets the time of the messages that are added next.
    pub(crate) fn at(&mut self, time: Option<Timestamp>) {
        self.last = time.unwrap_or(self.last);
    }

    /// Begins a turn.
    pub(crate) fn question(&mut self, text: String) {
        self.turns.push(NewMessage::new(clean(text)).with_timestamp(self.last));
    }

    /// Adds a response to the turn, unless it is empty. Without a turn, it is an item.
    pub(crate) fn response(&mut self, text: String, model: Option<&str>) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let text = clean(text);
        let Some(turn) = self.turns.last_mut() else {
            let text = Map::from_iter([("text".to_owned(), text.into())]);
            return self.item("assistant", "message", text);
        };
        turn.provider = self.provider.map(str::to_owned);
        if let Some(model) = model {
            turn.model = Some(short(model, MAX_MODEL));
        }
        turn.bot_response = Some(match turn.bot_response.take() {
            Some(earlier) => format!("{earlier}\n\n{text}"),
            None => text,
        });
        Ok(())
    }

    /// Adds an item to the turn.
    pub(crate) fn item(
        &mut self,
        role: &str,
        kind: &str,
        values: Map<String, Value>,
    ) -> Result<()> {
        let name = |name, default: &str| match short(name, MAX_ROLE) {
            name if name.is_empty() => default.to_owned(),
            name => name,
        };
        let item = NewItem::new(name(role, "unknown"), content(values)?);
        self.items.push(ImportedItem {
            item: item.with_kind(name(kind, "message")),
            turn: self.turns.len().checked_sub(1),
            created_at: self.last,
        });
        Ok(())
    }
}
