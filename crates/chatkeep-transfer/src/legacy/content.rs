//! Whether two messages are the same one, apart from their ids: that is how an import that is run again knows its rows.

use chatkeep_core::Message;
use sha2::{Digest, Sha256};

use super::message::ReadMessage;

/// Enough of a digest to tell any number of messages apart.
pub(super) type Key = [u8; 16];

/// Whether the message that is stored is the one that was read.
pub(super) fn is_same(stored: &Message, read: &ReadMessage) -> bool {
    let given = &read.message;
    (stored.timestamp == given.timestamp || !read.has_time)
        && stored.user_message == given.user_message
        && stored.bot_response == given.bot_response
        && stored.provider == given.provider
        && stored.model == given.model
        && stored.tokens_used == given.tokens_used
        && stored.metadata == given.metadata
}

/// The same for all but a few of many. A message whose time is not its own has the row's id in its metadata instead.
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
