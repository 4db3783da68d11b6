//! Transfer of the tables of users: accounts, passwords, identities, roles and one-time secrets.

use chatkeep_core::users::rows::{
    StoredIdentity, StoredPassword, StoredRole, StoredRow as _, StoredSecret, StoredUser,
};
use chatkeep_core::users::{self, Login, password};
use chatkeep_core::{Connection, Metadata, PasswordScheme, Result, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use super::TransferTable;
use crate::archive::write_json_line;
use crate::digest::RowDigest;

/// The table `chat_users`.
pub(crate) struct ChatUsers;
/// The table `user_passwords`.
pub(crate) struct UserPasswords;
/// The table `user_identities`.
pub(crate) struct UserIdentities;
/// The table `user_roles`.
pub(crate) struct UserRoles;
/// The table `one_time_secrets`.
pub(crate) struct OneTimeSecrets;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserLine {
    id: i64,
    public_id: String,
    email: Option<String>,
    email_key: Option<String>,
    username: Option<String>,
    username_key: Option<String>,
    name: Option<String>,
    avatar_url: Option<String>,
    active: bool,
    confirmed_at: Option<Timestamp>,
    stamp: String,
    metadata: Option<Metadata>,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_login_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordLine {
    user_id: i64,
    hash: String,
    scheme: String,
    pepper_id: Option<String>,
    changed_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityLine {
    id: i64,
    provider: String,
    subject: String,
    user_id: i64,
    email: Option<String>,
    linked_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleLine {
    id: i64,
    user_id: i64,
    role: String,
    granted_by: Option<String>,
    granted_at: Timestamp,
    expires_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretLine {
    id: i64,
    digest: String,
    purpose: String,
    subject: String,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// Checks the length of a text, in characters.
fn fits(name: &str, text: Option<&str>, limit: usize) -> Result<(), String> {
    match text.map(|text| text.chars().count()) {
        Some(length) if length > limit => {
            Err(format!("{name} has {length} characters; at most {limit} can be stored"))
        }
        _ => Ok(()),
    }
}

/// Checks a text of lower-case hexadecimal digits.
fn is_hex(name: &str, text: &str, length: usize) -> Result<(), String> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == length && text.bytes().all(is_digit) {
        Ok(())
    } else {
        Err(format!("{name} is not {length} hexadecimal digits"))
    }
}

/// Checks that a key is that of its text, so that the user can sign in with it.
fn is_key(text: Option<&str>, key: Option<&str>, of: fn(&str) -> Option<Login>) -> bool {
    match (text, key) {
        (None, None) => true,
        (Some(text), Some(key)) => match of(text) {
            Some(Login::Email(expected) | Login::Username(expected)) => expected == key,
            None => false,
        },
        _ => false,
    }
}

/// Implements the items that all of these tables have in common.
macro_rules! rows {
    ($row:ty, $name:literal, $noun:literal, $id:ident) => {
        type Row = $row;

        const NAME: &'static str = $name;
        const NOUN: &'static str = $noun;

        fn id(row: &$row) -> i64 {
            row.$id
        }

        fn count(connection: &mut Connection) -> Result<u64> {
            <$row>::count_all(connection).map(i64::unsigned_abs)
        }

        fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<$row>> {
            <$row>::list_after_id(connection, id)
        }

        fn insert_with_ids(connection: &mut Connection, rows: &[$row]) -> Result<()> {
            <$row>::insert_with_ids(connection, rows)
        }
    };
}

/// Converts a row to its line, or back: both have the same fields.
macro_rules! same_fields {
    ($from:expr => $to:ident { $($field:ident),+ $(,)? }) => {{
        let from = $from;
        $to { $($field: from.$field),+ }
    }};
}

fn microsecond(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_microsecond)
}

impl TransferTable for ChatUsers {
    rows!(StoredUser, "chat_users", "user", id);

    fn add_to_digest(row: &StoredUser, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.text(Some(&row.public_id));
        digest.text(row.email.as_deref());
        digest.text(row.email_key.as_deref());
        digest.text(row.username.as_deref());
        digest.text(row.username_key.as_deref());
        digest.text(row.name.as_deref());
        digest.text(row.avatar_url.as_deref());
        digest.number(row.active.into());
        digest.maybe_number(microsecond(row.confirmed_at));
        digest.text(Some(&row.stamp));
        digest.text(row.metadata.as_ref().map(Metadata::as_json));
        digest.number(row.created_at.as_microsecond());
        digest.number(row.updated_at.as_microsecond());
        digest.maybe_number(microsecond(row.last_login_at));
    }

    fn write_line(row: &StoredUser, out: &mut Vec<u8>) -> Result<()> {
        let line = same_fields!(row.clone() => UserLine {
            id, public_id, email, email_key, username, username_key, name, avatar_url, active,
            confirmed_at, stamp, metadata, created_at, updated_at, last_login_at,
        });
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredUser, String> {
        let read: UserLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
        fits("public_id", Some(&read.public_id), 64)?;
        fits("name", read.name.as_deref(), 255)?;
        is_hex("stamp", &read.stamp, 32)?;
        let email = |text: &str| users::email_key(text).ok().map(Login::Email);
        let username = |text: &str| users::username_key(text).ok().map(Login::Username);
        if !is_key(read.email.as_deref(), read.email_key.as_deref(), email)
            || !is_key(read.username.as_deref(), read.username_key.as_deref(), username)
        {
            return Err("email_key or username_key is not that of the email or username".to_owned());
        }
        Ok(same_fields!(read => StoredUser {
            id, public_id, email, email_key, username, username_key, name, avatar_url, active,
            confirmed_at, stamp, metadata, created_at, updated_at, last_login_at,
        }))
    }
}

impl TransferTable for UserPasswords {
    rows!(StoredPassword, "user_passwords", "password", user_id);

    const GENERATES_IDS: bool = false;

    fn add_to_digest(row: &StoredPassword, digest: &mut RowDigest<'_>) {
        digest.number(row.user_id);
        digest.text(Some(&row.hash));
        digest.text(Some(&row.scheme));
        digest.text(row.pepper_id.as_deref());
        digest.number(row.changed_at.as_microsecond());
    }

    fn write_line(row: &StoredPassword, out: &mut Vec<u8>) -> Result<()> {
        let line = same_fields!(row.clone() => PasswordLine {
            user_id, hash, scheme, pepper_id, changed_at,
        });
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredPassword, String> {
        let read: PasswordLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let scheme = PasswordScheme::from_name(&read.scheme)
            .ok_or_else(|| format!("the scheme {:?} is unknown", read.scheme))?;
        password::import_hash(&Secret::from(read.hash.as_str()), Some(scheme), None)
            .map_err(|error| error.message().to_owned())?;
        fits("pepper_id", read.pepper_id.as_deref(), 64)?;
        Ok(same_fields!(read => StoredPassword { user_id, hash, scheme, pepper_id, changed_at }))
    }
}

impl TransferTable for UserIdentities {
    rows!(StoredIdentity, "user_identities", "linked account", id);

    fn add_to_digest(row: &StoredIdentity, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.text(Some(&row.provider));
        digest.text(Some(&row.subject));
        digest.number(row.user_id);
        digest.text(row.email.as_deref());
        digest.number(row.linked_at.as_microsecond());
        digest.maybe_number(microsecond(row.last_used_at));
    }

    fn write_line(row: &StoredIdentity, out: &mut Vec<u8>) -> Result<()> {
        let line = same_fields!(row.clone() => IdentityLine {
            id, provider, subject, user_id, email, linked_at, last_used_at,
        });
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredIdentity, String> {
        let read: IdentityLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
        users::check_identity(&read.provider, &read.subject).map_err(|error| error.to_string())?;
        fits("email", read.email.as_deref(), 255)?;
        Ok(same_fields!(read => StoredIdentity {
            id, provider, subject, user_id, email, linked_at, last_used_at,
        }))
    }
}

impl TransferTable for UserRoles {
    rows!(StoredRole, "user_roles", "role", id);

    fn add_to_digest(row: &StoredRole, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.number(row.user_id);
        digest.text(Some(&row.role));
        digest.text(row.granted_by.as_deref());
        digest.number(row.granted_at.as_microsecond());
        digest.maybe_number(microsecond(row.expires_at));
    }

    fn write_line(row: &StoredRole, out: &mut Vec<u8>) -> Result<()> {
        let line = same_fields!(row.clone() => RoleLine {
            id, user_id, role, granted_by, granted_at, expires_at,
        });
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredRole, String> {
        let read: RoleLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
        users::check_role(&read.role).map_err(|error| error.to_string())?;
        fits("granted_by", read.granted_by.as_deref(), 255)?;
        Ok(same_fields!(read => StoredRole {
            id, user_id, role, granted_by, granted_at, expires_at,
        }))
    }
}

impl TransferTable for OneTimeSecrets {
    rows!(StoredSecret, "one_time_secrets", "one-time secret", id);

    fn add_to_digest(row: &StoredSecret, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.text(Some(&row.digest));
        digest.text(Some(&row.purpose));
        digest.text(Some(&row.subject));
        digest.number(row.created_at.as_microsecond());
        digest.number(row.expires_at.as_microsecond());
    }

    fn write_line(row: &StoredSecret, out: &mut Vec<u8>) -> Result<()> {
        let line = same_fields!(row.clone() => SecretLine {
            id, digest, purpose, subject, created_at, expires_at,
        });
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredSecret, String> {
        let read: SecretLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
        is_hex("digest", &read.digest, 64)?;
        users::check_purpose(&read.purpose).map_err(|error| error.to_string())?;
        users::check_subject(&read.subject).map_err(|error| error.to_string())?;
        Ok(same_fields!(read => StoredSecret {
            id, digest, purpose, subject, created_at, expires_at,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = r#"{"id":1,"public_id":"u1","email":"Ada@x","email_key":"ada@x","username":null,"username_key":null,"name":null,"avatar_url":null,"active":true,"confirmed_at":null,"stamp":"00000000000000000000000000000000","metadata":null,"created_at":"2024-01-01T00:00:00+00:00","updated_at":"2024-01-01T00:00:00+00:00","last_login_at":null}"#;
    const PASSWORD: &str = r#"{"user_id":1,"hash":"$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm","scheme":"bcrypt","pepper_id":null,"changed_at":"2024-01-01T00:00:00+00:00"}"#;

    #[test]
    fn lines_that_no_program_could_use_are_refused() {
        assert!(ChatUsers::read_line(USER).is_ok() && UserPasswords::read_line(PASSWORD).is_ok());
        for (from, to) in [
            (r#""email_key":"ada@x""#, r#""email_key":"Ada@x""#),
            (r#""email_key":"ada@x""#, r#""email_key":null"#),
            (r#""username_key":null"#, r#""username_key":"ada""#),
            (r#""stamp":"0"#, r#""stamp":"g"#),
            (r#""active":true"#, r#""active":1"#),
            (r#""id":1,"#, r#""id":1,"extra":1,"#),
        ] {
            assert!(ChatUsers::read_line(&USER.replacen(from, to, 1)).is_err(), "{to}");
        }
        for (from, to) in
            [("bcrypt", "md5"), ("bcrypt", "argon2id"), ("$04$", "$31$"), ("$2b$", "$9z$")]
        {
            let refused = UserPasswords::read_line(&PASSWORD.replacen(from, to, 1));
            assert!(!refused.expect_err(to).contains("cVWp4X"), "{to}");
        }
    }
}
