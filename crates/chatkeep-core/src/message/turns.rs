//! Messages that are turns of a conversation.

use std::collections::BTreeMap;

use super::new::NewMessage;
use crate::connection::Connection;
use crate::conversation::touch_many;
use crate::error::{Error, Result};
use crate::value::Timestamp;

/// Returns whether one of these messages is a turn of a conversation.
pub(super) fn have_turns(messages: &[NewMessage]) -> bool {
    messages.iter().any(|message| message.is_turn)
}

/// Records the activity of these messages in their conversations, in the caller's transaction:
/// once for each conversation. Conversations are locked until its end, so they are not deleted before it.
///
/// # Errors
/// `InvalidInput` with the field `conversation_id` if a conversation does not exist.
pub(super) fn touch_conversations(
    connection: &mut Connection,
    messages: &[NewMessage],
    now: Timestamp,
) -> Result<()> {
    let mut latest = BTreeMap::new();
    for message in messages.iter().filter(|message| message.is_turn) {
        let Some(id) = message.conversation_id else { continue };
        let at = message.timestamp.unwrap_or(now);
        latest.entry(id).and_modify(|last: &mut Timestamp| *last = at.max(*last)).or_insert(at);
    }
    let activity: Vec<_> = latest.into_iter().collect();
    if touch_many(connection, &activity)?.is_empty() {
        return Ok(());
    }
    Err(Error::invalid_input("conversation_id", "no conversation has this id"))
}
