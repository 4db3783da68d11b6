//! The way of a message into the database: group commit.
//!
//! A durable commit waits for the disk, and the disk takes a group of rows in the time of one. So callers that log at the
//! same time share a transaction: whoever finds nobody writing writes at once, by itself and without a detour; whoever
//! comes meanwhile queues up, and everything that is in the queue when a writer is free goes into one multi-row insert.
//! There is no lingering for company, and no thread in between: the first in the queue becomes the next leader, and writes
//! for all of them. Every caller gets its own id, after the commit.

mod group;
mod queue;

use std::sync::Arc;

use chatkeep_core::{NewMessage, Result, messages};
use chatkeep_pool::{PerProcess, Pool};

pub(crate) use self::group::patiently;
use self::group::write_group;
use self::queue::{Queue, Turn};

/// Where messages go in.
pub(crate) struct WritePath {
    pool: Arc<Pool>,
    writers: u32,
    /// A child of a fork has its own: a lock of the parent's may have been held by a thread that is not here.
    queue: PerProcess<Queue>,
}

impl WritePath {
    /// `writers` groups are written at a time; on SQLite one.
    pub(crate) fn new(pool: Arc<Pool>, writers: u32) -> Self {
        let settings = pool.settings();
        let most =
            if pool.url().engine().is_server() { settings.pool_size + settings.max_overflow } else { 1 };
        let writers = writers.min(most);
        Self { pool, writers, queue: PerProcess::new(Queue::new(writers)) }
    }

    /// Stores a message that was checked, and returns its id once it is committed.
    pub(crate) fn log(&self, message: &NewMessage) -> Result<i64> {
        let queue = self.queue.get(|| Queue::new(self.writers));
        match queue.enter(message, self.pool.settings().pool_timeout)? {
            Turn::Alone(_leadership) => {
                patiently(&self.pool, |connection| messages::insert(connection, message))
            }
            Turn::Lead(leadership, mut group) => {
                leadership.top_up(&mut group);
                write_group(&self.pool, group)
            }
            Turn::Done(outcome) => outcome,
        }
    }
}
