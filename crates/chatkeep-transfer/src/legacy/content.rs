//! Compares messages by content, regardless of their ids. A repeated import recognizes its rows
//! this way.

use chatkeep_core::Message;
use sha2::{Digest, Sha256};

use super::message::ReadMessage;

/// Truncated SHA-256 of a message's content. 128 bits make collisions negligible.
pub(super) type Key = [u8; 16];

/// Returns whether a stored message has the content of a row.
pub(super) fn is_same(stored: &Message, read: &ReadMessage) -> bool {
    let row = &read.message;
    (stored.timestamp == row.timestamp || !read.has_time)
        && stored.user_message == row.user_message
        && stored.bot_response == row.bot_response
        && stored.provider == row.provider
        && stored.model == row.model
        && stored.tokens_used == row.tokens_used
        && stored.metadata == row.metadata
}

/// Returns the digest of a message's content.
///
/// With `has_time` false the timestamp is ignored. Such messages have the row's id in the metadata.
pub(super) fn key(message: &Message, has_time: bool) -> Key {
    let mut digest = Sha256::new();
    digest.update(if has_time { message.timestamp.as_microsecond() } else { 0 }.to_le_bytes());
    let metadata = message.metadata.as_ref().map(|metadata| metadata.as_json());
    let fields = [
        Some(message.user_message.as_str()),
        message.bot_response.as_deref(),
        message.provider.as_deref(),
        message.model.as_deref(),
        metadata,
    ];
    for field in fields {
        digest.update([u8::from(field.is_some())]);
        digest.update((field.map_or(0, str::len) as u64).to_le_bytes());
        digest.update(field.unwrap_or_default());
    }
    digest.update([u8::from(message.tokens_used.is_some())]);
    digest.update(message.tokens_used.unwrap_or(0).to_le_bytes());
    let whole = digest.finalize();
    let mut key = Key::default();
    key.copy_from_slice(&whole[..16]);
    key
}
