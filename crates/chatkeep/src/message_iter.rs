//! All messages, one by one, in flat memory.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::messages::{self, PIECE_BYTES, Piece};
use chatkeep_core::{Cursor, Error, Message, MessageFilter, Order, Result};
use chatkeep_pool::Pool;

/// Maximum number of messages that are fetched at a time. Large ones are fewer, by their bytes.
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
    /// Messages to ask for next. A server sends all that were asked for, however large they are.
    limit: i64,
    done: bool,
}

impl MessageIter {
    pub(crate) fn new(pool: Arc<Pool>, filter: MessageFilter, order: Order) -> Self {
        Self {
            pool,
            filter,
            order,
            fetched: Vec::new().into_iter(),
            cursor: None,
            limit: PAGE,
            done: false,
        }
    }

    /// Whether the next message has to be fetched first.
    pub(crate) fn needs_page(&self) -> bool {
        !self.done && self.fetched.as_slice().is_empty()
    }

    /// Fetches the next page.
    pub(crate) fn fetch(&mut self) -> Result<()> {
        let Piece { messages, is_cut } = messages::after(
            &mut *self.pool.reader()?,
            &self.filter,
            self.cursor,
            self.order,
            self.limit,
        )?;
        let fetched = messages.len() as i64;
        self.done = fetched < self.limit && !is_cut;
        if is_cut {
            self.limit = fetched.max(1);
        } else if messages.iter().map(Message::size_in_bytes).sum::<u64>() < PIECE_BYTES / 2 {
            self.limit = (self.limit * 2).min(PAGE);
        }
        self.cursor = messages.last().map(Message::cursor).or(self.cursor);
        self.fetched = messages.into_iter();
        Ok(())
    }

    /// Returns the messages that are fetched at a time, up to 500 and 4 MiB; none at the end. For language bindings,
    /// which convert a page at once.
    ///
    /// # Errors
    /// What the database reports. Then the iteration ends.
    pub fn next_page(&mut self) -> Result<Vec<Message>> {
        if self.needs_page() {
            self.fetch().map_err(|error| self.fail(error))?;
        }
        Ok(std::mem::take(&mut self.fetched).collect())
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
