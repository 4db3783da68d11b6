//! Session settings of PostgreSQL that affect results. They are set when a connection opens, and
//! read back.
//!
//! A role, a database or the server's configuration file can change the defaults for all sessions.
//! Setting the values and reading them back ensures that the same call returns the same result on
//! every server. Otherwise the connection fails with an error that names the setting.
//!
//! Two settings are left to the administrator. Under `default_transaction_read_only`, reads work
//! and writes fail as read-only. `synchronous_commit` determines which commits a power failure can
//! lose.

use std::time::Duration;

use super::server_timeout;
use crate::error::{Error, Result};

/// Name and value of the settings.
const SETTINGS: [(&str, &str); 7] = [
    // At a stricter level, calls would fail with conflicts that they do not handle.
    ("default_transaction_isolation", "read committed"),
    // Otherwise a backslash in a literal is an escape.
    ("standard_conforming_strings", "on"),
    // Otherwise `= NULL` is true of NULL.
    ("transform_null_equals", "off"),
    // Otherwise NULL in an array's text is a string.
    ("array_nulls", "on"),
    // Otherwise the catalog quotes all names, and equal schemas appear to differ.
    ("quote_all_identifiers", "off"),
    ("DateStyle", "ISO, MDY"),
    ("TimeZone", "UTC"),
];

/// Returns the statements that configure a session and read it back in one round trip.
pub(super) fn statements(query_timeout: Duration) -> String {
    let mut sql = statement_timeout(query_timeout);
    for (name, value) in SETTINGS {
        sql.push_str(&format!("; SET {name} = {}", literal(name, value)));
    }
    let columns = SETTINGS.map(|(name, _)| format!("current_setting('{name}')")).join(", ");
    format!("{sql}; SELECT {columns}")
}

/// Quotes a value, unless it is a list.
fn literal(name: &str, value: &str) -> String {
    if name == "DateStyle" { value.to_owned() } else { format!("'{value}'") }
}

/// Returns `SET statement_timeout`, in milliseconds; 0 means no timeout. It makes the server cancel
/// queries whose client has stopped waiting.
pub(super) fn statement_timeout(deadline: Duration) -> String {
    format!("SET statement_timeout = {}", server_timeout(deadline).as_millis().min(2_147_483_647))
}

/// Checks the settings that the server reports against the values that were set.
///
/// # Errors
/// `Configuration` when a setting differs; the message names it.
pub(super) fn read_back<'a>(reported: impl IntoIterator<Item = Option<&'a str>>) -> Result<()> {
    for ((name, expected), value) in SETTINGS.iter().zip(reported) {
        let value = value.unwrap_or("not set");
        if !value.eq_ignore_ascii_case(expected) {
            return Err(refused(format!(
                "the session setting {name} is {value} although it was set to {expected}; a pooler \
                 or the server overrides it"
            )));
        }
    }
    Ok(())
}

/// Checks settings that the server reports at log-in and that a session cannot change.
///
/// # Errors
/// `Configuration` when a setting is unsuitable; the message names it and the remedy.
pub(super) fn check_reported(
    server_encoding: Option<&str>,
    standard_conforming_strings: Option<&str>,
) -> Result<()> {
    if let Some(encoding) = server_encoding
        && !encoding.eq_ignore_ascii_case("UTF8")
    {
        return Err(refused(format!(
            "the database has the encoding {encoding}, which cannot store all characters; create \
             one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )));
    }
    if standard_conforming_strings == Some("off") {
        return Err(refused(
            "the setting standard_conforming_strings is off, and a pooler does not allow setting \
             it per session; set it to on for this role or database"
                .to_owned(),
        ));
    }
    Ok(())
}

fn refused(text: String) -> Error {
    Error::configuration(text).with_field("DATABASE_URL")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn setting_without_effect_is_named_in_the_error() {
        assert!(read_back(SETTINGS.map(|(_, value)| Some(value))).is_ok());
        for (index, (name, _)) in SETTINGS.iter().enumerate() {
            let mut reported = SETTINGS.map(|(_, value)| Some(value));
            reported[index] = Some("other");
            let error = read_back(reported).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.message().contains(name), "{error}");
        }
    }

    #[test]
    fn setting_that_a_session_cannot_change_is_named_in_the_error() {
        assert!(check_reported(Some("UTF8"), Some("on")).is_ok());
        assert!(check_reported(None, None).is_ok(), "a pooler need not report it");
        for (encoding, strings, named) in [
            (Some("SQL_ASCII"), None, "SQL_ASCII"),
            (None, Some("off"), "standard_conforming_strings"),
        ] {
            let error = check_reported(encoding, strings).expect_err(named);
            assert!(error.message().contains(named), "{error}");
        }
    }
}
