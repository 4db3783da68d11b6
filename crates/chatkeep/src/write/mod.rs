//! The way of a message into the database: group commit.
//!
//! A durable commit waits for the disk, and the disk takes a group of rows in the time of one. So callers that log at the
//! same time share a transaction: whoever finds nobody writing writes at once, by itself and without a detour; whoever
//! comes meanwhile queues up, and everything that is in the queue when a writer is free goes into one transaction. On SQLite
//! it takes in who comes before the commit: those whom the last one told are back by then, and half of all callers need not wait
//! for the other half. On a server, where nobody can join any more, it lets them come for a moment before it begins; but
//! nobody's own thread lingers for company.
//!
//! Among callers that block there is no thread in between: the first in the queue becomes the next leader, and writes for all
//! of them, unless its call can be broken off. As soon as one has handed its message in and does not block, a thread of
//! chatkeep's leads. Every caller gets its own id, after the commit.

mod clock;
mod entry;
mod leadership;
mod line;
mod queue;
mod storage;

use std::sync::Arc;
use std::time::Instant;

use chatkeep_core::{NewMessage, Result};
use chatkeep_pool::PerProcess;
use tokio::sync::oneshot;

pub use self::entry::MessageSink;
use self::entry::{Caller, settle};
use self::queue::{Queue, SharedQueue, Turn};
pub(crate) use self::storage::{Storage, patiently};

/// Where messages go in.
pub(crate) struct WritePath {
    storage: Storage,
    writers: u32,
    /// A child of a fork has its own: a lock of the parent's may have been held by a thread that is not here.
    queue: PerProcess<Queue>,
}

impl WritePath {
    /// `writers` groups are written at a time; on SQLite one.
    pub(crate) fn new(storage: Storage, writers: u32) -> Self {
        let (url, settings) = (storage.pool().url(), storage.pool().settings());
        let most =
            if url.engine().is_server() { settings.pool_size + settings.max_overflow } else { 1 };
        let writers = writers.min(most);
        Self { writers, queue: PerProcess::new(Queue::new(storage.clone(), writers)), storage }
    }

    /// Stores a message that was checked, and returns its id once it is committed.
    pub(crate) fn log(&self, message: &NewMessage) -> Result<i64> {
        let since = Instant::now();
        match Queue::enter(&self.queue(), message, self.storage.pool().settings().pool_timeout)? {
            Turn::Alone(leadership) => leadership.write_alone(message, since),
            Turn::Lead(mut leadership, mut group) => {
                let outcomes = leadership.write(&mut group, true);
                let mut told = group.into_iter().zip(outcomes);
                let own = told.next();
                settle(told);
                own.map_or_else(no_own, |(entry, outcome)| {
                    entry.dismiss();
                    outcome
                })
            }
            Turn::Done(outcome) => outcome,
        }
    }

    /// Stores all these messages, which were checked, or none.
    pub(crate) fn log_many(&self, messages: &[NewMessage]) -> Result<Vec<i64>> {
        self.storage.insert_many(messages)
    }

    /// So many messages were deleted just now.
    pub(crate) fn deleted(&self, count: u64) {
        self.storage.deleted(count);
    }

    /// Has a message that was checked stored; the sink is told under this number.
    pub(crate) fn hand_in(
        &self,
        message: NewMessage,
        sink: Arc<dyn MessageSink>,
        number: u64,
    ) -> Result<()> {
        Queue::hand_in(&self.queue(), message, Caller::Sink(sink, number))
    }

    /// Has a message that was checked stored; its outcome can be awaited.
    pub(crate) fn hand_in_future(
        &self,
        message: NewMessage,
    ) -> Result<oneshot::Receiver<Result<i64>>> {
        let (sender, receiver) = oneshot::channel();
        Queue::hand_in(&self.queue(), message, Caller::Future(sender))?;
        Ok(receiver)
    }

    /// Waits for the messages that were handed in by now, and says how many have not ended when the time is over.
    pub(crate) fn wait(&self, until: Instant) -> usize {
        self.queue().wait(until)
    }

    /// Takes no more messages.
    pub(crate) fn close(&self) {
        self.queue().close();
    }

    /// Refuses what is waiting still.
    pub(crate) fn refuse_waiting(&self) {
        self.queue().refuse_waiting();
    }

    fn queue(&self) -> SharedQueue {
        self.queue.get(|| Queue::new(self.storage.clone(), self.writers))
    }
}

fn no_own() -> Result<i64> {
    Err(chatkeep_core::Error::internal("a group without messages was written"))
}
