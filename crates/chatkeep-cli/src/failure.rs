//! Failures of a command: their messages and exit codes.

use std::fmt::Display;
use std::io::{self, Write as _};

use chatkeep::{Error, ErrorKind, SchemaState};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::argument_names::{Arguments, argument};
use crate::style;
use crate::terminal::Terminal;
use crate::text;

/// Failure, or row not found. For `tokens verify`: the token is invalid, and nothing else.
pub(crate) const FAILED: u8 = 1;
/// An argument or a setting is invalid.
pub(crate) const USAGE: u8 = 2;
/// The schema is older than this version, or a transfer into the database is unfinished.
pub(crate) const SCHEMA: u8 = 3;
/// The schema is newer than this version.
pub(crate) const NEWER: u8 = 31;
/// A migration was changed after it was applied.
pub(crate) const CHANGED: u8 = 32;
/// An applied migration is missing.
pub(crate) const MISSING: u8 = 33;
/// A pending migration is older than an applied one.
pub(crate) const OUT_OF_ORDER: u8 = 34;
/// A migration is running or was interrupted.
pub(crate) const DIRTY: u8 = 35;
/// The schema differs from its migrations.
pub(crate) const DIFFERS: u8 = 37;
/// The database is unreachable, has no free connection, or closed the connection.
pub(crate) const UNAVAILABLE: u8 = 5;
/// Ctrl-C. Shells report 128 + 2 for a program that died of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;
/// The output pipe is closed. Shells report 128 + 13 for a program that died of SIGPIPE.
pub(crate) const BROKEN_PIPE: u8 = 141;

/// Reason why a command failed.
#[derive(Debug)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: u8,
    /// Kind of the error. `None` means that nothing is printed.
    kind: Option<&'static str>,
    /// File and line of the error, if it concerns an input file.
    location: Option<String>,
    field: Option<String>,
    message: String,
    hint: Option<String>,
    retryable: bool,
    /// Additional keys of the error object in JSON output.
    details: Map<String, Value>,
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: ErrorObject<'a>,
}

/// Error object of JSON output, with the most important keys first.
#[derive(Serialize)]
struct ErrorObject<'a> {
    kind: &'a str,
    field: Option<&'a str>,
    message: String,
    retryable: bool,
    #[serde(flatten)]
    details: &'a Map<String, Value>,
}

