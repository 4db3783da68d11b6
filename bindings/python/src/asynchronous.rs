//! Operations for `asyncio`.
//!
//! A call creates a future of the running event loop and submits its work. The worker threads never
//! enter the interpreter: they push outcomes to the completion queue of the loop's mailbox, and
//! wake the loop once per batch. The loop then drains the queue and resolves the futures. The
//! Python package `chatkeep.asyncio` wraps the futures in coroutines.

mod loop_waker;
mod mailbox;
mod submit;

pub(crate) use self::mailbox::Mailbox;
pub(crate) use self::submit::{submit, submit_waiting};
