//! Iteration over all messages in constant memory.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::messages::{self, CHUNK_BYTES, Chunk};
use chatkeep_core::{Cursor, Error, Message, MessageFilter, Order, Result};
use chatkeep_pool::Pool;

/// Maximum number of messages fetched at a time. Pages of large messages are smaller.
const PAGE: i64 = 500;

/// An iterator over messages; see [`crate::MessageLogger::iter_messages`]. It ends after an error.
#[derive(Clone)]
pub struct MessageIter {
    pool: Arc<Pool>,
    filter: MessageFilter,
    order: Order,
    fetched: std::vec::IntoIter<Message>,
    /// Position after the last fetched message.
    cursor: Option<Cursor>,
    /// Number of messages to request next. A server sends all requested messages, however large.
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

    /// Returns whether the next page must be fetched.
    pub(crate) fn needs_page(&self) -> bool {
        !self.done && self.fetched.as_slice().is_empty()
    }

    /// Fetches the next page.
    pub(crate) fn fetch(&mut self) -> Result<()> {
        let Chunk { messages, is_truncated } = messages::list_after(
            &mut *self.pool.reader()?,
            &self.filter,
            self.cursor,
            self.order,
            self.limit,
        )?;
        let fetched = messages.len() as i64;
        self.done = fetched < self.limit && !is_truncated;
        if is_truncated {
            self.limit = fetched.max(1);
        } else if messages.iter().map(Message::size_in_bytes).sum::<u64>() < CHUNK_BYTES / 2 {
            self.limit = (self.limit * 2).min(PAGE);
        }
        self.cursor = messages.last().map(Message::cursor).or(self.cursor);
        self.fetched = messages.into_iter();
        Ok(())
    }

    /// Returns the next page: up to 500 messages and 4 MiB, or an empty one at the end. Language
    /// bindings use it to convert a page at a time.
    ///
    /// # Errors
    /// `Unavailable` or another error of the connection when the database does not answer. The
    /// iteration ends then.
    pub fn next_page(&mut self) -> Result<Vec<Message>> {
        if self.needs_page() {
            self.fetch().map_err(|error| self.fail(error))?;
        }
        Ok(std::mem::take(&mut self.fetched).collect())
    }

    /// Returns the position after the last page, for [`MessageIter::resume`], or `None` at the end.
    /// A language binding without objects of its own fetches each page with another iterator.
    pub fn position(&self) -> Option<(Cursor, i64)> {
        self.cursor.filter(|_| !self.done).map(|cursor| (cursor, self.limit))
    }

    /// Continues at a position of another iterator with the same filter and order.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// # for _ in 0..501 { chat.messages().log_message(&chatkeep::NewMessage::new("a"))?; }
    /// let pages = || chat.messages().iter_messages(&Default::default(), Default::default());
    /// let mut first = pages();
    /// assert_eq!(first.next_page()?.len(), 500);
    /// let (cursor, limit) = first.position().expect("there is another page");
    /// assert_eq!(pages().resume(cursor, limit).next_page()?.len(), 1);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    #[must_use]
    pub fn resume(mut self, cursor: Cursor, limit: i64) -> Self {
        self.cursor = Some(cursor);
        self.limit = limit.clamp(1, PAGE);
        self
    }

    /// Ends the iteration after an error.
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
