//! The write path of messages: group commit.
//!
//! A durable commit waits for the disk, and the disk stores a group of rows in the time of one. So
//! callers that log concurrently share a transaction. If no writer is active, the caller inserts
//! immediately. Otherwise the message is queued for the next group: when a writer is free, all
//! queued messages are written in one transaction.
//!
//! On SQLite, messages that arrive before the commit join the transaction. Callers of the previous
//! group have usually returned by then, so that one half of the callers does not wait for the
//! other. On a server no message can join after the statement is sent. There, a worker first waits
//! briefly for more messages; a caller's own thread never does.
//!
//! Among blocked callers no other thread is involved. The caller of the first queued message
//! becomes the next leader and writes for all of them, unless it is interruptible. If a message was
//! submitted without blocking, a worker thread leads. Each caller receives its own id after the
//! commit.
//!
//! The modules depend on each other in one direction: `write_role`, `leadership`, `queue`,
//! `admission_queue`, `pending_message`, `last_batch`. `storage` knows none of them.

mod admission_queue;
mod clock;
mod last_batch;
mod leadership;
mod pending_message;
mod queue;
mod storage;
#[cfg(test)]
mod tests;
mod write_role;

use std::sync::Arc;
use std::time::Instant;

use chatkeep_core::{NewMessage, Result};
use chatkeep_pool::PerProcess;
use tokio::sync::oneshot;

pub use self::pending_message::MessageSink;
use self::pending_message::{Caller, complete};
use self::queue::{Queue, SharedQueue};
pub(crate) use self::storage::Storage;
use self::write_role::WriteRole;

/// The entry point for writing messages.
pub(crate) struct WritePath {
    storage: Storage,
    writers: u32,
    /// A forked child has its own queue: a thread of the parent may have held the queue's lock.
    queue: PerProcess<Queue>,
}

impl WritePath {
    /// Creates a write path that writes up to `writers` groups concurrently; on SQLite one.
    pub(crate) fn new(storage: Storage, writers: u32) -> Self {
        let (url, settings) = (storage.pool().url(), storage.pool().settings());
        let most =
            if url.engine().is_server() { settings.pool_size + settings.max_overflow } else { 1 };
        let writers = writers.min(most);
        Self { writers, queue: PerProcess::new(Queue::new(storage.clone(), writers)), storage }
    }

    /// Stores a validated message, and returns its id after the commit.
    pub(crate) fn log(&self, message: &NewMessage) -> Result<i64> {
        let since = Instant::now();
        let longest = self.storage.pool().settings().pool_timeout;
        match write_role::enter(&self.queue(), message, longest)? {
            WriteRole::Alone(leadership) => leadership.write_alone(message, since),
            WriteRole::Lead(mut leadership, mut group) => {
                let outcomes = leadership.write(&mut group, true);
                let mut outcomes = group.into_iter().zip(outcomes);
                let own = outcomes.next();
                complete(outcomes);
                own.map_or_else(no_own, |(message, outcome)| {
                    message.dismiss();
                    outcome
                })
            }
            WriteRole::Done(outcome) => outcome,
        }
    }

    /// Stores all these validated messages or none.
    pub(crate) fn log_many(&self, messages: &[NewMessage]) -> Result<Vec<i64>> {
        self.storage.insert_many(messages)
    }

    /// Records that messages were stored in another way.
    pub(crate) fn stored(&self, messages: &[NewMessage], ids: &[i64]) {
        self.storage.stored(messages, ids);
    }

    /// Records that a turn was moved into the log, and returns its id.
    pub(crate) fn moved(&self, moved: Option<(i64, NewMessage)>) -> Option<i64> {
        let (id, message) = moved?;
        self.stored(&[message], &[id]);
        Some(id)
    }

    /// Records that `count` messages were deleted.
    pub(crate) fn deleted(&self, count: u64) {
        self.storage.deleted(count);
    }

    /// Queues a validated message. `sink` receives the outcome with `number`.
    pub(crate) fn submit(
        &self,
        message: NewMessage,
        sink: Arc<dyn MessageSink>,
        number: u64,
    ) -> Result<()> {
        write_role::submit(&self.queue(), message, Caller::Sink(sink, number))
    }

    /// Queues a validated message, and returns a future of its outcome.
    pub(crate) fn submit_future(
        &self,
        message: NewMessage,
    ) -> Result<oneshot::Receiver<Result<i64>>> {
        let (sender, receiver) = oneshot::channel();
        write_role::submit(&self.queue(), message, Caller::Future(sender))?;
        Ok(receiver)
    }

    /// Waits until `until` for the messages submitted before this call. Returns the number of
    /// messages that are still in flight.
    pub(crate) fn wait(&self, until: Instant) -> usize {
        self.queue().wait(until)
    }

    /// Stops accepting messages.
    pub(crate) fn close(&self) {
        self.queue().close();
    }

    /// Fails all queued messages.
    pub(crate) fn reject_pending(&self) {
        self.queue().reject_pending();
    }

    fn queue(&self) -> SharedQueue {
        self.queue.get(|| Queue::new(self.storage.clone(), self.writers))
    }
}

fn no_own() -> Result<i64> {
    Err(chatkeep_core::Error::internal("internal error: an empty group was written"))
}
