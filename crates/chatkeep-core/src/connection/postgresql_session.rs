//! Every session setting that a result depends on, on PostgreSQL: stated when a connection opens, and read back.
//!
//! A role, a database or the server's own file may set other values for all sessions. Whatever they are, the same call
//! gives the same result, or the connection is refused with the setting's name. Two settings are left as they are, since
//! they are somebody's decision: `default_transaction_read_only`, under which reads work and writes are refused as
//! read-only, and `synchronous_commit`, which decides what a power failure may take.

use std::time::Duration;

use super::server_timeout;
use crate::error::{Error, Result};

/// Name and value. Each is stated and read back.
const STATED: [(&str, &str); 7] = [
    // Under a stricter level calls would fail with conflicts that they do not expect.
    ("default_transaction_isolation", "read committed"),
    // Otherwise a backslash in a literal is an escape.
    ("standard_conforming_strings", "on"),
    // Otherwise `= NULL` is true of NULL.
    ("transform_null_equals", "off"),
    // Otherwise NULL in an array's text is a word.
    ("array_nulls", "on"),
    // Otherwise names are described in another way, and schemas differ that are equal.
    ("quote_all_identifiers", "off"),
    ("DateStyle", "ISO, MDY"),
    ("TimeZone", "UTC"),
];

/// The statements that set a session up, and the question that reads it back, for one round trip.
pub(super) fn statements(query_timeout: Duration) -> String {
    let mut sql = statement_timeout(query_timeout);
    for (name, value) in STATED {
        sql.push_str(&format!("; SET {name} = {}", literal(name, value)));
    }
    let asked = STATED.map(|(name, _)| format!("current_setting('{name}')")).join(", ");
    format!("{sql}; SELECT {asked}")
}

/// A list is not quoted as a whole.
fn literal(name: &str, value: &str) -> String {
    if name == "DateStyle" { value.to_owned() } else { format!("'{value}'") }
}

/// `SET statement_timeout`, in milliseconds; 0 is none. The server gives a query up as we do, so that nothing runs on
/// for nobody.
pub(super) fn statement_timeout(deadline: Duration) -> String {
    format!("SET statement_timeout = {}", server_timeout(deadline).as_millis().min(2_147_483_647))
}

/// Compares what the server answered with what was stated.
///
/// # Errors
/// `Configuration`, which names the setting.
pub(super) fn read_back<'a>(answer: impl IntoIterator<Item = Option<&'a str>>) -> Result<()> {
    for ((name, expected), value) in STATED.iter().zip(answer) {
        let value = value.unwrap_or("not set");
        if !value.eq_ignore_ascii_case(expected) {
            return Err(refused(format!(
                "the session setting {name} is {value} although it was set to {expected}; a pooler or the server \
                 overrides it"
            )));
        }
    }
    Ok(())
}

/// Refuses what the server reports at log-in and no session can change.
///
/// # Errors
/// `Configuration`, which names the setting and says what to do.
pub(super) fn check_reported(
    server_encoding: Option<&str>,
    standard_conforming_strings: Option<&str>,
) -> Result<()> {
    if let Some(encoding) = server_encoding
        && !encoding.eq_ignore_ascii_case("UTF8")
    {
        return Err(refused(format!(
            "the database has the encoding {encoding}, which cannot hold every text; create one with CREATE DATABASE … \
             ENCODING 'UTF8' TEMPLATE template0"
        )));
    }
    if standard_conforming_strings == Some("off") {
        return Err(refused(
            "the setting standard_conforming_strings is off, and behind a pooler it cannot be set for a session; set it \
             to on for this role or database"
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
    fn a_setting_that_did_not_take_effect_is_named() {
        assert!(read_back(STATED.map(|(_, value)| Some(value))).is_ok());
        for (place, (name, _)) in STATED.iter().enumerate() {
            let mut answer = STATED.map(|(_, value)| Some(value));
            answer[place] = Some("other");
            let error = read_back(answer).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.message().contains(name), "{error}");
        }
    }

    #[test]
    fn what_no_session_can_change_is_refused_by_name() {
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