impl Failure {
    fn new(code: u8, kind: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            kind: Some(kind),
            location: None,
            field: None,
            message: message.into(),
            hint: None,
            retryable: false,
            details: Map::new(),
        }))
    }

    /// Creates a usage error, for invalid arguments that clap does not detect.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, "Usage", message)
    }

    /// Creates an error for a row that does not exist.
    pub(crate) fn not_found(field: &str, message: impl Into<String>) -> Self {
        Self::new(FAILED, "NotFound", message).with_field(Some(field.to_owned()))
    }

    /// Creates an error for an import that has an invalid line.
    pub(crate) fn rejected(message: impl Into<String>) -> Self {
        Self::new(FAILED, "InvalidInput", message)
    }

    /// Creates an error for a command that was interrupted by a signal and can be continued.
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self::new(FAILED, "Interrupted", message)
    }

    /// Creates an error for a failed read or write of a file or standard stream.
    pub(crate) fn file(name: impl Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::silent(BROKEN_PIPE);
        }
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "StorageFull",
            _ => "File",
        };
        Self::new(FAILED, kind, format!("{name}: {}", reason(error)))
    }

    /// Creates a failure that prints nothing.
    pub(crate) fn silent(code: u8) -> Self {
        let mut failure = Self::new(code, "", "");
        failure.0.kind = None;
        failure
    }

    /// Returns the name of the field, if any.
    pub(crate) fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    #[must_use]
    pub(crate) fn with_field(mut self, field: Option<String>) -> Self {
        self.0.field = field;
        self
    }

    /// Replaces the library's name of the field by that of the command's argument.
    #[must_use]
    pub(crate) fn with_argument_name(mut self, arguments: Arguments) -> Self {
        if let Some(argument) = self.0.field.as_deref().and_then(|field| argument(arguments, field))
        {
            self.0.field = Some(argument.to_owned());
        }
        self
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Replaces the exit code `old` by `new`.
    #[must_use]
    pub(crate) fn replace_code(mut self, old: u8, new: u8) -> Self {
        if self.0.code == old {
            self.0.code = new;
        }
        self
    }

    /// Adds the location, which precedes the message: `chats.jsonl, line 12: …`.
    #[must_use]
    pub(crate) fn at(mut self, location: impl Display) -> Self {
        self.0.location = Some(location.to_string());
        self
    }

    #[must_use]
    pub(crate) fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(key.to_owned(), value.into());
        self
    }

    /// Prints the failure to standard error and returns the exit code.
    pub(crate) fn report(&self, terminal: &Terminal) -> u8 {
        if terminal.json {
            return self.report_json();
        }
        if self.0.kind.is_some() {
            // Ignored: if standard error is closed, the exit code remains.
            let _ = io::stderr()
                .lock()
                .write_all(style::paint(&self.to_text(), terminal.error_color).as_bytes());
        }
        self.0.code
    }

    /// Prints the failure as JSON to standard error and returns the exit code.
    pub(crate) fn report_json(&self) -> u8 {
        if let Some(text) = self.to_json() {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
        self.0.code
    }

    fn to_text(&self) -> String {
        let parts = &self.0;
        let message: String = [&parts.location, &parts.field]
            .into_iter()
            .flatten()
            .map(|part| format!("{part}: "))
            .collect();
        let message = text::visible_block(&(message + &parts.message));
        let mut out = format!("{} {message}\n", style::alarm("error:"));
        if let Some(hint) = &parts.hint {
            let hint = text::visible_block(hint).replace('\n', "\n      ");
            out.push_str(&format!("{} {hint}\n", style::strong("hint:")));
        }
        out
    }

    /// Formats the failure as one line of JSON. `None` if nothing is to be printed.
    pub(crate) fn to_json(&self) -> Option<String> {
        let parts = &self.0;
        let location = parts.location.as_ref().map(|location| format!("{location}: "));
        let error = ErrorObject {
            kind: parts.kind?,
            field: parts.field.as_deref(),
            message: location.unwrap_or_default() + &parts.message,
            retryable: parts.retryable,
            details: &parts.details,
        };
        serde_json::to_string(&ErrorDocument { error }).ok().map(text::safe_json)
    }
}

/// Returns the system's error message, without the number that Rust appends.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = error.kind().exit_code();
        let mut failure = Self::new(code, error.kind().name(), error.message());
        failure.0.field = error.field().map(str::to_owned);
        failure.0.retryable = error.is_retryable();
        failure.0.hint =
            hint(error.kind(), error.is_retryable(), error.message()).map(str::to_owned);
        match error.schema_state() {
            Some(state) => failure.with_detail("state", state.name()),
            None => failure,
        }
    }
}

