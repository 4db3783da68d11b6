//! Deletion of conversations, in steps, so that other writers can proceed between them.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::activity::lock;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::message::delete_batch_of_conversation;
use crate::schema::{chat_conversations, conversation_items};
use crate::value::Timestamp;

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionStep {
    /// More is left to delete. This step deleted this number of messages.
    More(u64),
    /// The conversation is deleted. This step deleted this number of messages.
    Deleted(u64),
    /// The conversation does not exist, or was active since the cutoff.
    Skipped,
}

/// Deletes at most `limit` messages and as many items of a conversation; and if that is all, the
/// conversation, with everything that belongs to it. The messages are subtracted from the totals.
///
/// With a cutoff, nothing is deleted if the conversation was active since. An interrupted deletion
/// leaves the conversation with the remaining rows, and can be run again.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn delete_step(
    connection: &mut Connection,
    conversation: i64,
    cutoff: Option<Timestamp>,
    limit: u32,
) -> Result<DeletionStep> {
    connection.transaction(|connection| {
        let Some(last_activity) = lock(connection, conversation)? else {
            return Ok(DeletionStep::Skipped);
        };
        if cutoff.is_some_and(|cutoff| last_activity >= cutoff) {
            return Ok(DeletionStep::Skipped);
        }
        let limit_reached = |count| count == u64::from(limit);
        let messages = delete_batch_of_conversation(connection, conversation, limit)?;
        if limit_reached(messages) || limit_reached(delete_items(connection, conversation, limit)?)
        {
            return Ok(DeletionStep::More(messages));
        }
        let deleted = on_engine!(connection, c => {
            let row = chat_conversations::table.filter(chat_conversations::id.eq(conversation));
            diesel::delete(row).execute(c)
        });
        deleted.map_err(|error| connection.write_error(error))?;
        Ok(DeletionStep::Deleted(messages))
    })
}

/// Deletes up to `limit` of the last items, and returns their number.
fn delete_items(connection: &mut Connection, conversation: i64, limit: u32) -> Result<u64> {
    let deleted = on_engine!(connection, c => conversation_items::table
    .filter(conversation_items::conversation_id.eq(conversation))
    .order(conversation_items::position.desc())
    .select(conversation_items::id)
    .limit(i64::from(limit))
    .load::<i64>(c)
    .and_then(|ids| match ids.as_slice() {
        [] => Ok(0),
        ids => {
            let rows = conversation_items::table.filter(conversation_items::id.eq_any(ids));
            diesel::delete(rows).execute(c)
        }
    }));
    deleted.map(|count| count as u64).map_err(|error| connection.write_error(error))
}

/// Returns the internal ids of up to `limit` conversations whose last activity is from `from`
/// (inclusive) to `cutoff` (exclusive), in that order, and the time of the last of them.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn inactive_since(
    connection: &mut Connection,
    from: Timestamp,
    cutoff: Timestamp,
    limit: i64,
) -> Result<Option<(Vec<i64>, Timestamp)>> {
    let rows = on_engine!(connection, c => chat_conversations::table
        .filter(chat_conversations::last_message_at.ge(from))
        .filter(chat_conversations::last_message_at.lt(cutoff))
        .order((chat_conversations::last_message_at.asc(), chat_conversations::id.asc()))
        .select((chat_conversations::id, chat_conversations::last_message_at))
        .limit(limit)
        .load::<(i64, Timestamp)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    let Some(&(_, last)) = rows.last() else { return Ok(None) };
    Ok(Some((rows.into_iter().map(|(id, _)| id).collect(), last)))
}
