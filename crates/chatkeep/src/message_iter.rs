//! All messages, one by one, in flat memory.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{Cursor, Error, Message, MessageFilter, Order, Result, messages};
use chatkeep_pool::Pool;

/// Messages that are fetched at a time.
const PAGE: i64 = 500;

/// An iterator over messages; see [`crate::MessageLogger::iter_messages`]. After an error it ends.
#[derive(Clone)]
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

    /// Whether the next message has to be fetched first.
    pub(crate) fn needs_page(&self) -> bool {
        !self.done && self.fetched.as_slice().is_empty()
    }

    /// Fetches the next page.
    pub(crate) fn fetch(&mut self) -> Result<()> {
        let page = messages::after(&mut *self.pool.reader()?, &self.filter, self.cursor, self.order, PAGE)?;
        self.done = page.len() < PAGE as usize;
        self.cursor = page.last().map(Message::cursor).or(self.cursor);
        self.fetched = page.into_iter();
        Ok(())
    }

    /// A page could not be fetched: this ends.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        self.done = true;
        error.with_operation("iter_messages")
    }
}

impl Iterator for MessageIter {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.needs_page()
            && let Err(error) = self.fetch()
        {
            return Some(Err(self.fail(error)));
        }
        // An empty page is the last one.
        self.fetched.next().map(Ok)
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
