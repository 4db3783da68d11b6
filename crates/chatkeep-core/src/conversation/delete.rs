//! Deletion of conversations, in steps, so that other writers can proceed between them.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::activity::lock;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::message::delete_batch_of_conversation;
use crate::schema::{
    chat_conversations, chat_streams, conversation_items, open_turns, stream_chunks,
};
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

/// Deletes at most `limit` messages of a conversation, and as many rows of each other table; and if
/// that is all, the conversation. The messages are subtracted from the totals.
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
        // In this order, because a stream would take all its chunks along.
        if limit_reached(messages)
            || limit_reached(delete_items(connection, conversation, limit)?)
            || limit_reached(delete_chunks(connection, conversation, limit)?)
            || limit_reached(delete_streams(connection, conversation, limit)?)
            || limit_reached(delete_turns(connection, conversation, limit)?)
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

/// Defines the deletion of up to `limit` rows that a query finds. It returns their number.
macro_rules! deletions {
    ($($(#[$documentation:meta])* $name:ident($conversation:ident) $table:ident: $found:expr;)+) => {$(
        $(#[$documentation])*
        fn $name(connection: &mut Connection, $conversation: i64, limit: u32) -> Result<u64> {
            let ids = on_engine!(connection, c => {
                $found.select($table::id).limit(i64::from(limit)).load::<i64>(c)
            });
            let ids = ids.map_err(|error| connection.read_error(error))?;
            if ids.is_empty() {
                return Ok(0);
            }
            let deleted = on_engine!(connection, c => {
                diesel::delete($table::table.filter($table::id.eq_any(&ids))).execute(c)
            });
            deleted.map(|count| count as u64).map_err(|error| connection.write_error(error))
        }
    )+};
}

deletions! {
    /// Deletes the last items first, so that the positions have no gaps.
    delete_items(conversation) conversation_items: conversation_items::table
        .filter(conversation_items::conversation_id.eq(conversation))
        .order(conversation_items::position.desc());
    delete_chunks(conversation) stream_chunks: stream_chunks::table
        .filter(stream_chunks::stream_id.eq_any(chat_streams::table
            .filter(chat_streams::conversation_id.eq(conversation))
            .select(chat_streams::id)));
    delete_streams(conversation) chat_streams: chat_streams::table
        .filter(chat_streams::conversation_id.eq(conversation));
    delete_turns(conversation) open_turns: open_turns::table
        .filter(open_turns::conversation_id.eq(conversation));
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
