//! Transfer of the table `api_tokens`.

use chatkeep_core::tokens::{self, StoredToken, check_description, join_scopes};
use chatkeep_core::{Connection, Result, Timestamp};
use serde::{Deserialize, Serialize};

use super::TransferTable;
use crate::archive::write_json_line;
use crate::digest::RowDigest;

/// The table `api_tokens`.
pub(crate) struct ApiTokens;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: i64,
    token_hash: String,
    description: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    is_active: bool,
    last_used_at: Option<Timestamp>,
    token_start: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scopes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_until: Option<Timestamp>,
}

impl TransferTable for ApiTokens {
    type Row = StoredToken;

    const NAME: &'static str = "api_tokens";
    const NOUN: &'static str = "token";

    fn id(row: &StoredToken) -> i64 {
        row.id
    }

    fn count(connection: &mut Connection) -> Result<u64> {
        tokens::count_all(connection).map(i64::unsigned_abs)
    }

    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredToken>> {
        tokens::list_after_id(connection, id)
    }

    fn insert_with_ids(connection: &mut Connection, rows: &[StoredToken]) -> Result<()> {
        tokens::insert_with_ids(connection, rows)
    }

    fn add_to_digest(row: &StoredToken, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.text(Some(&row.token_hash));
        digest.text(Some(&row.description));
        digest.number(row.created_at.as_microsecond());
        digest.maybe_number(row.expires_at.map(|time| time.as_microsecond()));
        digest.number(row.is_active.into());
        digest.maybe_number(row.last_used_at.map(|time| time.as_microsecond()));
        digest.text(row.token_start.as_deref());
        // Absent values add nothing. The numbers before the others differ from the next row's id.
        if row.user_id.is_some() {
            digest.number(-1);
            digest.maybe_number(row.user_id);
        }
        if row.scopes.is_some() {
            digest.number(-2);
            digest.text(row.scopes.as_deref());
        }
        if row.previous_hash.is_some() || row.previous_until.is_some() {
            digest.number(-3);
            digest.text(row.previous_hash.as_deref());
            digest.maybe_number(row.previous_until.map(|time| time.as_microsecond()));
        }
    }

    fn write_line(row: &StoredToken, out: &mut Vec<u8>) -> Result<()> {
        let row = row.clone();
        let line = Line {
            id: row.id,
            token_hash: row.token_hash,
            description: row.description,
            created_at: row.created_at,
            expires_at: row.expires_at,
            is_active: row.is_active,
            last_used_at: row.last_used_at,
            token_start: row.token_start,
            user_id: row.user_id,
            scopes: row.scopes,
            previous_hash: row.previous_hash,
            previous_until: row.previous_until,
        };
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredToken, String> {
        let read: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        check_description(&read.description).map_err(|error| error.to_string())?;
        let is_hash =
            |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash(&read.token_hash)
            || read.token_start.as_ref().is_some_and(|start| start.chars().count() > 16)
        {
            return Err("token_hash or token_start is invalid".to_owned());
        }
        if !read.previous_hash.as_deref().is_none_or(is_hash) {
            return Err("previous_hash is invalid".to_owned());
        }
        let scopes = read.scopes.iter().flat_map(|text| text.split(' '));
        let scopes: Vec<_> = scopes.map(str::to_owned).collect();
        join_scopes(&scopes).map_err(|error| error.to_string())?;
        Ok(StoredToken {
            id: read.id,
            token_hash: read.token_hash,
            description: read.description,
            created_at: read.created_at,
            expires_at: read.expires_at,
            is_active: read.is_active,
            last_used_at: read.last_used_at,
            token_start: read.token_start,
            user_id: read.user_id,
            scopes: read.scopes,
            previous_hash: read.previous_hash,
            previous_until: read.previous_until,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_without_owner_scopes_and_rotation_has_the_line_of_earlier_versions() {
        let line = format!(
            r#"{{"id":7,"token_hash":"{}","description":"a","created_at":"2024-01-02T03:04:05.678901+00:00","expires_at":null,"is_active":true,"last_used_at":null,"token_start":null}}"#,
            "0".repeat(64)
        );
        let mut row = ApiTokens::read_line(&line).unwrap();
        let write = |row: &StoredToken| {
            let mut out = Vec::new();
            ApiTokens::write_line(row, &mut out).unwrap();
            String::from_utf8(out).unwrap().trim_end().to_owned()
        };
        assert_eq!(write(&row), line);
        row.user_id = Some(3);
        row.scopes = Some("read write".to_owned());
        row.previous_hash = Some("a".repeat(64));
        row.previous_until = Some(row.created_at);
        assert_eq!(ApiTokens::read_line(&write(&row)).unwrap(), row);
        for invalid in ["", " read", "a\"", "é"] {
            row.scopes = Some(invalid.to_owned());
            assert!(ApiTokens::read_line(&write(&row)).is_err(), "{invalid}");
        }
        row.scopes = None;
        row.previous_hash = Some("short".to_owned());
        assert!(ApiTokens::read_line(&write(&row)).is_err());
    }
}
