//! The single entry point from JavaScript into the library. Every call passes through it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chatkeep::Error;
use napi::Either;
use napi::bindgen_prelude::Either4;

use crate::arguments::{ArgError, ArgResult};
use crate::failure::Failure;
use crate::response::{JsValue, Response};

/// Runs a call that never waits. Errors and panics become failures; an exception that JavaScript
/// code threw is passed on unchanged.
pub(crate) fn enter<T>(
    operation: &'static str,
    call: impl FnOnce() -> Result<T, ArgError>,
) -> napi::Result<Either<T, Failure>> {
    match catch_panic(operation, call) {
        Ok(value) => Ok(Either::A(value)),
        Err(ArgError::Invalid(error)) => Ok(Either::B(error.with_operation(operation).into())),
        Err(ArgError::Thrown(error)) => Err(error),
    }
}

/// Runs a call that never waits, and returns its response.
pub(crate) fn enter_sync(
    operation: &'static str,
    call: impl FnOnce() -> ArgResult<Response>,
) -> napi::Result<JsValue> {
    Ok(match enter(operation, call)? {
        Either::A(response) => response.into_js(),
        Either::B(failure) => Some(Either4::D(failure)),
    })
}

/// Converts a panic to an error. The panic message stays on standard error, because it may quote
/// stored data.
fn catch_panic<T>(
    operation: &'static str,
    call: impl FnOnce() -> Result<T, ArgError>,
) -> Result<T, ArgError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(panicked(operation).into()))
}

/// Returns the error of a call that panicked.
pub(crate) fn panicked(operation: &'static str) -> Error {
    Error::internal("internal error: the operation panicked; please report this")
        .with_operation(operation)
}
