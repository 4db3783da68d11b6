//! Open turns: questions that are stored before the model is asked.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::activity::touch;
use super::turn_record::{OpenTurn, TurnEnd, TurnStart, lease_end};
use super::turn_rows::{NewRow, StoredTurn};
use crate::connection::{Connection, all_stored, on_engine};
use crate::error::Result;
use crate::message::{NewMessage, check_message, insert};
use crate::public_ids::find_turn;
use crate::schema::{chat_conversations, open_turns};
use crate::stream::interrupt_of_turn;
use crate::value::{Timestamp, public_id};

/// Stores the start of a turn, and returns the turn's public id. `None` if the conversation does
/// not exist.
///
/// # Errors
/// `InvalidInput` with the field's name; `OutcomeUnknown` or another error of the database.
pub fn begin_turn(
    connection: &mut Connection,
    conversation: i64,
    start: &TurnStart,
) -> Result<Option<String>> {
    let now = Timestamp::now();
    let lease_until = lease_end(now, start.lease_seconds)?;
    check_message(connection, &start.to_message())?;
    let public_id = public_id::generate()?;
    connection.transaction(|connection| {
        if !touch(connection, conversation, now)? {
            return Ok(None);
        }
        let row = NewRow {
            public_id: &public_id,
            conversation_id: Some(conversation),
            user_id: owner(connection, conversation)?,
            user_message: &start.user_message,
            provider: start.provider.as_deref(),
            model: start.model.as_deref(),
            metadata: start.metadata.as_ref(),
            started_at: now,
            lease_until,
        };
        let stored = on_engine!(connection, c => {
            all_stored(diesel::insert_into(open_turns::table).values(row).execute(c), 1)
        });
        stored.map_err(|error| connection.insert_error(error))?;
        Ok(Some(public_id))
    })
}

/// Returns the internal id of the conversation's user.
fn owner(connection: &mut Connection, conversation: i64) -> Result<Option<i64>> {
    let owner = on_engine!(connection, c => chat_conversations::table
        .filter(chat_conversations::id.eq(conversation))
        .select(chat_conversations::user_id)
        .get_result::<Option<i64>>(c));
    owner.map_err(|error| connection.read_error(error))
}

/// Sets the end of a turn's lease. Returns false if the turn is finished or does not exist.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn extend_turn(
    connection: &mut Connection,
    turn_id: &str,
    lease_until: Timestamp,
) -> Result<bool> {
    if !public_id::may_exist(turn_id) {
        return Ok(false);
    }
    let changed = on_engine!(connection, c => {
        diesel::update(open_turns::table.filter(open_turns::public_id.eq(turn_id)))
            .set(open_turns::lease_until.eq(lease_until))
            .execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Moves a turn into the message log, and returns the message with its id. `None` if the turn is
/// finished or does not exist.
///
/// The deletion of the open turn decides which one of several callers stores the message.
///
/// # Errors
/// `InvalidInput` with the field's name; `OutcomeUnknown` or another error of the database.
pub fn finish_turn(
    connection: &mut Connection,
    turn_id: &str,
    end: &TurnEnd,
) -> Result<Option<(i64, NewMessage)>> {
    end.check()?;
    connection.transaction(|connection| {
        let Some(id) = find_turn(connection, turn_id)? else { return Ok(None) };
        match open_turn(connection, id)? {
            Some(turn) => move_turn(connection, turn, end, Timestamp::now()),
            None => Ok(None),
        }
    })
}

/// Moves a turn whose lease has ended at `now` into the message log, as interrupted, with the text
/// of its stream. `None` if the turn was finished or extended.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn interrupt_turn(
    connection: &mut Connection,
    id: i64,
    now: Timestamp,
) -> Result<Option<(i64, NewMessage)>> {
    connection.transaction(|connection| {
        let Some(turn) = open_turn(connection, id)? else { return Ok(None) };
        // This does not count as activity of the user.
        if !take_turn(connection, &turn, Timestamp::MIN, Some(now))? {
            return Ok(None);
        }
        let mut end = TurnEnd::interrupted();
        if let Some(conversation) = turn.conversation_id {
            end.bot_response = interrupt_of_turn(connection, conversation, turn.id)?;
            end.cut_to_fit(connection, &turn);
        }
        store_turn(connection, turn, &end).map(Some)
    })
}

/// Returns an open turn, if it exists.
pub(crate) fn open_turn(connection: &mut Connection, id: i64) -> Result<Option<StoredTurn>> {
    let found = on_engine!(connection, c => open_turns::table
        .filter(open_turns::id.eq(id))
        .select(open_turns::all_columns)
        .get_result::<StoredTurn>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Deletes an open turn and inserts its message, in the caller's transaction. `None` if it was
/// finished.
pub(crate) fn move_turn(
    connection: &mut Connection,
    turn: StoredTurn,
    end: &TurnEnd,
    activity: Timestamp,
) -> Result<Option<(i64, NewMessage)>> {
    if !take_turn(connection, &turn, activity, None)? {
        return Ok(None);
    }
    store_turn(connection, turn, end).map(Some)
}

/// Deletes an open turn. With `lease_ended`, only if the lease has ended at that time. Returns
/// false if another caller did it.
fn take_turn(
    connection: &mut Connection,
    turn: &StoredTurn,
    activity: Timestamp,
    lease_ended: Option<Timestamp>,
) -> Result<bool> {
    // The conversation is locked before the turn, as when the conversation is deleted.
    if let Some(conversation) = turn.conversation_id
        && !touch(connection, conversation, activity)?
    {
        return Ok(false);
    }
    let deleted = on_engine!(connection, c => {
        let row = open_turns::table.filter(open_turns::id.eq(turn.id));
        match lease_ended {
            Some(now) => diesel::delete(row.filter(open_turns::lease_until.le(now))).execute(c),
            None => diesel::delete(row).execute(c),
        }
    });
    deleted.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

fn store_turn(
    connection: &mut Connection,
    turn: StoredTurn,
    end: &TurnEnd,
) -> Result<(i64, NewMessage)> {
    let message = end.complete(turn.into_message());
    let id = insert(connection, &message)?;
    Ok((id, message))
}

/// Returns up to `limit` open turns of a conversation, oldest first. `public_id` is that of the
/// conversation.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list_open_turns(
    connection: &mut Connection,
    conversation: i64,
    public_id: &str,
    limit: i64,
) -> Result<Vec<OpenTurn>> {
    let rows = on_engine!(connection, c => open_turns::table
        .filter(open_turns::conversation_id.eq(conversation))
        .order(open_turns::id.asc())
        .select(open_turns::all_columns)
        .limit(limit)
        .load::<StoredTurn>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    let record = |row: StoredTurn| OpenTurn {
        public_id: row.public_id,
        conversation_id: public_id.to_owned(),
        user_message: row.user_message,
        provider: row.provider,
        model: row.model,
        metadata: row.metadata,
        started_at: row.started_at,
        lease_until: row.lease_until,
    };
    Ok(rows.into_iter().map(record).collect())
}

/// Returns the internal ids of up to `limit` turns whose lease has ended at `now`, those whose lease
/// ended first at the start.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn interrupted_turns(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<i64>> {
    let ids = on_engine!(connection, c => open_turns::table
        .filter(open_turns::lease_until.le(now))
        .order((open_turns::lease_until.asc(), open_turns::id.asc()))
        .select(open_turns::id)
        .limit(limit)
        .load::<i64>(c));
    ids.map_err(|error| connection.read_error(error))
}
