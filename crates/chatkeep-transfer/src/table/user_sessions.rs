//! Transfer of the table `user_sessions`.

use chatkeep_core::sessions::{self, StoredSession};
use chatkeep_core::{Connection, Result, Timestamp};
use serde::{Deserialize, Serialize};

use super::TransferTable;
use crate::archive::write_json_line;
use crate::digest::RowDigest;

/// The table `user_sessions`.
pub(crate) struct UserSessions;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: i64,
    public_id: String,
    token_hash: String,
    previous_hash: Option<String>,
    rotated_at: Option<Timestamp>,
    rotation_salt: Option<String>,
    family: String,
    user_id: i64,
    user_stamp: String,
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

impl TransferTable for UserSessions {
    type Row = StoredSession;

    const NAME: &'static str = "user_sessions";
    const NOUN: &'static str = "session";

    fn id(row: &StoredSession) -> i64 {
        row.id
    }

    fn count(connection: &mut Connection) -> Result<u64> {
        sessions::count_all(connection).map(i64::unsigned_abs)
    }

    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredSession>> {
        sessions::list_after_id(connection, id)
    }

    fn insert_with_ids(connection: &mut Connection, rows: &[StoredSession]) -> Result<()> {
        sessions::insert_with_ids(connection, rows)
    }

    fn add_to_digest(row: &StoredSession, digest: &mut RowDigest<'_>) {
        let time = |time: Option<Timestamp>| time.map(|time| time.as_microsecond());
        digest.number(row.id);
        digest.text(Some(&row.public_id));
        digest.text(Some(&row.token_hash));
        digest.text(row.previous_hash.as_deref());
        digest.maybe_number(time(row.rotated_at));
        digest.text(row.rotation_salt.as_deref());
        digest.text(Some(&row.family));
        digest.number(row.user_id);
        digest.text(Some(&row.user_stamp));
        digest.number(row.created_at.as_microsecond());
        digest.number(row.last_seen_at.as_microsecond());
        digest.maybe_number(time(row.idle_expires_at));
        digest.number(row.expires_at.as_microsecond());
        digest.maybe_number(time(row.revoked_at));
        digest.text(row.reason.as_deref());
        digest.text(row.ip.as_deref());
        digest.text(row.user_agent.as_deref());
        digest.text(row.label.as_deref());
    }

    fn write_line(row: &StoredSession, out: &mut Vec<u8>) -> Result<()> {
        let row = row.clone();
        let line = Line {
            id: row.id,
            public_id: row.public_id,
            token_hash: row.token_hash,
            previous_hash: row.previous_hash,
            rotated_at: row.rotated_at,
            rotation_salt: row.rotation_salt,
            family: row.family,
            user_id: row.user_id,
            user_stamp: row.user_stamp,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            idle_expires_at: row.idle_expires_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            reason: row.reason,
            ip: row.ip,
            user_agent: row.user_agent,
            label: row.label,
        };
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredSession, String> {
        let read: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let row = StoredSession {
            id: read.id,
            public_id: read.public_id,
            token_hash: read.token_hash,
            previous_hash: read.previous_hash,
            rotated_at: read.rotated_at,
            rotation_salt: read.rotation_salt,
            family: read.family,
            user_id: read.user_id,
            user_stamp: read.user_stamp,
            created_at: read.created_at,
            last_seen_at: read.last_seen_at,
            idle_expires_at: read.idle_expires_at,
            expires_at: read.expires_at,
            revoked_at: read.revoked_at,
            reason: read.reason,
            ip: read.ip,
            user_agent: read.user_agent,
            label: read.label,
        };
        row.check().map_err(|error| error.to_string())?;
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> StoredSession {
        let time = Timestamp::parse("2024-01-02T03:04:05.678901Z").unwrap();
        StoredSession {
            id: 7,
            public_id: "session".to_owned(),
            token_hash: "a".repeat(64),
            previous_hash: Some("b".repeat(64)),
            rotated_at: Some(time),
            rotation_salt: Some("c".repeat(32)),
            family: "d".repeat(32),
            user_id: 3,
            user_stamp: "stamp".to_owned(),
            created_at: time,
            last_seen_at: time,
            idle_expires_at: None,
            expires_at: time,
            revoked_at: None,
            reason: Some("reuse".to_owned()),
            ip: Some("::1".to_owned()),
            user_agent: None,
            label: Some("é".repeat(100)),
        }
    }

    fn line(row: &StoredSession) -> String {
        let mut out = Vec::new();
        UserSessions::write_line(row, &mut out).unwrap();
        String::from_utf8(out).unwrap().trim_end().to_owned()
    }

    #[test]
    fn lines_round_trip() {
        assert_eq!(UserSessions::read_line(&line(&row())).unwrap(), row());
    }

    #[test]
    fn invalid_lines_are_rejected() {
        let changes: [fn(&mut StoredSession); 6] = [
            |row| row.public_id = String::new(),
            |row| row.token_hash = "a".repeat(63),
            |row| row.previous_hash = Some("x".repeat(64)),
            |row| row.family = "d".repeat(31),
            |row| row.label = Some("é".repeat(101)),
            |row| row.user_stamp = "a\0".to_owned(),
        ];
        for change in changes {
            let mut changed = row();
            change(&mut changed);
            assert!(UserSessions::read_line(&line(&changed)).is_err(), "{changed:?}");
        }
    }
}
