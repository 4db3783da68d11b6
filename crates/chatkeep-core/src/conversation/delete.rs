//! Deletion of conversations, in steps, so that other writers can proceed between them.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::activity::lock;
use crate::connection::{Connection, on_engine};
use crate::delete_rows::delete_rows;
use crate::error::Result;
use crate::message::{MessageOwner, delete_batch_of};
use crate::schema::{
    chat_conversations, chat_streams, conversation_items, open_turns, stream_chunks,
};
use crate::value::Timestamp;

/// Numbers of rows that a step deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeletedParts {
    /// Number of messages.
    pub messages: u64,
    /// Number of items.
    pub items: u64,
    /// Number of chunks of streams.
    pub chunks: u64,
    /// Number of streams.
    pub streams: u64,
    /// Number of open turns.
    pub turns: u64,
}

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionStep {
    /// This step deleted these rows, and more are left.
    More(DeletedParts),
    /// The conversation is deleted. This step deleted these rows.
    Deleted(DeletedParts),
    /// The conversation does not exist, or was active since the cutoff.
    Skipped,
}

/// Deletes at most `limit` messages of a conversation, and as many items, chunks, streams and open
/// turns; and if that is all, the conversation. The messages are subtracted from the totals.
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
        let mut deleted = DeletedParts::default();
        for (part, delete) in PARTS {
            let count = delete(connection, conversation, limit)?;
            *part(&mut deleted) = count;
            if count == u64::from(limit) {
                return Ok(DeletionStep::More(deleted));
            }
        }
        let row = on_engine!(connection, c => {
            let row = chat_conversations::table.filter(chat_conversations::id.eq(conversation));
            diesel::delete(row).execute(c)
        });
        row.map_err(|error| connection.write_error(error))?;
        Ok(DeletionStep::Deleted(deleted))
    })
}

type Part = fn(&mut DeletedParts) -> &mut u64;
type Delete = fn(&mut Connection, i64, u32) -> Result<u64>;

/// The parts of a conversation, in the order of their deletion. The chunks of a stream precede the
/// stream that they reference.
const PARTS: [(Part, Delete); 5] = [
    (
        |parts| &mut parts.messages,
        |connection, conversation, limit| {
            delete_batch_of(connection, MessageOwner::Conversation(conversation), limit)
        },
    ),
    (|parts| &mut parts.items, delete_items),
    (
        |parts| &mut parts.chunks,
        |connection, conversation, limit| {
            let streams = chat_streams::table
                .filter(chat_streams::conversation_id.eq(conversation))
                .select(chat_streams::id);
            let filter = stream_chunks::stream_id.eq_any(streams);
            deleted(delete_rows!(connection, stream_chunks, filter, limit))
        },
    ),
    (
        |parts| &mut parts.streams,
        |connection, conversation, limit| {
            let filter = chat_streams::conversation_id.eq(conversation);
            deleted(delete_rows!(connection, chat_streams, filter, limit))
        },
    ),
    (
        |parts| &mut parts.turns,
        |connection, conversation, limit| {
            let filter = open_turns::conversation_id.eq(conversation);
            deleted(delete_rows!(connection, open_turns, filter, limit))
        },
    ),
];

/// Deletes up to `limit` of the last items, and returns their number.
fn delete_items(connection: &mut Connection, conversation: i64, limit: u32) -> Result<u64> {
    let filter = conversation_items::conversation_id.eq(conversation);
    let last = conversation_items::position.desc();
    deleted(delete_rows!(connection, conversation_items, filter; last, limit))
}

/// Returns the number of deleted rows, or 0 if none matched. A number below the limit means that
/// the part is complete, even if another call deleted some of the rows: the foreign keys delete the
/// rest with the conversation.
fn deleted(count: Result<Option<u64>>) -> Result<u64> {
    count.map(Option::unwrap_or_default)
}

/// Returns the internal ids of up to `limit` conversations whose last activity is from `from`
/// (inclusive) to `cutoff` (exclusive), least recently active first. Also returns the time of the
/// last activity of the last one.
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
