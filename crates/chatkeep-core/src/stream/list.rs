//! Reading streams without their text.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::record::{StreamInfo, StreamPage, StreamStatus};
use super::rows::StoredStream;
use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::message::{MAX_LIMIT, refuse_nul};
use crate::schema::{chat_conversations, chat_streams, chat_users};

/// First byte of a cursor: the version of its format.
const VERSION: u8 = 1;

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

/// Returns a page of streams, newest first.
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
    let before = cursor.map(parse_cursor).transpose()?;
    for (field, id) in [("conversation_id", conversation_id), ("user_id", user_id)] {
        refuse_nul(field, id.unwrap_or_default())?;
    }
    let none = StreamPage { streams: Vec::new(), next_cursor: None };
    let Ok(conversation) = resolve(conversation_id, |id| {
        let found = on_engine!(connection, c => chat_conversations::table
            .filter(chat_conversations::public_id.eq(id))
            .select(chat_conversations::id)
            .get_result::<i64>(c)
            .optional());
        found.map_err(|error| connection.read_error(error))
    })?
    else {
        return Ok(none);
    };
    let Ok(user) = resolve(user_id, |id| {
        let found = on_engine!(connection, c => chat_users::table
            .filter(chat_users::public_id.eq(id))
            .select(chat_users::id)
            .get_result::<i64>(c)
            .optional());
        found.map_err(|error| connection.read_error(error))
    })?
    else {
        return Ok(none);
    };
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
        query.load::<StoredStream>(c)
    });
    let mut rows = rows.map_err(|error| connection.read_error(error))?;
    let has_more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| has_more).map(|row| cursor_after(row.id));
    Ok(StreamPage { streams: with_public_ids(connection, rows)?, next_cursor })
}

/// A resolved id: `Err` means that a public id was given that does not exist.
type Resolved = std::result::Result<Option<i64>, ()>;

fn resolve(id: Option<&str>, find: impl FnOnce(&str) -> Result<Option<i64>>) -> Result<Resolved> {
    match id {
        None => Ok(Ok(None)),
        Some(id) => Ok(find(id)?.map(Some).ok_or(())),
    }
}

/// Adds the public ids of the conversations and users.
fn with_public_ids(
    connection: &mut Connection,
    rows: Vec<StoredStream>,
) -> Result<Vec<StreamInfo>> {
    let conversations: Vec<_> = rows.iter().filter_map(|row| row.conversation_id).collect();
    let conversations: HashMap<i64, String> = if conversations.is_empty() {
        HashMap::new()
    } else {
        let found = on_engine!(connection, c => chat_conversations::table
            .filter(chat_conversations::id.eq_any(&conversations))
            .select((chat_conversations::id, chat_conversations::public_id))
            .load::<(i64, String)>(c));
        found.map_err(|error| connection.read_error(error))?.into_iter().collect()
    };
    let users: Vec<_> = rows.iter().filter_map(|row| row.user_id).collect();
    let users: HashMap<i64, String> = if users.is_empty() {
        HashMap::new()
    } else {
        let found = on_engine!(connection, c => chat_users::table
            .filter(chat_users::id.eq_any(&users))
            .select((chat_users::id, chat_users::public_id))
            .load::<(i64, String)>(c));
        found.map_err(|error| connection.read_error(error))?.into_iter().collect()
    };
    rows.into_iter()
        .map(|row| {
            let conversation = row.conversation_id.and_then(|id| conversations.get(&id).cloned());
            let user = row.user_id.and_then(|id| users.get(&id).cloned());
            info(row, conversation, user)
        })
        .collect()
}

/// Converts a row, given the public ids of its conversation and user.
pub(super) fn info(
    row: StoredStream,
    conversation_id: Option<String>,
    user_id: Option<String>,
) -> Result<StreamInfo> {
    Ok(StreamInfo {
        public_id: row.public_id,
        conversation_id,
        user_id,
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

/// Checks the maximum number of results.
pub(super) fn check_limit(limit: i64) -> Result<()> {
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(());
    }
    Err(Error::invalid_input("limit", format!("must be between 1 and {MAX_LIMIT}, not {limit}")))
}

fn cursor_after(id: i64) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(id.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn parse_cursor(text: &str) -> Result<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let id = bytes.as_deref().and_then(|bytes| match bytes {
        [VERSION, id @ ..] => id.try_into().ok().map(i64::from_be_bytes),
        _ => None,
    });
    id.ok_or_else(|| Error::invalid_input("cursor", "is not a cursor returned by chatkeep"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_other_texts_are_invalid() {
        assert_eq!(parse_cursor(&cursor_after(42)).unwrap(), 42);
        for text in ["", "abc", "AQ", "é", &"A".repeat(400)] {
            assert_eq!(parse_cursor(text).unwrap_err().field(), Some("cursor"), "{text}");
        }
    }
}
