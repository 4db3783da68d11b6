//! The same calls for `asyncio`.
//!
//! A call makes a future of the running loop and hands its work in. The threads of chatkeep that do it never enter the
//! interpreter: they lay outcomes into the loop's mailbox and ring its bell, once for all that lie there. The loop wakes,
//! empties its mailbox, and settles the futures. `chatkeep/asyncio.py` makes coroutines of the futures.

mod bell;
mod database;
mod mailbox;
mod message_pages;
mod messages;
mod submit;
mod tokens;

pub(crate) use self::database::AsyncDatabaseManager;
pub(crate) use self::message_pages::AsyncMessagePages;
pub(crate) use self::messages::AsyncMessageLogger;
pub(crate) use self::tokens::AsyncTokenManager;
