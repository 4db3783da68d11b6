//! The erasure of a user's data, in steps, so that other writers can proceed between them.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use serde::Serialize;

use super::person::Person;
use super::settings::{anonymise_settings, delete_settings};
use crate::app_setting::app_setting_versions;
use crate::audit::chat_audit_log;
use crate::connection::{Connection, on_engine};
use crate::conversation::{DeletedParts, DeletionStep, delete_step};
use crate::credential::chat_credentials;
use crate::delete_rows::delete_rows;
use crate::described::Record;
use crate::error::Result;
use crate::feedback::message_feedback;
use crate::message::{MessageOwner, delete_batch_of};
use crate::routing::chat_routing_requests;
use crate::schema::{
    api_tokens, chat_conversations, chat_streams, graph_checkpoints, graph_namespaces,
    graph_segments, graph_threads, graph_values, graph_writes, one_time_secrets, open_turns,
    stream_chunks, user_identities, user_passwords, user_roles, user_sessions,
};
use crate::task::chat_tasks;
use crate::user::delete_by_id;
use crate::value::{JsonValue, Metadata};

/// Numbers of rows that an erasure changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct UserErasure {
    /// Number of deleted rows by table.
    pub deleted: BTreeMap<String, u64>,
    /// Number of rows by table from which the user was removed, and which remain.
    pub scrubbed: BTreeMap<String, u64>,
}

impl UserErasure {
    /// Adds the numbers of another step.
    pub fn add(&mut self, other: Self) {
        for (sum, counts) in
            [(&mut self.deleted, other.deleted), (&mut self.scrubbed, other.scrubbed)]
        {
            for (table, count) in counts {
                *sum.entry(table).or_default() += count;
            }
        }
    }

