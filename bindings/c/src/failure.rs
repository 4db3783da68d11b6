//! Errors and panics as JSON.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chatkeep::{Error, Result};
use serde::Serialize;

#[derive(Serialize)]
struct Failure<'a> {
    kind: &'static str,
    message: &'a str,
    field: Option<&'a str>,
    operation: Option<&'static str>,
    retryable: bool,
    state: Option<&'static str>,
    causes: Vec<String>,
}

/// Returns an error as JSON.
pub(crate) fn failure(error: &Error) -> Vec<u8> {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    let failure = Failure {
        kind: error.kind().name(),
        message: error.message(),
        field: error.field(),
        operation: error.operation(),
        retryable: error.is_retryable(),
        state: error.schema_state().map(|state| state.name()),
        causes,
    };
    serde_json::to_vec(&failure).unwrap_or_default()
}

/// Converts a panic to an error. The panic message stays on standard error, because it may quote
/// stored data.
pub(crate) fn catch_panic<T>(
    operation: &'static str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let text = "internal error: the operation panicked; please report this";
        Err(Error::internal(text).with_operation(operation))
    })
}
