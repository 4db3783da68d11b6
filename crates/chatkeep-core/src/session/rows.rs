//! Complete session rows, including hashes, for copying sessions between databases.

use std::fmt;

use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};
use serde::Serialize;

use super::record::{MAX_IP, MAX_LABEL, MAX_USER_AGENT};
use crate::connection::{Connection, CopyRows, Session, on_engine};
use crate::error::{Error, Result};
use crate::schema::{Characters, user_sessions};
use crate::value::{Timestamp, check_name, public_id};

/// Maximum length of a stored reason, in characters.
const MAX_REASON: usize = 50;
/// Maximum number of sessions that one query returns.
const MAX_ROWS: i64 = 2_000;

/// A session with its hashes, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct StoredSession {
    /// Id of the row.
    pub id: i64,
    /// The session's id.
    pub public_id: String,
    /// SHA-256 hash of the secret, as 64 lower-case hexadecimal digits.
    #[serde(skip)]
    pub token_hash: String,
    /// Hash before the last rotation.
    #[serde(skip)]
    pub previous_hash: Option<String>,
    /// Time of the last rotation.
    pub rotated_at: Option<Timestamp>,
    /// Salt of the last rotation.
    #[serde(skip)]
    pub rotation_salt: Option<String>,
    /// The family that all secrets of the session have in common.
    #[serde(skip)]
    pub family: String,
    /// Id of the user's row.
    pub user_id: i64,
    /// Stamp of the user at the session's creation.
    #[serde(skip)]
    pub user_stamp: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last use.
    pub last_seen_at: Timestamp,
    /// Time at which the session ends without another use.
    pub idle_expires_at: Option<Timestamp>,
    /// Time from which the session is invalid.
    pub expires_at: Timestamp,
    /// Time of the revocation.
    pub revoked_at: Option<Timestamp>,
    /// Why it was revoked.
    pub reason: Option<String>,
    /// IP address of the client.
    pub ip: Option<String>,
    /// User agent of the client.
    pub user_agent: Option<String>,
    /// Name of the device.
    pub label: Option<String>,
}

impl StoredSession {
    /// Validates a session from another source.
    ///
    /// # Errors
    /// `InvalidInput` with the column's name.
    pub fn check(&self) -> Result<()> {
        public_id::check("public_id", &self.public_id)?;
        let texts = [
            ("token_hash", Some(&self.token_hash), 64),
            ("previous_hash", self.previous_hash.as_ref(), 64),
            ("rotation_salt", self.rotation_salt.as_ref(), 32),
            ("family", Some(&self.family), 32),
        ];
        for (column, text, length) in texts {
            let is_hex = |text: &String| {
                text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            };
            if !text.is_none_or(is_hex) {
                let message = format!("is not {length} hexadecimal digits");
                return Err(Error::invalid_input(column, message));
            }
        }
        let names = [
            ("user_stamp", Some(&self.user_stamp), 32),
            ("reason", self.reason.as_ref(), MAX_REASON),
            ("ip", self.ip.as_ref(), MAX_IP),
            ("user_agent", self.user_agent.as_ref(), MAX_USER_AGENT),
            ("label", self.label.as_ref(), MAX_LABEL),
        ];
        names
            .into_iter()
            .filter_map(|(column, text, limit)| text.map(|text| (column, text, limit)))
            .try_for_each(|(column, text, limit)| check_name(column, text, limit))
    }
}

/// A row of the table.
#[derive(Queryable, Insertable)]
#[diesel(table_name = user_sessions)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct Row {
    id: i64,
    public_id: String,
    token_hash: Characters<String>,
    previous_hash: Option<Characters<String>>,
    rotated_at: Option<Timestamp>,
    rotation_salt: Option<Characters<String>>,
    family: Characters<String>,
    user_id: i64,
    user_stamp: Characters<String>,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    idle_expires_at: Option<Timestamp>,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    reason: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
    label: Option<String>,
}

impl From<Row> for StoredSession {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            public_id: row.public_id,
            token_hash: row.token_hash.0,
            previous_hash: row.previous_hash.map(String::from),
            rotated_at: row.rotated_at,
            rotation_salt: row.rotation_salt.map(String::from),
            family: row.family.0,
            user_id: row.user_id,
            user_stamp: row.user_stamp.0,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            idle_expires_at: row.idle_expires_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            reason: row.reason,
            ip: row.ip,
            user_agent: row.user_agent,
            label: row.label,
        }
    }
}