    fn of_deleted(counts: impl IntoIterator<Item = (&'static str, u64)>) -> Self {
        let deleted = counts.into_iter().filter(|(_, count)| *count > 0);
        let deleted = deleted.map(|(table, count)| (table.to_owned(), count)).collect();
        Self { deleted, scrubbed: BTreeMap::new() }
    }

    fn of_scrubbed(table: &'static str, count: u64) -> Self {
        let Self { deleted, scrubbed } = Self::of_deleted([(table, count)]);
        Self { deleted: scrubbed, scrubbed: deleted }
    }
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureStep {
    /// The rows that the step changed.
    pub erased: UserErasure,
    /// Number of the next step's stage. `None` means that the user is erased.
    pub next_stage: Option<usize>,
}

/// Returns the number of changed rows; `None` if there is none to change.
type Run = fn(&mut Connection, &Person, u32) -> Result<Option<u64>>;

enum Stage {
    /// Deletes rows of a table.
    Delete(&'static str, Run),
    /// Removes the user from rows of a table.
    Scrub(&'static str, Run),
    /// Deletes the user's conversations with everything in them.
    Conversations,
}

/// Defines a stage that deletes rows.
macro_rules! delete {
    ($table:ident, |$person:ident| $condition:expr) => {
        Stage::Delete(stringify!($table), |connection, $person, limit| {
            delete_rows!(connection, $table, $condition, limit)
        })
    };
}

/// Defines a stage that changes rows.
macro_rules! scrub {
    ($table:ident, |$person:ident| $condition:expr, $changes:expr) => {
        Stage::Scrub(stringify!($table), |connection, $person, limit| {
            let changed = on_engine!(connection, c => $table::table
                .filter($condition)
                .select($table::id)
                .limit(i64::from(limit))
                .load::<i64>(c)
                .and_then(|ids| match ids.as_slice() {
                    [] => Ok(None),
                    ids => diesel::update($table::table.filter($table::id.eq_any(ids)))
                        .set($changes)
                        .execute(c)
                        .map(|count| Some(count as u64)),
                }));
            changed.map_err(|error| connection.write_error(error))
        })
    };
}

const SESSIONS: Stage = delete!(user_sessions, |person| user_sessions::user_id.eq(person.id));
const TOKENS: Stage = delete!(api_tokens, |person| api_tokens::user_id.eq(person.id));
const MESSAGES: Stage = Stage::Delete("messages", delete_messages);
const CHUNKS: Stage = delete!(stream_chunks, |person| stream_chunks::stream_id.eq_any(
    chat_streams::table.filter(chat_streams::user_id.eq(person.id)).select(chat_streams::id)
));
const STREAMS: Stage = delete!(chat_streams, |person| chat_streams::user_id.eq(person.id));
const TURNS: Stage = delete!(open_turns, |person| open_turns::user_id.eq(person.id));
const TASKS: Stage = delete!(chat_tasks, |person| chat_tasks::user_id.eq(person.id));
const CHECKPOINTS: Stage = delete!(graph_checkpoints, |person| graph_checkpoints::namespace_id
    .eq_any(namespaces!(person)));
const WRITES: Stage =
    delete!(graph_writes, |person| graph_writes::namespace_id.eq_any(namespaces!(person)));
const VALUES: Stage =
    delete!(graph_values, |person| graph_values::namespace_id.eq_any(namespaces!(person)));
const SEGMENTS: Stage =
    delete!(graph_segments, |person| graph_segments::namespace_id.eq_any(namespaces!(person)));
const NAMESPACES: Stage = delete!(graph_namespaces, |person| graph_namespaces::thread_id.eq_any(
    graph_threads::table.filter(graph_threads::user_id.eq(person.id)).select(graph_threads::id)
));
const THREADS: Stage = delete!(graph_threads, |person| graph_threads::user_id.eq(person.id));
const CREDENTIALS: Stage =
    delete!(chat_credentials, |person| chat_credentials::user_id.eq(person.id));
const IDENTITIES: Stage = delete!(user_identities, |person| user_identities::user_id.eq(person.id));
const ROLES: Stage = delete!(user_roles, |person| user_roles::user_id.eq(person.id));
const PASSWORD: Stage = Stage::Delete("user_passwords", |connection, person, _| {
    let deleted = on_engine!(connection, c => {
        let row = user_passwords::table.filter(user_passwords::user_id.eq(person.id));
        diesel::delete(row).execute(c)
    });
    let deleted = deleted.map_err(|error| connection.write_error(error))?;
    Ok((deleted > 0).then_some(deleted as u64))
});

/// Requests stay without the user, so that they equal their totals.
const REQUESTS: Stage = scrub!(
    chat_routing_requests,
    |person| chat_routing_requests::user_id.eq(person.id),
    (
        chat_routing_requests::user_id.eq(None::<i64>),
        chat_routing_requests::conversation_id.eq(None::<i64>),
        chat_routing_requests::reason.eq(None::<&JsonValue>),
    )
);

/// The stages. The account is deleted only when everything else is, so that an interrupted erasure
/// can be run again.
///
/// After the account, what refers to it is deleted again. Messages, streams and routed
/// requests have no foreign key, so they may be stored until then. MySQL since 9.6 checks foreign
/// keys outside of InnoDB: a row that is stored while the account is deleted can remain.
const STAGES: &[Stage] = &[
    SESSIONS,
    TOKENS,
    delete!(one_time_secrets, |person| one_time_secrets::subject.eq_any(&person.names)),
    // Before the messages, with which ratings are deleted.
    delete!(message_feedback, |person| message_feedback::user_key.eq_any(&person.names)),
    Stage::Conversations,
    MESSAGES,
    CHUNKS,
    STREAMS,
    REQUESTS,
    TURNS,
    TASKS,
    CHECKPOINTS,
    WRITES,
    VALUES,
    SEGMENTS,
    NAMESPACES,
    THREADS,
    CREDENTIALS,
    scrub!(
        chat_credentials,
        |person| chat_credentials::created_by.eq_any(&person.names),
        chat_credentials::created_by.eq(None::<&str>)
    ),
    Stage::Delete("app_settings", delete_settings),
    delete!(app_setting_versions, |person| app_setting_versions::scope.eq_any(person.objects())),
    Stage::Scrub("app_settings", anonymise_settings),
    scrub!(
        app_setting_versions,
        |person| app_setting_versions::changed_by.eq_any(&person.names),
        app_setting_versions::changed_by.eq(None::<&str>)
    ),
    scrub!(
        user_roles,
        |person| user_roles::granted_by.eq_any(&person.names),
        user_roles::granted_by.eq(None::<&str>)
    ),
    scrub!(
        chat_audit_log,
        |person| chat_audit_log::actor.eq_any(&person.names),
        (
            chat_audit_log::actor.eq(None::<&str>),
            chat_audit_log::ip.eq(None::<&str>),
            chat_audit_log::before_values.eq(None::<&Metadata>),
            chat_audit_log::after_values.eq(None::<&Metadata>),
        )
    ),
    scrub!(
        chat_audit_log,
        |person| chat_audit_log::object.eq_any(person.objects()),
        (
            chat_audit_log::object.eq(None::<&str>),
            chat_audit_log::before_values.eq(None::<&Metadata>),
            chat_audit_log::after_values.eq(None::<&Metadata>),
        )
    ),
    IDENTITIES,
    ROLES,
    PASSWORD,
    MESSAGES,
    CHUNKS,
    STREAMS,
    REQUESTS,
    Stage::Delete("chat_users", |connection, person, _| {
        Ok(delete_by_id(connection, person.id)?.then_some(1))
    }),
    SESSIONS,
    TOKENS,
    Stage::Conversations,
    MESSAGES,
    CHUNKS,
    STREAMS,
    REQUESTS,
    TURNS,
    TASKS,
    CHECKPOINTS,
    WRITES,
    VALUES,
    SEGMENTS,
    NAMESPACES,
    THREADS,
    CREDENTIALS,
    IDENTITIES,
    ROLES,
    PASSWORD,
];

fn delete_messages(
    connection: &mut Connection,
    person: &Person,
    limit: u32,
) -> Result<Option<u64>> {
    let deleted = connection.transaction(|connection| {
        delete_batch_of(connection, MessageOwner::User(person.id), limit)
    })?;
    Ok((deleted > 0).then_some(deleted))
}

/// Returns the names of the tables that an erasure changes.
pub fn tables() -> impl Iterator<Item = &'static str> {
    let parts = ["chat_conversations", "conversation_items"];
    STAGES.iter().flat_map(move |stage| match stage {
        Stage::Delete(table, _) | Stage::Scrub(table, _) => vec![*table],
        Stage::Conversations => parts.to_vec(),
    })
}

/// Erases up to `limit` rows of each table of a stage. The first stage is 0.
///
/// # Errors
/// `Conflict`, not retryable, with the field `user_id` if a conversation was created since its
/// stage; `OutcomeUnknown` or another error of the database.
pub fn erase_step(
    connection: &mut Connection,
    person: &Person,
    stage: usize,
    limit: u32,
) -> Result<ErasureStep> {
    let (erased, is_done) = match STAGES.get(stage) {
        None => return Ok(ErasureStep { erased: UserErasure::default(), next_stage: None }),
        Some(Stage::Conversations) => delete_conversations(connection, person, limit)?,
        Some(Stage::Delete(table, run)) => {
            let count = run(connection, person, limit)?;
            (UserErasure::of_deleted([(*table, count.unwrap_or(0))]), count.is_none())
        }
        Some(Stage::Scrub(table, run)) => {
            let count = run(connection, person, limit)?;
            (UserErasure::of_scrubbed(table, count.unwrap_or(0)), count.is_none())
        }
    };
    let next = if is_done { stage + 1 } else { stage };
    Ok(ErasureStep { erased, next_stage: (next < STAGES.len()).then_some(next) })
}

fn delete_conversations(
    connection: &mut Connection,
    person: &Person,
    limit: u32,
) -> Result<(UserErasure, bool)> {
    let first = on_engine!(connection, c => chat_conversations::table
        .filter(chat_conversations::user_id.eq(person.id))
        .select(chat_conversations::id)
        .limit(1)
        .get_result::<i64>(c)
        .optional());
    let Some(conversation) = first.map_err(|error| connection.read_error(error))? else {
        return Ok((UserErasure::default(), true));
    };
    let (parts, conversations) = match delete_step(connection, conversation, None, limit)? {
        DeletionStep::More(parts) => (parts, 0),
        DeletionStep::Deleted(parts) => (parts, 1),
        DeletionStep::Skipped => (DeletedParts::default(), 0),
    };
    let erased = UserErasure::of_deleted([
        ("chat_conversations", conversations),
        ("messages", parts.messages),
        ("conversation_items", parts.items),
        ("stream_chunks", parts.chunks),
        ("chat_streams", parts.streams),
        ("open_turns", parts.turns),
    ]);
    Ok((erased, false))
}
