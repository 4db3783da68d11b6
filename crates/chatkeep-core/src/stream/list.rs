//! Reading streams without their text.

use diesel::connection::DefaultLoadingMode;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::record::{StreamInfo, StreamPage, StreamStatus};
use super::rows::StoredStream;
use crate::connection::{Connection, MAX_BYTES, RowBudget, first_within, on_engine};
use crate::error::Result;
use crate::message::{Cursor, next_page};
use crate::public_ids::{
    find_conversation, find_user, public_ids_of_conversations, public_ids_of_turns,
    public_ids_of_users,
};
use crate::schema::chat_streams;
use crate::value::{check_limit, refuse_nul};

/// Returns the stream with this public id, or `None` if it does not exist.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn get(connection: &mut Connection, public_id: &str) -> Result<Option<StreamInfo>> {
    let found = on_engine!(connection, c => chat_streams::table
        .filter(chat_streams::public_id.eq(public_id))
        .select(chat_streams::all_columns)
        .get_result::<StoredStream>(c)
        .optional());
    match found.map_err(|error| connection.read_error(error))? {
        Some(row) => with_public_ids(connection, vec![row]).map(|mut streams| streams.pop()),
        None => Ok(None),
    }
}

/// Returns a page of streams, newest first. It has fewer than `limit` if they are large.
///
/// # Errors
/// `InvalidInput` with the field's name; `Unavailable` or another error of the database.
pub fn list(
    connection: &mut Connection,
    conversation_id: Option<&str>,
    user_id: Option<&str>,
    running: bool,
    limit: i64,
    cursor: Option<&str>,
) -> Result<StreamPage> {
    check_limit(limit)?;
    let before = cursor.map(str::parse::<Cursor>).transpose()?.map(Cursor::id);
    for (field, id) in [("conversation_id", conversation_id), ("user_id", user_id)] {
        refuse_nul(field, id.unwrap_or_default())?;
    }
    let none = StreamPage { streams: Vec::new(), next_cursor: None };
    let conversation = match conversation_id {
        Some(id) => match find_conversation(connection, id)? {
            Some(id) => Some(id),
            None => return Ok(none),
        },
        None => None,
    };
    let user = match user_id {
        Some(id) => match find_user(connection, id)? {
            Some(id) => Some(id),
            None => return Ok(none),
        },
        None => None,
    };
    let budget = RowBudget::bytes(MAX_BYTES);
    let read = |connection: &mut Connection| {
        let rows = on_engine!(connection, c => {
            let mut query = chat_streams::table
                .select(chat_streams::all_columns)
                .order(chat_streams::id.desc())
                .limit(limit + 1)
                .into_boxed();
            if let Some(id) = conversation {
                query = query.filter(chat_streams::conversation_id.eq(id));
            }
            if let Some(id) = user {
                query = query.filter(chat_streams::user_id.eq(id));
            }
            if running {
                query = query.filter(chat_streams::status.eq("running"));
            }
            if let Some(before) = before {
                query = query.filter(chat_streams::id.lt(before));
            }
            query
                .load_iter::<StoredStream, DefaultLoadingMode>(c)
                .and_then(|rows| {
                    let mut budget = budget;
                    let rows = first_within(rows, &mut budget, StoredStream::size)?;
                    Ok((rows, budget.is_cut()))
                })
        });
        rows.map_err(|error| connection.read_error(error))
    };
    let ((mut rows, is_cut), is_cut_by_server) = connection.within_budget(budget, read)?;
    let after = |row: &StoredStream| Cursor::after(row.created_at, row.id);
    let next_cursor = if is_cut || is_cut_by_server {
        rows.last().map(|row| after(row).to_string())
    } else {
        next_page(&mut rows, limit, after)
    };
    Ok(StreamPage { streams: with_public_ids(connection, rows)?, next_cursor })
}

/// Converts rows, with the public ids of their conversations, users and open turns.
pub(super) fn with_public_ids(
    connection: &mut Connection,
    rows: Vec<StoredStream>,
) -> Result<Vec<StreamInfo>> {
    let conversations = rows.iter().filter_map(|row| row.conversation_id);
    let conversations = public_ids_of_conversations(connection, conversations)?;
    let users = public_ids_of_users(connection, rows.iter().filter_map(|row| row.user_id))?;
    let turns = public_ids_of_turns(connection, rows.iter().filter_map(|row| row.turn_id))?;
    rows.into_iter()
        .map(|row| {
            let conversation = row.conversation_id.and_then(|id| conversations.get(&id).cloned());
            let user = row.user_id.and_then(|id| users.get(&id).cloned());
            let turn = row.turn_id.and_then(|id| turns.get(&id).cloned());
            info(row, conversation, user, turn)
        })
        .collect()
}

/// Converts a row, with the public ids of its conversation, user and open turn.
pub(super) fn info(
    row: StoredStream,
    conversation_id: Option<String>,
    user_id: Option<String>,
    turn_id: Option<String>,
) -> Result<StreamInfo> {
    Ok(StreamInfo {
        public_id: row.public_id,
        conversation_id,
        user_id,
        turn_id,
        kind: row.kind,
        provider: row.provider,
        model: row.model,
        status: StreamStatus::from_stored(&row.status)?,
        last_seq: row.last_seq,
        cancel_requested_at: row.cancel_requested_at,
        tokens: row.tokens,
        cost: row.cost,
        error: row.error,
        metadata: row.metadata,
        created_at: row.created_at,
        updated_at: row.updated_at,
        finished_at: row.finished_at,
    })
}
