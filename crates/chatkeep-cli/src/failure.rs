//! What can go wrong, what is said about it, and with which exit code the command ends.

use std::fmt::Display;
use std::io::{self, Write as _};

use chatkeep::{Error, ErrorKind, SchemaState};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::argument_names::{Arguments, argument};
use crate::style;
use crate::terminal::Terminal;
use crate::text;

/// Failed, or the answer is no: a row that is not there. From `tokens verify`: the token is invalid, and nothing else.
pub(crate) const FAILED: u8 = 1;
/// An argument or a setting cannot be.
pub(crate) const USAGE: u8 = 2;
/// The schema is behind this program.
pub(crate) const SCHEMA: u8 = 3;
/// The schema is newer than this program.
pub(crate) const NEWER: u8 = 31;
/// A migration was changed after it had been run.
pub(crate) const CHANGED: u8 = 32;
/// A migration that was run is not there any more.
pub(crate) const MISSING: u8 = 33;
/// A migration was added before others that have been run.
pub(crate) const OUT_OF_ORDER: u8 = 34;
/// A migration was cut off, or runs just now.
pub(crate) const DIRTY: u8 = 35;
/// The database refused a migration.
pub(crate) const REFUSED: u8 = 36;
/// The schema is not what its migrations make.
pub(crate) const DIFFERS: u8 = 37;
/// The database cannot be reached, has no connection left, or went away.
pub(crate) const UNAVAILABLE: u8 = 5;
/// As the shell reports a program that died of SIGPIPE: 128 + 13.
pub(crate) const BROKEN_PIPE: u8 = 141;

/// The reason for which a command ends without having done what it was asked.
#[derive(Debug)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: u8,
    /// `None`: nothing is said, the exit code is the answer.
    kind: Option<&'static str>,
    /// Where it happened, if that is not plain from the command: a file and its line.
    place: Option<String>,
    field: Option<String>,
    message: String,
    hint: Option<String>,
    retryable: bool,
    /// Further keys of the error object that `--json` prints.
    details: Map<String, Value>,
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: ErrorObject<'a>,
}

/// What programs read, the most important first.
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
            place: None,
            field: None,
            message: message.into(),
            hint: None,
            retryable: false,
            details: Map::new(),
        }))
    }

    /// An argument that cannot be, found after clap was content.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, "Usage", message)
    }

    /// The row that was asked for is not there.
    pub(crate) fn not_found(field: &str, message: impl Into<String>) -> Self {
        Self::new(FAILED, "NotFound", message).with_field(Some(field.to_owned()))
    }

    /// A line of an import, or the import as a whole, cannot be stored.
    pub(crate) fn rejected(message: impl Into<String>) -> Self {
        Self::new(FAILED, "InvalidInput", message)
    }

    /// Ended by a signal in the middle of something that can be continued.
    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self::new(FAILED, "Interrupted", message)
    }

    /// A file, or a standard stream, that cannot be read or written.
    pub(crate) fn file(what: impl Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::silent(BROKEN_PIPE);
        }
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "StorageFull",
            _ => "File",
        };
        Self::new(FAILED, kind, format!("{what}: {}", reason(error)))
    }

    /// Ends without a word.
    pub(crate) fn silent(code: u8) -> Self {
        let mut failure = Self::new(code, "", "");
        failure.0.kind = None;
        failure
    }

    #[must_use]
    pub(crate) fn with_field(mut self, field: Option<String>) -> Self {
        self.0.field = field;
        self
    }

    /// Names the field as the caller spelled it: as an argument, where the library has another name for it.
    #[must_use]
    pub(crate) fn naming(mut self, arguments: Arguments) -> Self {
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

    /// Gives another exit code where this one would mean something else.
    #[must_use]
    pub(crate) fn with_code_instead_of(mut self, unfit: u8, code: u8) -> Self {
        if self.0.code == unfit {
            self.0.code = code;
        }
        self
    }

    /// Says where it happened, before everything else: `chats.jsonl, line 12: …`.
    #[must_use]
    pub(crate) fn at(mut self, place: impl Display) -> Self {
        self.0.place = Some(place.to_string());
        self
    }

    #[must_use]
    pub(crate) fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(key.to_owned(), value.into());
        self
    }

    /// Says on standard error what happened, and returns the exit code.
    pub(crate) fn report(&self, terminal: &Terminal) -> u8 {
        if terminal.json {
            return self.report_json();
        }
        if self.0.kind.is_some() {
            // Standard error may be closed as well; then the exit code has to do.
            let _ = io::stderr()
                .lock()
                .write_all(style::paint(&self.for_people(), terminal.error_color).as_bytes());
        }
        self.0.code
    }

    /// The same for programs.
    pub(crate) fn report_json(&self) -> u8 {
        if let Some(text) = self.for_programs() {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
        self.0.code
    }

    fn for_people(&self) -> String {
        let parts = &self.0;
        let message: String = [&parts.place, &parts.field]
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

    /// The error object, in one line.
    pub(crate) fn for_programs(&self) -> Option<String> {
        let parts = &self.0;
        let place = parts.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        let error = ErrorObject {
            kind: parts.kind?,
            field: parts.field.as_deref(),
            message: place + &parts.message,
            retryable: parts.retryable,
            details: &parts.details,
        };
        serde_json::to_string(&ErrorDocument { error }).ok().map(text::safe_json)
    }
}

/// The system's words for it, without the number that Rust adds.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = exit_code(error.kind());
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

/// `OutcomeUnknown` counts as unavailable: the database went away, only at the worst moment.
fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Configuration | ErrorKind::InvalidInput => USAGE,
        ErrorKind::Schema(state) => match state {
            SchemaState::Newer => NEWER,
            SchemaState::Changed => CHANGED,
            SchemaState::Missing => MISSING,
            SchemaState::OutOfOrder => OUT_OF_ORDER,
            SchemaState::Dirty => DIRTY,
            SchemaState::Failed => REFUSED,
            _ => SCHEMA,
        },
        ErrorKind::Unavailable | ErrorKind::PoolTimeout | ErrorKind::OutcomeUnknown => UNAVAILABLE,
        _ => FAILED,
    }
}

