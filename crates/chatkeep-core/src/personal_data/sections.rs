//! The tables of an export, and the rows that belong to a user.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl, RunQueryDsl,
};

use super::export::{MAX_BYTES, Part, Section, line};
use super::export_cursor::ExportCursor;
use super::person::Person;
use crate::app_setting::{
    StoredAppSetting, StoredSettingVersion, app_setting_versions, app_settings,
};
use crate::audit::{AuditEntry, chat_audit_log};
use crate::connection::{Connection, on_engine};
use crate::conversation::{StoredConversation, StoredItem, StoredTurn};
use crate::credential::{StoredCredential, chat_credentials};
use crate::error::Result;
use crate::feedback::{Feedback, message_feedback};
use crate::graph::{
    StoredCheckpoint, StoredNamespace, StoredSegment, StoredThread, StoredValue, StoredWrite,
};
use crate::message::{Chunk, Message, MessageFilter, Order, list_after};
use crate::routing::{StoredRoutingRequest, chat_routing_requests};
use crate::schema::{
    api_tokens, chat_conversations, chat_streams, chat_users, conversation_items,
    graph_checkpoints, graph_namespaces, graph_segments, graph_threads, graph_values, graph_writes,
    messages, one_time_secrets, open_turns, stream_chunks, user_identities, user_passwords,
    user_roles, user_sessions,
};
use crate::session::{SessionRow, StoredSession};
use crate::stream::{StoredChunk, StoredStream};
use crate::task::{StoredTask, chat_tasks};
use crate::token::{StoredToken, TokenRow};
use crate::user::rows::{StoredIdentity, StoredPassword, StoredRole, StoredSecret, StoredUser};

/// Maximum number of rows that one query returns, if a row can have metadata.
const MAX_ROWS: i64 = 100;
/// Maximum number of rows that one query returns, if a row can have 16 MiB.
const MAX_LARGE_ROWS: i64 = 4;
/// Maximum number of tasks that one query returns. A task can have 2 MiB.
const MAX_TASKS: i64 = 25;
/// Maximum number of settings that one query returns. A setting can have 1 MiB.
const MAX_SETTINGS: i64 = 50;
/// Maximum number of parent rows, such as conversations, whose parts one call reads.
const MAX_PARENTS: i64 = 200;

/// Reads the rows with an id after the position that match the condition, as lines.
///
/// Only the ids are sorted: MySQL cannot sort rows whose JSON exceeds the sort buffer.
macro_rules! rows_after {
    (
        $connection:expr, $position:expr, $limit:expr,
        $table:ident by $id:ident, $condition:expr, $row:ty => $stored:ty
    ) => {{
        let (position, limit): (ExportCursor, i64) = ($position, $limit);
        let ids = on_engine!($connection, c => $table::table
            .filter($condition)
            .filter($table::$id.gt(position.id))
            .order($table::$id.asc())
            .select($table::$id)
            .limit(limit)
            .load::<i64>(c));
        let ids = ids.map_err(|error| $connection.read_error(error))?;
        let rows = on_engine!($connection, c => $table::table
            .filter($table::$id.eq_any(&ids))
            .select($table::all_columns)
            .load::<$row>(c));
        let rows = rows.map_err(|error| $connection.read_error(error))?;
        let mut rows: Vec<$stored> = rows.into_iter().map(Into::into).collect();
        rows.sort_unstable_by_key(|row| row.$id);
        let lines = rows.iter().map(|row| line(stringify!($table), row)).collect::<Result<_>>()?;
        let last = ids.last().filter(|_| ids.len() as i64 == limit);
        Part { lines, next: last.map(|id| ExportCursor { id: *id, ..position }) }
    }};
}

/// Defines the section of a table. Its rows are written as loaded, or after a conversion to another
/// type.
macro_rules! section {
    (
        $table:ident by $id:ident, $row:ty, at most $most:expr, |$person:ident| $condition:expr
    ) => {
        section!($table by $id, $row => $row, at most $most, |$person| $condition)
    };
    (
        $table:ident by $id:ident, $row:ty => $stored:ty, at most $most:expr,
        |$person:ident| $condition:expr
    ) => {
        Section {
            table: stringify!($table),
            read: |connection, $person, position, limit| {
                Ok(rows_after!(connection, position, limit.min($most),
                    $table by $id, $condition, $row => $stored))
            },
        }
    };
}

