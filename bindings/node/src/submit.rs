//! Starting asynchronous calls.

use std::sync::Arc;

use chatkeep::{Chatkeep, Error, ErrorKind, Result, interruptible};
use napi::{Either, Env};

use crate::abort::Abort;
use crate::arguments::ArgResult;
use crate::call::{enter, panicked};
use crate::failure::Failure;
use crate::mailbox::CompletionQueue;
use crate::operations::Known;
use crate::response::Response;
use chatkeep::SharedHandle;

/// The result of starting a call: null if it was started, otherwise the failure.
pub(crate) type Submitted = napi::Result<Option<Failure>>;

/// A call to start: its number in JavaScript, its name, and the queue for its outcome.
pub(crate) struct Call<'a> {
    pub(crate) env: Env,
    pub(crate) number: f64,
    pub(crate) operation: &'static str,
    pub(crate) handle: &'a SharedHandle,
    pub(crate) completions: &'a Arc<CompletionQueue>,
    pub(crate) abort: Option<&'a Abort>,
}

impl Call<'_> {
    /// Starts the call. `parse` converts the arguments on the calling thread; `work` runs on a
    /// worker thread, where `encode` converts its result.
    pub(crate) fn submit<A: Send + 'static, T: 'static>(
        self,
        parse: impl FnOnce() -> ArgResult<A>,
        work: impl FnOnce(&Chatkeep, A) -> Result<T> + Send + 'static,
        encode: impl FnOnce(T) -> Response + Send + 'static,
    ) -> Submitted {
        let check = self.abort.map(Abort::check);
        submitted(enter(self.operation, || {
            let arguments = parse()?;
            let chat = self.handle.chat()?;
            let work = move |chat: &Chatkeep| match check {
                Some(check) => interruptible(check, || work(chat, arguments)),
                None => work(chat, arguments),
            };
            self.start(|completion| {
                chat.submit(move |chat| completion.send(work(chat).map(encode)))
            })
        }))
    }

    /// Starts a call that waits for other calls, on a thread of its own. It does nothing if `find`
    /// returns no store.
    pub(crate) fn submit_waiting<A: Send + 'static>(
        self,
        parse: impl FnOnce() -> ArgResult<A>,
        find: impl FnOnce() -> Option<Arc<Chatkeep>>,
        work: impl FnOnce(&Chatkeep, A) -> Result<()> + Send + 'static,
    ) -> Submitted {
        let check = self.abort.map(Abort::check);
        submitted(enter(self.operation, || {
            let arguments = parse()?;
            let found = find();
            self.start(|completion| {
                let wait = move || {
                    let work = || found.map_or(Ok(()), |chat| work(&chat, arguments));
                    let outcome = match check {
                        Some(check) => interruptible(check, work),
                        None => work(),
                    };
                    completion.send(outcome.map(|()| Response::Null));
                };
                let started =
                    std::thread::Builder::new().name("chatkeep-wait".to_owned()).spawn(wait);
                started.map(|_| ()).map_err(|cause| {
                    Error::new(ErrorKind::Unavailable, "failed to start a thread")
                        .with_source(cause)
                })
            })
        }))
    }

    /// Logs a message, which may share a transaction with others.
    pub(crate) fn log(
        self,
        known: &Known,
        parse: impl FnOnce() -> ArgResult<chatkeep::NewMessage>,
    ) -> Submitted {
        submitted(enter(self.operation, || {
            let message = parse()?;
            let chat = self.handle.chat()?;
            self.completions.begin_call(&self.env);
            // This never blocks: while the write queue is full, the message is held.
            let sink = Arc::clone(self.completions);
            chat.messages().submit(message, sink, call_number(self.number)).map_err(|error| {
                self.completions.cancel_call(&self.env);
                known.rename(error).into()
            })
        }))
    }

    fn start(&self, begin: impl FnOnce(Completion) -> Result<()>) -> ArgResult<()> {
        self.completions.begin_call(&self.env);
        let completions = Arc::clone(self.completions);
        let number = call_number(self.number);
        // If `begin` fails, it drops the completion, which counts as the end of the call.
        // JavaScript gets the failure directly and ignores that outcome: it has not registered
        // the number.
        let operation = self.operation;
        Ok(begin(Completion { completions, number, operation, is_sent: false })?)
    }
}

/// Converts the result of [`enter`] to that of a started call.
fn submitted(entered: napi::Result<Either<(), Failure>>) -> Submitted {
    entered.map(|entered| match entered {
        Either::A(()) => None,
        Either::B(failure) => Some(failure),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "JavaScript counts from 1 on"
)]
fn call_number(number: f64) -> u64 {
    number as u64
}

/// Completes a call exactly once. Dropping it unsent completes the call with an internal error.
struct Completion {
    completions: Arc<CompletionQueue>,
    number: u64,
    operation: &'static str,
    is_sent: bool,
}

impl Completion {
    fn send(mut self, outcome: Result<Response>) {
        self.is_sent = true;
        let failed = |error: Error| Response::Failed(error.with_operation(self.operation));
        self.completions.post([(self.number, outcome.unwrap_or_else(failed))]);
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if !self.is_sent {
            self.completions.post([(self.number, Response::Failed(panicked(self.operation)))]);
        }
    }
}
