//! Creation of streams.

use diesel::result::Error as DieselError;
use diesel::{Insertable, RunQueryDsl};

use super::list::{info, with_public_ids};
use super::new::NewStream;
use super::record::StreamInfo;
use super::rows::StoredStream;
use crate::connection::{Connection, insert_one};
use crate::conversation::open_turn;
use crate::db_error::constraint::{Unique, explain_duplicate, is_reference};
use crate::error::{Error, Result};
use crate::public_ids::{
    no_conversation, no_turn, require_conversation, require_turn, require_user,
};
use crate::schema::chat_streams;
use crate::value::{Metadata, Timestamp, public_id};

#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = chat_streams)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    public_id: &'a str,
    conversation_id: Option<i64>,
    user_id: Option<i64>,
    turn_id: Option<i64>,
    kind: &'a str,
    provider: Option<&'a str>,
    model: Option<&'a str>,
    status: &'a str,
    last_seq: i64,
    metadata: Option<&'a Metadata>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Creates a stream, which is running and empty.
///
/// # Errors
/// `InvalidInput` with the field's name when a value is invalid, or there is no such conversation
/// or user; `Conflict` with the field `public_id`, not retryable, when a stream with this id
/// exists; or an error of the database.
pub fn create(connection: &mut Connection, stream: &NewStream) -> Result<StreamInfo> {
    stream.check()?;
    connection.check_metadata(stream.metadata.as_ref())?;
    let mut conversation = require_conversation(connection, stream.conversation_id.as_deref())?;
    let mut user = require_user(connection, stream.user_id.as_deref())?;
    let turn = require_turn(connection, stream.turn_id.as_deref())?;
    if let (Some(id), Some(turn_id)) = (turn, &stream.turn_id) {
        let turn = open_turn(connection, id)?.ok_or_else(|| no_turn(turn_id))?;
        if conversation.is_some() && conversation != turn.conversation_id {
            return Err(Error::invalid_input("turn_id", "belongs to another conversation"));
        }
        (conversation, user) = (turn.conversation_id, user.or(turn.user_id));
    }
    let public_id = stream.public_id.clone().map_or_else(public_id::generate, Ok)?;
    let now = Timestamp::now();
    let row = NewRow {
        public_id: &public_id,
        conversation_id: conversation,
        user_id: user,
        turn_id: turn,
        kind: &stream.kind,
        provider: stream.provider.as_deref(),
        model: stream.model.as_deref(),
        status: "running",
        last_seq: 0,
        metadata: stream.metadata.as_ref(),
        created_at: now,
        updated_at: now,
    };
    let id = insert_one!(connection, chat_streams, row);
    let id = id.map_err(|error| refused(connection, error, stream))?;
    let stored = StoredStream {
        id,
        public_id: public_id.clone(),
        conversation_id: conversation,
        user_id: user,
        turn_id: turn,
        kind: stream.kind.clone(),
        provider: stream.provider.clone(),
        model: stream.model.clone(),
        status: "running".to_owned(),
        last_seq: 0,
        cancel_requested_at: None,
        tokens: None,
        cost: None,
        error: None,
        metadata: stream.metadata.clone(),
        created_at: now,
        updated_at: now,
        finished_at: None,
    };
    if turn.is_none() {
        return info(stored, stream.conversation_id.clone(), stream.user_id.clone(), None);
    }
    // The turn may have supplied the conversation and the user.
    with_public_ids(connection, vec![stored])?
        .pop()
        .ok_or_else(|| Error::internal("the new stream has no record"))
}

const UNIQUE: &[Unique] =
    &[Unique { column: "public_id", field: "public_id", message: "another stream has this id" }];

/// Converts the error of the insert. The conversation may have been deleted since it was found.
fn refused(connection: &mut Connection, error: DieselError, stream: &NewStream) -> Error {
    let error = connection.insert_error(error);
    match (&stream.conversation_id, &stream.turn_id) {
        (Some(id), _) if is_reference(&error) => no_conversation(id),
        (None, Some(id)) if is_reference(&error) => no_turn(id),
        _ => explain_duplicate(error, UNIQUE),
    }
}