/// All sections, in the order of an export.
pub(super) const SECTIONS: &[Section] = &[
    section!(chat_users by id, StoredUser, at most 1, |person| chat_users::id.eq(person.id)),
    section!(user_passwords by user_id, StoredPassword, at most 1,
        |person| user_passwords::user_id.eq(person.id)),
    section!(user_identities by id, StoredIdentity, at most 10_000,
        |person| user_identities::user_id.eq(person.id)),
    section!(user_roles by id, StoredRole, at most 10_000,
        |person| user_roles::user_id.eq(person.id)),
    section!(one_time_secrets by id, StoredSecret, at most 10_000,
        |person| one_time_secrets::subject.eq_any(&person.names)),
    section!(api_tokens by id, TokenRow => StoredToken, at most 1_000,
        |person| api_tokens::user_id.eq(person.id)),
    section!(user_sessions by id, SessionRow => StoredSession, at most 1_000,
        |person| user_sessions::user_id.eq(person.id)),
    section!(chat_credentials by id, StoredCredential, at most MAX_ROWS,
        |person| chat_credentials::user_id.eq(person.id)),
    section!(app_settings by id, StoredAppSetting, at most MAX_SETTINGS,
        |person| app_settings::scope.eq_any(person.objects())),
    section!(app_setting_versions by id, StoredSettingVersion, at most MAX_SETTINGS,
        |person| app_setting_versions::scope.eq_any(person.objects())),
    section!(message_feedback by id, Feedback, at most MAX_ROWS,
        |person| message_feedback::user_key.eq_any(&person.names)),
    section!(chat_audit_log by id, AuditEntry, at most MAX_ROWS,
        |person| chat_audit_log::actor.eq_any(&person.names)),
    // Entries about the user that have another actor, or none.
    section!(chat_audit_log by id, AuditEntry, at most MAX_ROWS,
        |person| chat_audit_log::object.eq_any(person.objects()).and(
            chat_audit_log::actor
                .is_null()
                .or(chat_audit_log::actor.ne_all(&person.names)))),
    section!(chat_conversations by id, StoredConversation, at most MAX_ROWS,
        |person| chat_conversations::user_id.eq(person.id)),
    Section { table: "conversation_items", read: items },
    Section { table: "messages", read: own_messages },
    Section { table: "messages", read: messages_of_others },
    section!(open_turns by id, StoredTurn, at most MAX_LARGE_ROWS,
        |person| open_turns::user_id.eq(person.id)),
    Section { table: "open_turns", read: turns_of_others },
    section!(chat_streams by id, StoredStream, at most MAX_ROWS,
        |person| chat_streams::user_id.eq(person.id)),
    Section { table: "chat_streams", read: streams_of_others },
    Section { table: "stream_chunks", read: chunks },
    section!(chat_tasks by id, StoredTask, at most MAX_TASKS,
        |person| chat_tasks::user_id.eq(person.id)),
    section!(chat_routing_requests by id, StoredRoutingRequest, at most MAX_ROWS,
        |person| chat_routing_requests::user_id.eq(person.id)),
    section!(graph_threads by id, StoredThread, at most MAX_ROWS,
        |person| graph_threads::user_id.eq(person.id)),
    section!(graph_namespaces by id, StoredNamespace, at most MAX_ROWS,
        |person| graph_namespaces::thread_id.eq_any(graph_threads::table
            .filter(graph_threads::user_id.eq(person.id))
            .select(graph_threads::id))),
    section!(graph_checkpoints by id, StoredCheckpoint, at most MAX_LARGE_ROWS,
        |person| graph_checkpoints::namespace_id.eq_any(namespaces!(person))),
    section!(graph_values by id, StoredValue, at most MAX_LARGE_ROWS,
        |person| graph_values::namespace_id.eq_any(namespaces!(person))),
    section!(graph_segments by id, StoredSegment, at most MAX_LARGE_ROWS,
        |person| graph_segments::namespace_id.eq_any(namespaces!(person))),
    section!(graph_writes by id, StoredWrite, at most MAX_LARGE_ROWS,
        |person| graph_writes::namespace_id.eq_any(namespaces!(person))),
    Section { table: "stream_chunks", read: chunks_of_others },
];

/// A function that returns the internal ids of up to [`MAX_PARENTS`] rows of a user, such as the
/// user's conversations. They are greater than a given id.
type Parents = fn(&mut Connection, &Person, i64) -> Result<Vec<i64>>;

/// Reads the parts of a user's rows, such as the items of conversations, one parent row after
/// another.
fn of_each(
    connection: &mut Connection,
    person: &Person,
    mut position: ExportCursor,
    limit: i64,
    parents: Parents,
    read: impl Fn(&mut Connection, i64, ExportCursor, i64) -> Result<Part>,
) -> Result<Part> {
    let mut is_within = position.id != 0;
    // The parts of a parent may be read in several pages.
    let first = position.parent.saturating_sub(i64::from(is_within));
    let ids = parents(connection, person, first)?;
    let is_last = (ids.len() as i64) < MAX_PARENTS;
    let (mut lines, mut bytes) = (Vec::new(), 0);
    for parent in ids {
        let done = ExportCursor { parent, time: 0, id: 0, ..position };
        let mut at = if std::mem::take(&mut is_within) && parent == position.parent {
            position
        } else {
            done
        };
        loop {
            let left = limit - lines.len() as i64;
            if left <= 0 || bytes >= MAX_BYTES {
                return Ok(Part { lines, next: Some(position) });
            }
            let part = read(connection, parent, at, left)?;
            bytes += part.lines.iter().map(String::len).sum::<usize>();
            lines.extend(part.lines);
            let Some(next) = part.next else { break };
            (at, position) = (next, next);
        }
        position = done;
    }
    Ok(Part { lines, next: (!is_last).then_some(position) })
}

