//! The store, on which JavaScript makes its calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, Error, ErrorKind, Handle, SharedHandle, interruptible};
use napi::{Either, Env};
use napi_derive::napi;

use crate::abort::Abort;
use crate::arguments::{self, ArgResult, JsArg, is_given};
use crate::call;
use crate::failure::Failure;
use crate::mailbox::{CompletionQueue, Mailbox};
use crate::response::Response;
use crate::submit::{Call, Submitted};

/// Default timeout of `flush` and `close`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A store, as used by one environment.
///
/// JavaScript assigns a number to each asynchronous call. The call returns null if it was started,
/// and its outcome is delivered through the mailbox. Otherwise it returns the failure.
#[napi]
pub struct Store {
    handle: SharedHandle,
    completions: Arc<CompletionQueue>,
}

/// Returns the store that the environment variables configure. They are read at its first use. All
/// threads of the process share it.
#[napi]
pub(crate) fn environment_store(mailbox: &Mailbox) -> Store {
    Store { handle: Handle::environment(), completions: mailbox.completions() }
}

/// Creates a store with its own settings, in the order of the library's table.
#[napi]
pub(crate) fn open_store(
    mailbox: &Mailbox,
    #[napi(ts_arg_type = "unknown")] url: JsArg<'_>,
    #[napi(ts_arg_type = "unknown[]")] settings: Vec<JsArg<'_>>,
) -> napi::Result<Either<Store, Failure>> {
    call::enter("Chatkeep", || {
        Ok(Store {
            handle: Handle::own(arguments::builder(&url, &settings)?.open()?),
            completions: mailbox.completions(),
        })
    })
}

#[napi]
impl Store {
    /// Returns the URL without its password, or null if the store has not been opened.
    #[napi]
    pub fn display_url(&self) -> Option<String> {
        self.handle.opened().map(|chat| chat.database().database_url())
    }

    /// `Chatkeep.flush`
    #[napi]
    pub fn flush(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] timeout: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        let find = || self.handle.opened();
        self.start(env, number, "flush", abort).submit_waiting(
            || timeout_or_default(&timeout),
            find,
            |chat, timeout| chat.flush(timeout),
        )
    }

    /// `Chatkeep.close`
    #[napi]
    pub fn close(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] timeout: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        let find = || self.handle.take();
        self.start(env, number, "close", abort).submit_waiting(
            || timeout_or_default(&timeout),
            find,
            |chat, timeout| chat.close(timeout),
        )
    }

    /// `DatabaseManager.waitUntilReady`, which has a timeout in JavaScript.
    #[napi]
    pub fn wait_until_ready(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] timeout: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        // `wait` checks for an abort itself, together with the timeout.
        let is_aborted = abort.map(Abort::check);
        let wait = |chat: &Chatkeep, timeout: Option<Duration>| {
            let deadline = timeout.map(|timeout| Instant::now() + timeout);
            let is_timed_out = move || deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let check = move || {
                is_timed_out() || is_aborted.as_ref().is_some_and(|is_aborted| is_aborted())
            };
            let waited = interruptible(check, || chat.database().wait_until_ready());
            waited.map_err(|error| match timeout {
                Some(timeout) if error.kind() == ErrorKind::Interrupted && is_timed_out() => {
                    timed_out(timeout)
                }
                _ => error,
            })
        };
        self.start(env, number, "wait_until_ready", None).submit(
            || arguments::optional_seconds("timeout", &timeout),
            wait,
            |()| Response::Null,
        )
    }
}

impl Store {
    pub(crate) fn start<'a>(
        &'a self,
        env: Env,
        number: f64,
        operation: &'static str,
        abort: Option<&'a Abort>,
    ) -> Call<'a> {
        Call { env, number, operation, handle: &self.handle, completions: &self.completions, abort }
    }

    pub(crate) fn handle(&self) -> &SharedHandle {
        &self.handle
    }

    pub(crate) fn completions(&self) -> &Arc<CompletionQueue> {
        &self.completions
    }
}

/// Converts a timeout in seconds; 30 s by default.
fn timeout_or_default(timeout: &JsArg<'_>) -> ArgResult<Duration> {
    if is_given(timeout)? { arguments::seconds("timeout", timeout) } else { Ok(DEFAULT_TIMEOUT) }
}

fn timed_out(timeout: Duration) -> Error {
    let message = format!("the database was not ready within {} s", timeout.as_secs_f64());
    Error::new(ErrorKind::Unavailable, message)
}
