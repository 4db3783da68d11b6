//! From chatkeep's one error to what JavaScript makes a `ChatkeepError` of.

use std::error::Error as StdError;

use chatkeep::{Error, ErrorKind, SchemaState};
use napi_derive::napi;

use crate::names::{argument, camel};

/// Why a call failed.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// The kind, as `CHATKEEP_INVALID_INPUT`.
    pub code: &'static str,
    /// What happened, for people.
    pub message: String,
    /// The argument or setting that was wrong.
    pub field: Option<String>,
    /// Whether the same call may succeed when it is made again.
    pub retryable: bool,
    /// In what way the schema does not fit, where that is what failed.
    pub state: Option<&'static str>,
    /// The call.
    pub operation: Option<String>,
    /// What lies underneath, the nearest first.
    pub causes: Vec<String>,
}

/// Names of calls that messages about others mention.
const CALLS: [&str; 1] = ["iter_messages"];

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(below) = cause {
            causes.push(below.to_string());
            cause = below.source();
        }
        let (code, retryable) = (code(error.kind()), error.is_retryable());
        let operation = error.operation().map(camel);
        let field = error.field().map(argument);
        let state = error.schema_state().map(SchemaState::name);
        let error = match &field {
            Some(field) => error.with_field(field.clone()),
            None => error,
        };
        let mut message = error.to_string();
        if error.kind() == ErrorKind::InvalidInput {
            for name in CALLS {
                message = message.replace(name, &camel(name));
            }
        }
        Self { code, message, field, retryable, state, operation, causes }
    }
}

fn code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Configuration => "CHATKEEP_CONFIGURATION",
        ErrorKind::InvalidInput => "CHATKEEP_INVALID_INPUT",
        ErrorKind::Unavailable => "CHATKEEP_UNAVAILABLE",
        ErrorKind::PoolTimeout => "CHATKEEP_POOL_TIMEOUT",
        ErrorKind::OutcomeUnknown => "CHATKEEP_OUTCOME_UNKNOWN",
        ErrorKind::Conflict => "CHATKEEP_CONFLICT",
        ErrorKind::StorageFull => "CHATKEEP_STORAGE_FULL",
        ErrorKind::ReadOnly => "CHATKEEP_READ_ONLY",
        ErrorKind::Corrupt => "CHATKEEP_CORRUPT",
        ErrorKind::Schema(_) => "CHATKEEP_SCHEMA",
        ErrorKind::Interrupted => "CHATKEEP_INTERRUPTED",
        _ => "CHATKEEP_INTERNAL",
    }
}
