//! The same operations for `asyncio`.
//!
//! A call creates a future of the running event loop and submits its work. The worker threads never
//! enter the interpreter: they push outcomes to the completion queue of the loop's mailbox, and
//! wake the loop once per batch. The loop then drains the queue and resolves the futures. The
//! Python package `chatkeep.asyncio` wraps the futures in coroutines.

mod database;
mod loop_waker;
mod mailbox;
mod message_pages;
mod messages;
mod submit;
mod tokens;

pub(crate) use self::database::AsyncDatabaseManager;
pub(crate) use self::message_pages::AsyncMessagePages;
pub(crate) use self::messages::AsyncMessageLogger;
pub(crate) use self::tokens::AsyncTokenManager;
