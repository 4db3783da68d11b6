//! Handing in a call whose outcome is awaited.

use std::sync::Arc;

use chatkeep::{Chatkeep, Error, ErrorKind, Result, interruptible};
use napi::{Either, Env};

use crate::abort::Abort;
use crate::answer::Answer;
use crate::arguments::Taken;
use crate::door::{enter, panicked};
use crate::failure::Failure;
use crate::mailbox::Slot;
use chatkeep::SharedHandle;

/// What begins a call: nothing when it has begun, or why it could not.
pub(crate) type Begun = napi::Result<Option<Failure>>;

/// The call that is to begin: its number in JavaScript, its name, and where its outcome goes.
pub(crate) struct Call<'a> {
    pub(crate) env: Env,
    pub(crate) number: f64,
    pub(crate) operation: &'static str,
    pub(crate) handle: &'a SharedHandle,
    pub(crate) slot: &'a Arc<Slot>,
    pub(crate) abort: Option<&'a Abort>,
}

impl Call<'_> {
    /// `take` converts the arguments, `work` is done on a thread of chatkeep's, and there `give` converts the result.
    pub(crate) fn submit<A: Send + 'static, T: 'static>(
        self,
        take: impl FnOnce() -> Taken<A>,
        work: impl FnOnce(&Chatkeep, A) -> Result<T> + Send + 'static,
        give: impl FnOnce(T) -> Answer + Send + 'static,
    ) -> Begun {
        let check = self.abort.map(Abort::check);
        begun(enter(self.operation, || {
            let arguments = take()?;
            let chat = self.handle.chat()?;
            let work = move |chat: &Chatkeep| match check {
                Some(check) => interruptible(check, || work(chat, arguments)),
                None => work(chat, arguments),
            };
            self.promise(|reply| chat.hand_in(move |chat| reply.send(work(chat).map(give))))
        }))
    }

    /// The same for something that waits for other calls, and so has a thread of its own. It has nothing to do where
    /// there is no store.
    pub(crate) fn submit_waiting<A: Send + 'static>(
        self,
        take: impl FnOnce() -> Taken<A>,
        find: impl FnOnce() -> Option<Arc<Chatkeep>>,
        work: impl FnOnce(&Chatkeep, A) -> Result<()> + Send + 'static,
    ) -> Begun {
        let check = self.abort.map(Abort::check);
        begun(enter(self.operation, || {
            let arguments = take()?;
            let found = find();
            self.promise(|reply| {
                let wait = move || {
                    let work = || found.map_or(Ok(()), |chat| work(&chat, arguments));
                    let outcome = match check {
                        Some(check) => interruptible(check, work),
                        None => work(),
                    };
                    reply.send(outcome.map(|()| Answer::Nothing));
                };
                let started =
                    std::thread::Builder::new().name("chatkeep-wait".to_owned()).spawn(wait);
                started.map(|_| ()).map_err(|cause| {
                    Error::new(ErrorKind::Unavailable, "no thread could be started")
                        .with_source(cause)
                })
            })
        }))
    }

    /// A message, which is written together with others.
    pub(crate) fn log(self, take: impl FnOnce() -> Taken<chatkeep::NewMessage>) -> Begun {
        begun(enter(self.operation, || {
            let message = take()?;
            let chat = self.handle.chat()?;
            self.slot.begin(&self.env);
            // It never waits: where there is no room in the queue, the message waits for it by itself.
            let sink = Arc::clone(self.slot);
            chat.messages().hand_in(message, sink, call_number(self.number)).map_err(|error| {
                self.slot.forget(&self.env);
                error.into()
            })
        }))
    }

    fn promise(&self, begin: impl FnOnce(Reply) -> Result<()>) -> Taken<()> {
        self.slot.begin(&self.env);
        let slot = Arc::clone(self.slot);
        let number = call_number(self.number);
        // Where it could not begin, the reply is dropped, which is counted as its end. JavaScript is told at once, and
        // knows no call of this number then.
        Ok(begin(Reply { slot, number, operation: self.operation, is_sent: false })?)
    }
}

/// Nothing, or why a call could not begin.
fn begun(entered: napi::Result<Either<(), Failure>>) -> Begun {
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

/// Somebody awaits the outcome, so there is one in any case.
struct Reply {
    slot: Arc<Slot>,
    number: u64,
    operation: &'static str,
    is_sent: bool,
}

impl Reply {
    fn send(mut self, outcome: Result<Answer>) {
        self.is_sent = true;
        let failed = |error: Error| Answer::Failed(error.with_operation(self.operation));
        self.slot.post([(self.number, outcome.unwrap_or_else(failed))]);
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.is_sent {
            self.slot.post([(self.number, Answer::Failed(panicked(self.operation)))]);
        }
    }
}