/// Defines a function of the type [`Parents`] that reads from a table.
macro_rules! parents {
    ($table:ident, |$person:ident| $condition:expr) => {
        |connection, $person, after| {
            let ids = on_engine!(connection, c => $table::table
                .filter($condition)
                .filter($table::id.gt(after))
                .order($table::id.asc())
                .select($table::id)
                .limit(MAX_PARENTS)
                .load::<i64>(c));
            ids.map_err(|error| connection.read_error(error))
        }
    };
}

const CONVERSATIONS: Parents =
    parents!(chat_conversations, |person| chat_conversations::user_id.eq(person.id));

fn items(c: &mut Connection, person: &Person, at: ExportCursor, limit: i64) -> Result<Part> {
    of_each(c, person, at, limit, CONVERSATIONS, |connection, conversation, at, limit| {
        let condition = conversation_items::conversation_id.eq(conversation);
        Ok(rows_after!(connection, at, limit.min(MAX_LARGE_ROWS),
            conversation_items by id, condition, StoredItem => StoredItem))
    })
}

/// Reads the user's messages in the order of their index.
fn own_messages(
    connection: &mut Connection,
    person: &Person,
    position: ExportCursor,
    limit: i64,
) -> Result<Part> {
    let filter = MessageFilter { user_id: Some(person.id), ..MessageFilter::default() };
    let after = position.message()?;
    let Chunk { messages, is_truncated } =
        list_after(connection, &filter, after, Order::OldestFirst, limit)?;
    let lines = messages.iter().map(|message| line("messages", message)).collect::<Result<_>>()?;
    let is_more = is_truncated || messages.len() as i64 == limit;
    let last = messages.last().filter(|_| is_more);
    Ok(Part { lines, next: last.map(|last| position.after_message(last.cursor())) })
}

/// Reads the messages of other users, and those without a user, in the user's conversations.
fn messages_of_others(
    c: &mut Connection,
    person: &Person,
    at: ExportCursor,
    limit: i64,
) -> Result<Part> {
    of_each(c, person, at, limit, CONVERSATIONS, |connection, conversation, at, limit| {
        let condition = messages::conversation_id
            .eq(conversation)
            .and(messages::user_id.is_null().or(messages::user_id.ne(person.id)));
        Ok(rows_after!(connection, at, limit.min(MAX_LARGE_ROWS),
            messages by id, condition, Message => Message))
    })
}

fn turns_of_others(
    c: &mut Connection,
    person: &Person,
    at: ExportCursor,
    limit: i64,
) -> Result<Part> {
    of_each(c, person, at, limit, CONVERSATIONS, |connection, conversation, at, limit| {
        let condition = open_turns::conversation_id
            .eq(conversation)
            .and(open_turns::user_id.is_null().or(open_turns::user_id.ne(person.id)));
        Ok(rows_after!(connection, at, limit.min(MAX_LARGE_ROWS),
            open_turns by id, condition, StoredTurn => StoredTurn))
    })
}

fn streams_of_others(
    c: &mut Connection,
    person: &Person,
    at: ExportCursor,
    limit: i64,
) -> Result<Part> {
    of_each(c, person, at, limit, CONVERSATIONS, |connection, conversation, at, limit| {
        let condition = chat_streams::conversation_id
            .eq(conversation)
            .and(chat_streams::user_id.is_null().or(chat_streams::user_id.ne(person.id)));
        Ok(rows_after!(connection, at, limit.min(MAX_ROWS),
            chat_streams by id, condition, StoredStream => StoredStream))
    })
}

fn chunks_of(
    connection: &mut Connection,
    stream: i64,
    at: ExportCursor,
    limit: i64,
) -> Result<Part> {
    let condition = stream_chunks::stream_id.eq(stream);
    Ok(rows_after!(connection, at, limit.min(MAX_ROWS),
        stream_chunks by id, condition, StoredChunk => StoredChunk))
}

fn chunks(c: &mut Connection, person: &Person, at: ExportCursor, limit: i64) -> Result<Part> {
    const STREAMS: Parents = parents!(chat_streams, |person| chat_streams::user_id.eq(person.id));
    of_each(c, person, at, limit, STREAMS, chunks_of)
}

fn chunks_of_others(
    c: &mut Connection,
    person: &Person,
    at: ExportCursor,
    limit: i64,
) -> Result<Part> {
    const STREAMS: Parents = parents!(chat_streams, |person| chat_streams::conversation_id
        .eq_any(
            chat_conversations::table
                .filter(chat_conversations::user_id.eq(person.id))
                .select(chat_conversations::id.nullable()),
        )
        .and(chat_streams::user_id.is_null().or(chat_streams::user_id.ne(person.id))));
    of_each(c, person, at, limit, STREAMS, chunks_of)
}
