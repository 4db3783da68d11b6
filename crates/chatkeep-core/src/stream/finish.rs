//! The end of a stream, and requests to cancel it.

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::list::get;
use super::new::StreamEnd;
use super::read::text;
use super::record::{FinishedStream, StreamStatus};
use crate::connection::{Connection, on_engine};
use crate::conversation::{TurnEnd, move_turn, open_turn, touch};
use crate::error::{Error, Result};
use crate::message::{NewMessage, Usage};
use crate::schema::chat_streams;
use crate::value::Timestamp;

/// A message into which an open turn was moved, with its id.
pub type MovedTurn = (i64, NewMessage);

/// Ends a stream, unless it has ended before. If it belongs to an open turn, the turn is moved into
/// the message log in the same transaction, with the stream's text as the response.
///
/// # Errors
/// `InvalidInput` with the name of the invalid field, also when there is no such stream, or when the
/// text is too large for a message; or an error of the database.
pub fn finish(
    connection: &mut Connection,
    public_id: &str,
    end: &StreamEnd,
) -> Result<(FinishedStream, Option<MovedTurn>)> {
    end.check()?;
    end.error.as_deref().map_or(Ok(()), |error| connection.check_bytes("error", error))?;
    connection.transaction(|connection| {
        let ended = end_stream(connection, public_id, end, None)?;
        let stream = get(connection, public_id)?.ok_or_else(|| no_stream(public_id))?;
        let (is_ended, moved) = (ended.is_some(), ended.flatten());
        let message_id = moved.as_ref().map(|(id, _)| *id);
        Ok((FinishedStream { stream, ended: is_ended, message_id }, moved))
    })
}

