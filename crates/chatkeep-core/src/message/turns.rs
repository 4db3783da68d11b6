//! Messages that are turns of a conversation.

use std::collections::BTreeMap;

use super::new::NewMessage;
use crate::connection::Connection;
use crate::conversation::{Activity, touch_many};
use crate::error::{Error, Result};
use crate::value::Timestamp;

/// Returns whether one of these messages is a turn of a conversation.
pub(super) fn have_turns(messages: &[NewMessage]) -> bool {
    messages.iter().any(|message| message.is_turn)
}

/// Returns the activity of these messages in their conversations: the ids in ascending order, each
/// once, with the latest time.
pub(super) fn activity_of(messages: &[NewMessage], now: Timestamp) -> Vec<Activity> {
    let mut latest = BTreeMap::new();
    for message in messages.iter().filter(|message| message.is_turn) {
        let Some(id) = message.conversation_id else { continue };
        let at = message.timestamp.unwrap_or(now);
        latest.entry(id).and_modify(|last: &mut Timestamp| *last = at.max(*last)).or_insert(at);
    }
    latest.into_iter().collect()
}

/// Records the activity of these messages in their conversations, in the caller's transaction.
/// Conversations are locked until its end, so they are not deleted before it.
///
/// # Errors
/// `InvalidInput` with the field `conversation_id` if a conversation does not exist.
pub(super) fn touch_conversations(
    connection: &mut Connection,
    messages: &[NewMessage],
    now: Timestamp,
) -> Result<()> {
    if touch_many(connection, &activity_of(messages, now))?.is_empty() {
        return Ok(());
    }
    Err(no_conversation())
}

/// The error of a turn of a conversation that does not exist.
pub(super) fn no_conversation() -> Error {
    Error::invalid_input("conversation_id", "no conversation has this id")
}