/// What to do about it, unless the message says so already.
fn hint(kind: ErrorKind, retryable: bool, message: &str) -> Option<&'static str> {
    let hint = match kind {
        ErrorKind::Schema(SchemaState::Behind) => "run `chatkeep migrate upgrade` first",
        ErrorKind::Schema(SchemaState::Newer) if message.contains("app:") => {
            "a newer release of the application has upgraded this database; use that release's migrations"
        }
        ErrorKind::Schema(SchemaState::Unfinished) => return None,
        ErrorKind::Schema(SchemaState::Newer) => {
            "a newer chatkeep has upgraded this database; install that version"
        }
        ErrorKind::Unavailable if retryable => {
            "`chatkeep db wait` waits until the database answers"
        }
        // The library names its own call for it.
        ErrorKind::InvalidInput if message.contains("iter_messages") => {
            "`chatkeep messages export` has no limit"
        }
        ErrorKind::OutcomeUnknown => {
            "the change may or may not have been stored; look before you try again"
        }
        _ => return None,
    };
    let said = hint.split('`').nth(1).is_some_and(|command| message.contains(command));
    (!said).then_some(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_has_its_exit_code() {
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
            assert_eq!(exit_code(kind), code, "{}", kind.name());
        }
    }

    #[test]
    fn people_read_the_field_the_reason_and_a_hint() {
        let failure =
            Failure::from(Error::invalid_input("limit", "must be between 1 and 10000, not 0"));
        let text = style::paint(&failure.with_hint("one\ntwo").for_people(), false);
        assert_eq!(
            text,
            "error: limit: must be between 1 and 10000, not 0\nhint: one\n      two\n"
        );
    }

    #[test]
    fn programs_read_an_error_object() {
        let failure =
            Failure::from(Error::new(ErrorKind::PoolTimeout, "no connection became free in 30 s"));
        let object: Value =
            serde_json::from_str(&failure.for_programs().expect("not silent")).expect("JSON");
        let expected = json!({"kind": "PoolTimeout", "field": null, "message": "no connection became free in 30 s", "retryable": true});
        assert_eq!(object, json!({ "error": expected }));
    }

    #[test]
    fn programs_read_in_what_way_a_schema_does_not_fit() {
        let error = Error::new(ErrorKind::Schema(SchemaState::OutOfOrder), "too late");
        let object: Value =
            serde_json::from_str(&Failure::from(error).for_programs().expect("not silent"))
                .expect("JSON");
        let expected = json!({"kind": "Schema", "field": null, "message": "too late", "retryable": false, "state": "out_of_order"});
        assert_eq!(object, json!({ "error": expected }));
    }

    #[test]
    fn a_place_is_said_once_and_before_the_field() {
        let failure =
            Failure::from(Error::invalid_input("provider", "is too long")).at("a.jsonl, line 3");
        assert_eq!(
            style::paint(&failure.for_people(), false),
            "error: a.jsonl, line 3: provider: is too long\n"
        );
        let object: Value =
            serde_json::from_str(&failure.for_programs().expect("not silent")).expect("JSON");
        assert_eq!(object["error"]["field"], "provider");
        assert_eq!(object["error"]["message"], "a.jsonl, line 3: is too long");
    }

    #[test]
    fn a_message_cannot_drive_the_terminal() {
        let failure = Failure::usage("bad \u{1b}[2J");
        assert_eq!(style::paint(&failure.for_people(), false), "error: bad \\u{1b}[2J\n");
    }

    #[test]
    fn waiting_is_advised_only_where_it_may_help() {
        assert!(
            hint(ErrorKind::Unavailable, true, "refused")
                .is_some_and(|hint| hint.contains("db wait"))
        );
        assert_eq!(hint(ErrorKind::Unavailable, false, "refused"), None);
    }

    #[test]
    fn the_command_to_run_is_not_named_twice() {
        let behind = ErrorKind::Schema(SchemaState::Behind);
        assert_eq!(hint(behind, false, "run `chatkeep migrate upgrade` to go on"), None);
        assert!(hint(behind, false, "two migrations are missing").is_some());
    }
}
