//! Creation of streams.

use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl};

use super::list::info;
use super::new::{NewStream, check_bytes};
use super::record::StreamInfo;
use super::rows::StoredStream;
use crate::connection::{Connection, Session, all_stored, on_engine, returned_id};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{chat_conversations, chat_streams, chat_users};
use crate::value::{Metadata, Timestamp, public_id};

#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = chat_streams)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    public_id: &'a str,
    conversation_id: Option<i64>,
    user_id: Option<i64>,
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
    if let (Some(limit), Some(metadata)) = (connection.max_row_bytes(), &stream.metadata) {
        check_bytes("metadata", metadata.as_json(), limit)?;
    }
    let conversation = find_conversation(connection, stream.conversation_id.as_deref())?;
    let user = find_user(connection, stream.user_id.as_deref())?;
    let public_id = stream.public_id.clone().map_or_else(public_id::generate, Ok)?;
    let now = Timestamp::now();
    let row = NewRow {
        public_id: &public_id,
        conversation_id: conversation,
        user_id: user,
        kind: &stream.kind,
        provider: stream.provider.as_deref(),
        model: stream.model.as_deref(),
        status: "running",
        last_seq: 0,
        metadata: stream.metadata.as_ref(),
        created_at: now,
        updated_at: now,
    };
    let insert = || diesel::insert_into(chat_streams::table).values(row);
    let id = match &mut connection.session {
        Session::Sqlite(c) => returned_id(insert().returning(chat_streams::id).get_results(c)),
        Session::PostgreSql(c) => {
            returned_id(insert().returning(chat_streams::id).get_results(c.as_mut()))
        }
        Session::MySql(c) => {
            all_stored(insert().execute(c.as_mut()), 1).and_then(|()| c.first_insert_id())
        }
    };
    let id = id.map_err(|error| insert_error(connection, error, stream))?;
    let stored = StoredStream {
        id,
        public_id: public_id.clone(),
        conversation_id: conversation,
        user_id: user,
        turn_id: None,
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
    info(stored, stream.conversation_id.clone(), stream.user_id.clone())
}

/// Returns the id of the conversation with this public id.
fn find_conversation(connection: &mut Connection, id: Option<&str>) -> Result<Option<i64>> {
    let Some(public_id) = id else { return Ok(None) };
    let found = on_engine!(connection, c => chat_conversations::table
        .filter(chat_conversations::public_id.eq(public_id))
        .select(chat_conversations::id)
        .get_result::<i64>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    found.map(Some).ok_or_else(|| no_conversation(public_id))
}

/// Returns the id of the user with this public id.
fn find_user(connection: &mut Connection, id: Option<&str>) -> Result<Option<i64>> {
    let Some(public_id) = id else { return Ok(None) };
    let found = on_engine!(connection, c => chat_users::table
        .filter(chat_users::public_id.eq(public_id))
        .select(chat_users::id)
        .get_result::<i64>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    found
        .map(Some)
        .ok_or_else(|| Error::invalid_input("user_id", format!("no user has the id {public_id:?}")))
}

fn no_conversation(public_id: &str) -> Error {
    Error::invalid_input("conversation_id", format!("no conversation has the id {public_id:?}"))
}

/// Converts the error of the insert. The two constraints that it can violate are the unique public
/// id, and the reference to a conversation that was deleted since it was found.
fn insert_error(
    connection: &mut Connection,
    error: diesel::result::Error,
    stream: &NewStream,
) -> Error {
    use diesel::result::{DatabaseErrorKind, Error as Diesel};
    let is_duplicate = matches!(
        &error,
        Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, about)
            if about.message().contains("public_id")
    );
    let error = connection.insert_error(error);
    // The codes of a missing parent row: SQLSTATE 23503, MySQL's 1452.
    let has_no_parent = matches!(error.server_code(), Some("23503" | "1452"))
        || error.message().contains("FOREIGN KEY constraint failed");
    if let Some(id) = stream.conversation_id.as_deref().filter(|_| has_no_parent) {
        return no_conversation(id);
    }
    let is_duplicate = is_duplicate
        || matches!(error.server_code(), Some("23505" | "1062"))
            && error.message().contains("public_id");
    if is_duplicate {
        return Error::new(ErrorKind::Conflict, "a stream with this id exists")
            .with_field("public_id")
            .with_retryable(false);
    }
    error
}
