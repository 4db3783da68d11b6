//! Digests over all rows of a table. They are the same on every engine.

use chatkeep_core::Message;
use chatkeep_core::tokens::StoredToken;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::batch::Batch;

/// Summary of a table's content. The field names are its JSON keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContent {
    /// Number of rows.
    pub rows: u64,
    /// SHA-256 over all values of all rows, ordered by id, in hexadecimal.
    pub sha256: String,
}

/// Summary of a database's content. The field names are its JSON keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Table `messages`.
    pub messages: TableContent,
    /// Table `api_tokens`.
    pub api_tokens: TableContent,
}

/// Digests of a database's tables, computed batch by batch.
#[derive(Default)]
pub(crate) struct Digests {
    messages: TableDigest,
    tokens: TableDigest,
}

#[derive(Default)]
struct TableDigest {
    rows: u64,
    sha256: Sha256,
}

impl Digests {
    pub(crate) fn add(&mut self, batch: &Batch) {
        match batch {
            Batch::Tokens(tokens) => tokens.iter().for_each(|token| self.tokens.token(token)),
            Batch::Messages(messages) => {
                messages.iter().for_each(|message| self.messages.message(message))
            }
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.messages.rows + self.tokens.rows
    }

    pub(crate) fn finish(self) -> Content {
        Content { messages: self.messages.finish(), api_tokens: self.tokens.finish() }
    }
}

impl TableDigest {
    fn number(&mut self, number: i64) {
        self.sha256.update(number.to_le_bytes());
    }

    fn maybe_number(&mut self, number: Option<i64>) {
        self.sha256.update([u8::from(number.is_some())]);
        self.number(number.unwrap_or(0));
    }

    /// Adds the length before the text, so that different rows never have the same encoding.
    fn text(&mut self, text: Option<&str>) {
        self.maybe_number(text.map(|text| text.len() as i64));
        self.sha256.update(text.unwrap_or_default());
    }

    fn message(&mut self, message: &Message) {
        self.rows += 1;
        self.number(message.id);
        self.number(message.timestamp.as_microsecond());
        self.text(Some(&message.user_message));
        self.text(message.bot_response.as_deref());
        self.text(message.provider.as_deref());
        self.text(message.model.as_deref());
        self.maybe_number(message.tokens_used);
        self.text(message.metadata.as_ref().map(|metadata| metadata.as_json()));
    }

    fn token(&mut self, token: &StoredToken) {
        self.rows += 1;
        self.number(token.id);
        self.text(Some(&token.token_hash));
        self.text(Some(&token.description));
        self.number(token.created_at.as_microsecond());
        self.maybe_number(token.expires_at.map(|time| time.as_microsecond()));
        self.number(token.is_active.into());
        self.maybe_number(token.last_used_at.map(|time| time.as_microsecond()));
        self.text(token.token_start.as_deref());
    }

    fn finish(self) -> TableContent {
        TableContent { rows: self.rows, sha256: hex(&self.sha256.finalize()) }
    }
}

/// Returns the SHA-256 of these bytes in hexadecimal.
pub(crate) fn hex_digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Encodes bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
