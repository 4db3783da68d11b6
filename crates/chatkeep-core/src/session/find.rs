//! Lookup of sessions by secret.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::record::{FoundSession, Presented, SessionInfo};
use super::secret::{family, hash};
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::{Characters, chat_users, user_sessions};
use crate::value::Timestamp;

/// The columns of a [`SessionInfo`].
#[derive(Queryable)]
pub(super) struct InfoRow {
    public_id: String,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    idle_expires_at: Option<Timestamp>,
    expires_at: Timestamp,
    rotated_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    reason: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
    label: Option<String>,
}

pub(super) type InfoColumns = (
    user_sessions::public_id,
    user_sessions::created_at,
    user_sessions::last_seen_at,
    user_sessions::idle_expires_at,
    user_sessions::expires_at,
    user_sessions::rotated_at,
    user_sessions::revoked_at,
    user_sessions::reason,
    user_sessions::ip,
    user_sessions::user_agent,
    user_sessions::label,
);

pub(super) const INFO: InfoColumns = (
    user_sessions::public_id,
    user_sessions::created_at,
    user_sessions::last_seen_at,
    user_sessions::idle_expires_at,
    user_sessions::expires_at,
    user_sessions::rotated_at,
    user_sessions::revoked_at,
    user_sessions::reason,
    user_sessions::ip,
    user_sessions::user_agent,
    user_sessions::label,
);

impl InfoRow {
    pub(super) fn into_info(self, user_id: String) -> SessionInfo {
        SessionInfo {
            id: self.public_id,
            user_id,
            created_at: self.created_at,
            last_seen_at: self.last_seen_at,
            idle_expires_at: self.idle_expires_at,
            expires_at: self.expires_at,
            rotated_at: self.rotated_at,
            revoked_at: self.revoked_at,
            revoked_reason: self.reason,
            ip: self.ip,
            user_agent: self.user_agent,
            label: self.label,
        }
    }
}

/// A session, its hashes, and its user.
#[derive(Queryable)]
struct Row {
    id: i64,
    token_hash: Characters<String>,
    previous_hash: Option<Characters<String>>,
    rotation_salt: Option<Characters<String>>,
    user_stamp: Characters<String>,
    info: InfoRow,
    user_id: String,
    is_active: bool,
    stamp: Characters<String>,
}

/// Returns the session to which a secret belongs or belonged, if it exists. The text must have the
/// format of a secret.
///
/// It is one query, by the family.
///
/// # Errors
/// `Unavailable` or another error of the database. An unreachable database is never reported as a
/// missing session.
pub fn find(connection: &mut Connection, secret: &str) -> Result<Option<FoundSession>> {
    let family = family(secret);
    let columns = (
        user_sessions::id,
        user_sessions::token_hash,
        user_sessions::previous_hash,
        user_sessions::rotation_salt,
        user_sessions::user_stamp,
        INFO,
        chat_users::public_id,
        chat_users::active,
        chat_users::stamp,
    );
    let found = on_engine!(connection, c => user_sessions::table
        .inner_join(chat_users::table)
        .filter(user_sessions::family.eq(Characters(&family)))
        .select(columns)
        .get_result::<Row>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    Ok(found.map(|row| row.into_found(&hash(secret))))
}

impl Row {
    fn into_found(self, hash: &str) -> FoundSession {
        let presented = if self.token_hash.0 == hash {
            Presented::Current
        } else if self.previous_hash.is_some_and(|previous| previous.0 == hash) {
            Presented::Previous
        } else {
            Presented::Earlier
        };
        FoundSession {
            id: self.id,
            info: self.info.into_info(self.user_id),
            presented,
            user_is_active: self.is_active,
            has_user_stamp: self.user_stamp.0 == self.stamp.0,
            rotation_salt: self.rotation_salt.map(String::from),
            token_hash: self.token_hash.0,
        }
    }
}