/// Ends a running stream, in the caller's transaction, and moves its open turn. With a cutoff, only
/// if the stream was last changed before it. `None` means that it was not ended.
fn end_stream(
    connection: &mut Connection,
    public_id: &str,
    end: &StreamEnd,
    cutoff: Option<Timestamp>,
) -> Result<Option<Option<MovedTurn>>> {
    type Found = (i64, Option<i64>, Option<i64>, Option<String>, Option<String>);
    let found = on_engine!(connection, c => chat_streams::table
        .filter(chat_streams::public_id.eq(public_id))
        .select((
            chat_streams::id,
            chat_streams::conversation_id,
            chat_streams::turn_id,
            chat_streams::provider,
            chat_streams::model,
        ))
        .get_result::<Found>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    let Some((id, conversation, turn, provider, model)) = found else { return Ok(None) };
    // The conversation is locked first, as in all transactions that change its turns and streams.
    if let (Some(conversation), Some(_)) = (conversation, turn)
        && !touch(connection, conversation, Timestamp::MIN)?
    {
        return Ok(None);
    }
    let now = Timestamp::now();
    let changed = on_engine!(connection, c => {
        let running = chat_streams::table
            .filter(chat_streams::id.eq(id))
            .filter(chat_streams::status.eq("running"))
            .filter(chat_streams::updated_at.lt(cutoff.unwrap_or(Timestamp::MAX)));
        diesel::update(running)
            .set((
                chat_streams::status.eq(end.status.name()),
                chat_streams::error.eq(end.error.as_deref()),
                chat_streams::tokens.eq(end.tokens),
                chat_streams::cost.eq(end.cost),
                chat_streams::updated_at.eq(now),
                chat_streams::finished_at.eq(Some(now)),
            ))
            .execute(c)
    });
    if changed.map_err(|error| connection.write_error(error))? == 0 {
        return Ok(None);
    }
    let Some(turn) = turn else { return Ok(Some(None)) };
    let Some(turn) = open_turn(connection, turn)? else { return Ok(Some(None)) };
    let text = text(connection, public_id)?.filter(|text| !text.is_empty());
    let usage = Usage {
        status: Some(end.status.of_message()),
        error: end.error.clone(),
        cost: end.cost,
        ..Usage::default()
    };
    let mut turn_end = TurnEnd {
        bot_response: text,
        provider,
        model,
        tokens_used: end.tokens,
        ..TurnEnd::default()
    }
    .with_usage(usage);
    if cutoff.is_some() {
        turn_end.cut_to_fit(connection, &turn);
    }
    // An interruption does not count as activity of the user.
    let activity = if cutoff.is_some() { Timestamp::MIN } else { now };
    move_turn(connection, turn, &turn_end, activity).map(Some)
}

/// Ends the running streams of a turn that is being moved as interrupted, and returns the text of
/// the turn's first stream. The caller has locked the conversation.
pub(crate) fn interrupt_of_turn(
    connection: &mut Connection,
    conversation: i64,
    turn: i64,
) -> Result<Option<String>> {
    let now = Timestamp::now();
    // The index of the conversations finds them.
    let changed = on_engine!(connection, c => {
        let running = chat_streams::table
            .filter(chat_streams::conversation_id.eq(conversation))
            .filter(chat_streams::turn_id.eq(turn))
            .filter(chat_streams::status.eq("running"));
        diesel::update(running)
            .set((
                chat_streams::status.eq("interrupted"),
                chat_streams::updated_at.eq(now),
                chat_streams::finished_at.eq(Some(now)),
            ))
            .execute(c)
    });
    if changed.map_err(|error| connection.write_error(error))? == 0 {
        return Ok(None);
    }
    let first = on_engine!(connection, c => chat_streams::table
        .filter(chat_streams::conversation_id.eq(conversation))
        .filter(chat_streams::turn_id.eq(turn))
        .order(chat_streams::id.asc())
        .select(chat_streams::public_id)
        .first::<String>(c)
        .optional());
    match first.map_err(|error| connection.read_error(error))? {
        Some(public_id) => Ok(text(connection, &public_id)?.filter(|text| !text.is_empty())),
        None => Ok(None),
    }
}

/// Returns the error for a stream that does not exist.
fn no_stream(public_id: &str) -> Error {
    Error::invalid_input("stream_id", format!("no stream has the id {public_id:?}"))
}

/// Requests that the writer of a running stream cancels it. Returns whether this call is the first
/// to request it.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn cancel(connection: &mut Connection, public_id: &str) -> Result<bool> {
    let changed = on_engine!(connection, c => {
        let running = chat_streams::table
            .filter(chat_streams::public_id.eq(public_id))
            .filter(chat_streams::status.eq("running"))
            .filter(chat_streams::cancel_requested_at.is_null());
        diesel::update(running)
            .set(chat_streams::cancel_requested_at.eq(Some(Timestamp::now())))
            .execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Ends up to `limit` running streams without a turn that were last changed before `cutoff` as
/// interrupted, and returns their number. `None` means that none is left.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn interrupt_stale_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    let now = Timestamp::now();
    let is_stale = || {
        let is_running = chat_streams::status.eq("running").and(chat_streams::turn_id.is_null());
        is_running.and(chat_streams::updated_at.lt(cutoff))
    };
    let ids = on_engine!(connection, c => chat_streams::table
        .filter(is_stale())
        .select(chat_streams::id)
        .limit(i64::from(limit))
        .load::<i64>(c));
    let ids = ids.map_err(|error| connection.read_error(error))?;
    if ids.is_empty() {
        return Ok(None);
    }
    // A stream that was changed or ended since it was found is left alone.
    let changed = on_engine!(connection, c => {
        diesel::update(chat_streams::table.filter(chat_streams::id.eq_any(&ids)).filter(is_stale()))
            .set((
                chat_streams::status.eq("interrupted"),
                chat_streams::updated_at.eq(now),
                chat_streams::finished_at.eq(Some(now)),
            ))
            .execute(c)
    });
    changed.map(|count| Some(count as u64)).map_err(|error| connection.write_error(error))
}

/// Returns up to `limit` running streams with a turn that were last changed before `cutoff`, with an
/// internal id greater than `after_id`: their internal and public ids, ordered by id.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn stale_with_turn(
    connection: &mut Connection,
    cutoff: Timestamp,
    after_id: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>> {
    let found = on_engine!(connection, c => chat_streams::table
        .filter(chat_streams::status.eq("running"))
        .filter(chat_streams::updated_at.lt(cutoff))
        .filter(chat_streams::turn_id.is_not_null())
        .filter(chat_streams::id.gt(after_id))
        .order(chat_streams::id.asc())
        .select((chat_streams::id, chat_streams::public_id))
        .limit(limit)
        .load::<(i64, String)>(c));
    found.map_err(|error| connection.read_error(error))
}

/// Ends a running stream that was last changed before `cutoff` as interrupted, and moves its open
/// turn into the message log. `None` means that it was changed or has ended since.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn interrupt_stale(
    connection: &mut Connection,
    public_id: &str,
    cutoff: Timestamp,
) -> Result<Option<Option<MovedTurn>>> {
    let end = StreamEnd::new(StreamStatus::Interrupted);
    connection.transaction(|connection| end_stream(connection, public_id, &end, Some(cutoff)))
}
