//! The one door between JavaScript and chatkeep. Every call goes through it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chatkeep::Error;
use napi::Either;

use crate::arguments::Refusal;
use crate::failure::Failure;

/// A call that never waits. A panic becomes a failure; so does everything but what JavaScript itself threw.
pub(crate) fn enter<T>(
    operation: &'static str,
    call: impl FnOnce() -> Result<T, Refusal>,
) -> napi::Result<Either<T, Failure>> {
    match guarded(operation, call) {
        Ok(value) => Ok(Either::A(value)),
        Err(Refusal::Input(error)) => Ok(Either::B(error.with_operation(operation).into())),
        Err(Refusal::Thrown(error)) => Err(error),
    }
}

/// Makes an error of a panic. What the panic says stays on standard error: it may quote what it stumbled over.
fn guarded<T>(
    operation: &'static str,
    call: impl FnOnce() -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(panicked(operation).into()))
}

/// The error of a call that panicked.
pub(crate) fn panicked(operation: &'static str) -> Error {
    Error::internal("the call ended in a panic, which is a fault of chatkeep's")
        .with_operation(operation)
}