/// Returns advice, unless the message already contains it.
fn hint(kind: ErrorKind, retryable: bool, message: &str) -> Option<&'static str> {
    let hint = match kind {
        ErrorKind::Schema(SchemaState::Behind) => "run `chatkeep migrate upgrade` first",
        ErrorKind::Schema(SchemaState::Newer) if message.contains("app:") => {
            "a newer release of the application upgraded this database; use its migrations"
        }
        ErrorKind::Schema(SchemaState::Unfinished) => return None,
        // The message names the remedy.
        ErrorKind::Schema(SchemaState::Newer) if message.contains("restore this backup") => {
            return None;
        }
        ErrorKind::Schema(SchemaState::Newer) => {
            "a newer chatkeep upgraded this database; install that version"
        }
        ErrorKind::Unavailable if retryable => "run `chatkeep db wait` to wait for the database",
        // The message names the library's function.
        ErrorKind::InvalidInput if message.contains("iter_messages") => {
            "use `chatkeep messages export`, which has no limit"
        }
        ErrorKind::OutcomeUnknown => "the change may or may not be stored; check before you retry",
        _ => return None,
    };
    let is_in_message = hint.split('`').nth(1).is_some_and(|command| message.contains(command));
    (!is_in_message).then_some(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_have_exit_codes() {
        let codes = [
            (ErrorKind::Configuration, 2),
            (ErrorKind::InvalidInput, 2),
            (ErrorKind::Schema(SchemaState::Behind), 3),
            (ErrorKind::Schema(SchemaState::Newer), 31),
            (ErrorKind::Schema(SchemaState::Changed), 32),
            (ErrorKind::Schema(SchemaState::Missing), 33),
            (ErrorKind::Schema(SchemaState::OutOfOrder), 34),
            (ErrorKind::Schema(SchemaState::Dirty), 35),
            (ErrorKind::Schema(SchemaState::Failed), 36),
            (ErrorKind::Unavailable, 5),
            (ErrorKind::PoolTimeout, 5),
            (ErrorKind::OutcomeUnknown, 5),
            (ErrorKind::Conflict, 1),
            (ErrorKind::StorageFull, 1),
            (ErrorKind::ReadOnly, 1),
            (ErrorKind::Corrupt, 1),
            (ErrorKind::Internal, 1),
        ];
        for (kind, code) in codes {
            assert_eq!(kind.exit_code(), code, "{}", kind.name());
        }
    }

    #[test]
    fn text_has_the_field_the_reason_and_a_hint() {
        let failure =
            Failure::from(Error::invalid_input("limit", "must be between 1 and 10000, not 0"));
        let text = style::paint(&failure.with_hint("one\ntwo").to_text(), false);
        assert_eq!(
            text,
            "error: limit: must be between 1 and 10000, not 0\nhint: one\n      two\n"
        );
    }

    #[test]
    fn json_is_an_error_object() {
        let failure = Failure::from(Error::new(ErrorKind::PoolTimeout, "timed out after 30 s"));
        let object: Value =
            serde_json::from_str(&failure.to_json().expect("not silent")).expect("JSON");
        let expected = json!({
            "kind": "PoolTimeout",
            "field": null,
            "message": "timed out after 30 s",
            "retryable": true,
        });
        assert_eq!(object, json!({ "error": expected }));
    }

    #[test]
    fn json_has_the_state_of_the_schema() {
        let error = Error::new(ErrorKind::Schema(SchemaState::OutOfOrder), "too late");
        let object: Value =
            serde_json::from_str(&Failure::from(error).to_json().expect("not silent"))
                .expect("JSON");
        let expected = json!({
            "kind": "Schema",
            "field": null,
            "message": "too late",
            "retryable": false,
            "state": "out_of_order",
        });
        assert_eq!(object, json!({ "error": expected }));
    }

    #[test]
    fn the_location_precedes_the_field() {
        let failure =
            Failure::from(Error::invalid_input("provider", "is too long")).at("a.jsonl, line 3");
        assert_eq!(
            style::paint(&failure.to_text(), false),
            "error: a.jsonl, line 3: provider: is too long\n"
        );
        let object: Value =
            serde_json::from_str(&failure.to_json().expect("not silent")).expect("JSON");
        assert_eq!(object["error"]["field"], "provider");
        assert_eq!(object["error"]["message"], "a.jsonl, line 3: is too long");
    }

    #[test]
    fn control_characters_are_escaped() {
        let failure = Failure::usage("bad \u{1b}[2J");
        assert_eq!(style::paint(&failure.to_text(), false), "error: bad \\u{1b}[2J\n");
    }

    #[test]
    fn waiting_is_advised_for_retryable_errors() {
        assert!(
            hint(ErrorKind::Unavailable, true, "refused")
                .is_some_and(|hint| hint.contains("db wait"))
        );
        assert_eq!(hint(ErrorKind::Unavailable, false, "refused"), None);
    }

    #[test]
    fn hints_do_not_repeat_the_command_of_the_message() {
        let behind = ErrorKind::Schema(SchemaState::Behind);
        assert_eq!(hint(behind, false, "run `chatkeep migrate upgrade` to continue"), None);
        assert!(hint(behind, false, "two migrations are missing").is_some());
    }
}
