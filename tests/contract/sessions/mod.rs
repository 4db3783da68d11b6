//! Tests of the sessions of users.

mod concurrency;
mod creation;
mod ending;
mod last_use;
mod listing;
mod reasons;
mod rotation;

use chatkeep::{Chatkeep, CreatedSession, NewSession, SessionReason, Timestamp};
use chatkeep_core::{Role, sessions};

use crate::store::Store;

const SECOND: i64 = 1_000_000;

/// Adds an active user with this id.
pub(crate) fn add_user(store: &Store, id: &str) {
    store.raw.execute(&format!(
        "INSERT INTO chat_users (public_id, active, stamp, created_at, updated_at) \
         VALUES ('{id}', TRUE, '{}', '2024-01-01 00:00:00.000000', '2024-01-01 00:00:00.000000')",
        stamp(id)
    ));
}

/// Returns a stamp of 32 characters.
pub(crate) fn stamp(text: &str) -> String {
    format!("{text:->32}")
}

/// Creates a session of the user `ann`, which is added.
fn session(store: &Store) -> CreatedSession {
    add_user(store, "ann");
    store.sessions().create_session(&NewSession::new("ann")).expect("the session is created")
}

fn reason(chat: &Chatkeep, secret: &str) -> SessionReason {
    let check = chat.sessions().check_session(secret).expect("the query succeeds");
    assert_eq!(check.valid, check.reason == SessionReason::Valid);
    check.reason
}

/// Returns the form in which a timestamp is stored.
fn stored(timestamp: Timestamp) -> String {
    let text = timestamp.to_string().replace('T', " ");
    text.trim_end_matches("+00:00").to_owned()
}

/// Returns the time `seconds` before now.
fn ago(seconds: i64) -> Timestamp {
    let ago = Timestamp::now().checked_add_microseconds(-seconds * SECOND);
    ago.expect("the timestamp is in range")
}

/// Sets a time of all sessions to `seconds` before now.
fn set_ago(store: &Store, column: &str, seconds: i64) {
    let time = stored(ago(seconds));
    store.raw.execute(&format!("UPDATE user_sessions SET {column} = '{time}'"));
}

/// Rotates a session with a clock that is `seconds` slow.
fn rotate_ago(store: &Store, secret: &str, seconds: i64) -> String {
    let rotation = store.database().with_connection(Role::Writer, |connection| {
        sessions::rotate(connection, secret, ago(seconds))
    });
    match rotation.expect("the query succeeds") {
        sessions::Rotation::Rotated { rotated, .. } => rotated.secret.expose().to_owned(),
        sessions::Rotation::Invalid(reason, _) => panic!("the session is {}", reason.name()),
    }
}
