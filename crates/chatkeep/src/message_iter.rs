//! All messages, one by one, in flat memory.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{Cursor, Message, MessageFilter, Order, Result, messages};
use chatkeep_pool::Pool;

/// Messages that are fetched at a time.
const PAGE: i64 = 500;

/// An iterator over messages; see [`crate::MessageLogger::iter_messages`]. After an error it ends.
pub struct MessageIter {
    pool: Arc<Pool>,
    filter: MessageFilter,
    order: Order,
    fetched: std::vec::IntoIter<Message>,
    /// Behind the last message that was fetched.
    cursor: Option<Cursor>,
    done: bool,
}

impl MessageIter {
    pub(crate) fn new(pool: Arc<Pool>, filter: MessageFilter, order: Order) -> Self {
        Self { pool, filter, order, fetched: Vec::new().into_iter(), cursor: None, done: false }
    }

    fn fetch(&mut self) -> Result<()> {
        let page = messages::after(&mut *self.pool.reader()?, &self.filter, self.cursor, self.order, PAGE)?;
        self.done = page.len() < PAGE as usize;
        self.cursor = page.last().map(Message::cursor).or(self.cursor);
        self.fetched = page.into_iter();
        Ok(())
    }
}

impl Iterator for MessageIter {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(message) = self.fetched.next() {
                return Some(Ok(message));
            }
            if self.done {
                return None;
            }
            if let Err(error) = self.fetch() {
                self.done = true;
                return Some(Err(error.with_operation("iter_messages")));
            }
        }
    }
}

impl std::iter::FusedIterator for MessageIter {}

impl fmt::Debug for MessageIter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageIter")
            .field("filter", &self.filter)
            .field("order", &self.order)
            .finish_non_exhaustive()
    }
}