impl From<StoredSession> for Row {
    fn from(session: StoredSession) -> Self {
        Self {
            id: session.id,
            public_id: session.public_id,
            token_hash: Characters(session.token_hash),
            previous_hash: session.previous_hash.map(Characters),
            rotated_at: session.rotated_at,
            rotation_salt: session.rotation_salt.map(Characters),
            family: Characters(session.family),
            user_id: session.user_id,
            user_stamp: Characters(session.user_stamp),
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            idle_expires_at: session.idle_expires_at,
            expires_at: session.expires_at,
            revoked_at: session.revoked_at,
            reason: session.reason,
            ip: session.ip,
            user_agent: session.user_agent,
            label: session.label,
        }
    }
}

impl fmt::Debug for StoredSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSession")
            .field("id", &self.id)
            .field("public_id", &self.public_id)
            .finish_non_exhaustive()
    }
}

/// Returns up to 2,000 sessions with an id greater than `id`, ordered by id. The result is empty at
/// the end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredSession>> {
    let rows = on_engine!(connection, c => user_sessions::table
        .filter(user_sessions::id.gt(id))
        .order(user_sessions::id.asc())
        .select(user_sessions::all_columns)
        .limit(MAX_ROWS)
        .load::<Row>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().map(StoredSession::from).collect())
}

/// Counts all sessions.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count_all(connection: &mut Connection) -> Result<i64> {
    let counted = on_engine!(connection, c => user_sessions::table.count().get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// Stores sessions with their ids, in the caller's transaction. The database's id sequence is not
/// advanced.
///
/// # Errors
/// `InvalidInput` for a duplicate id or hash (on SQLite `Internal`); `OutcomeUnknown` or another
/// error of the database.
pub fn insert_with_ids(connection: &mut Connection, sessions: &[StoredSession]) -> Result<()> {
    let rows = || sessions.iter().cloned().map(Row::from);
    let stored = match &mut connection.session {
        Session::Sqlite(c) => rows().try_for_each(|row| {
            diesel::insert_into(user_sessions::table).values(row).execute(c).map(drop)
        }),
        Session::MySql(c) => rows().try_for_each(|row| {
            diesel::insert_into(user_sessions::table).values(row).execute(c.as_mut()).map(drop)
        }),
        Session::PostgreSql(c) => {
            let sql = "COPY user_sessions (id, public_id, token_hash, previous_hash, rotated_at, \
                       rotation_salt, family, user_id, user_stamp, created_at, last_seen_at, \
                       idle_expires_at, expires_at, revoked_at, reason, ip, user_agent, label) \
                       FROM STDIN (FORMAT binary)";
            c.copy_in(sql, copy_rows(sessions)).map(drop)
        }
    };
    stored.map_err(|error| connection.write_error(error))
}

fn copy_rows(sessions: &[StoredSession]) -> CopyRows {
    let mut rows = CopyRows::with_capacity(640 * sessions.len() + 64);
    for session in sessions {
        rows.row();
        rows.integer(Some(session.id));
        rows.text(Some(&session.public_id));
        rows.text(Some(&session.token_hash));
        rows.text(session.previous_hash.as_deref());
        rows.integer(session.rotated_at.map(Timestamp::as_postgresql));
        rows.text(session.rotation_salt.as_deref());
        rows.text(Some(&session.family));
        rows.integer(Some(session.user_id));
        rows.text(Some(&session.user_stamp));
        rows.integer(Some(session.created_at.as_postgresql()));
        rows.integer(Some(session.last_seen_at.as_postgresql()));
        rows.integer(session.idle_expires_at.map(Timestamp::as_postgresql));
        rows.integer(Some(session.expires_at.as_postgresql()));
        rows.integer(session.revoked_at.map(Timestamp::as_postgresql));
        rows.text(session.reason.as_deref());
        rows.text(session.ip.as_deref());
        rows.text(session.user_agent.as_deref());
        rows.text(session.label.as_deref());
    }
    rows
}
