//! Reading, iterating over and searching messages.

use std::sync::Arc;

use chatkeep_core::{Message, MessageFilter, Order, Page, Result, messages};
use chatkeep_macros::operations;

use super::MessageLogger;
use crate::message_iter::MessageIter;

#[operations(part = READING, receiver = messages)]
impl MessageLogger {
    /// Returns a page of the matching messages, newest first. Messages with the same timestamp are in
    /// descending order of id.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// # chat.messages().log_message(&chatkeep::NewMessage::new("a"))?;
    /// use chatkeep::{MessageFilter, Page};
    ///
    /// let first = chat.messages().get_messages(&MessageFilter::default(), &Page::first(50))?;
    /// // The next page starts after the last message of this one, whatever was logged since.
    /// let cursor = first.last().map(|message| message.cursor());
    /// let next = Page { cursor, ..Page::first(50) };
    /// assert!(chat.messages().get_messages(&MessageFilter::default(), &next)?.is_empty());
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is not 1–10,000, or `offset` or `cursor` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read, tuned, order(limit, offset))]
    pub fn get_messages(
        &self,
        #[argument(flatten)] filter: &MessageFilter,
        #[argument(flatten)] page: &Page,
    ) -> Result<Vec<Message>> {
        page.check().map_err(|error| error.with_operation("get_messages"))?;
        let run = || messages::list(&mut *self.pool.reader()?, filter, page);
        run().map_err(|error| error.with_operation("get_messages"))
    }

    /// Does the same as [`MessageLogger::get_messages`].
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is not 1–10,000, or `offset` or `cursor` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read, tuned, order(limit, offset))]
    pub fn retrieve_messages(
        &self,
        #[argument(flatten)] filter: &MessageFilter,
        #[argument(flatten)] page: &Page,
    ) -> Result<Vec<Message>> {
        self.get_messages(filter, page)
    }

    /// Returns a message.
    ///
    /// # Arguments
    /// - `id`: The message's id.
    ///
    /// # Returns
    /// The message, or `None` if it does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. This is never reported as `None`.
    #[operation(read)]
    pub fn get_message_by_id(&self, id: i64) -> Result<Option<Message>> {
        let run = || messages::get(&mut *self.pool.reader()?, id);
        run().map_err(|error| error.with_operation("get_message_by_id"))
    }

    /// Returns the number of matching messages.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_message_count(&self, #[argument(flatten)] filter: &MessageFilter) -> Result<i64> {
        let run = || messages::count(&mut *self.pool.reader()?, filter);
        run().map_err(|error| error.with_operation("get_message_count"))
    }

    /// Returns an iterator over all matching messages.
    ///
    /// It fetches a page at a time and holds no connection between pages. Every message that exists
    /// throughout the iteration is returned exactly once, regardless of concurrent inserts and deletions.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// # chat.messages().log_message(&chatkeep::NewMessage::new("a"))?;
    /// use chatkeep::{MessageFilter, Order};
    ///
    /// let everything = MessageFilter::default();
    /// for message in chat.messages().iter_messages(&everything, Order::OldestFirst) {
    ///     println!("{}", message?.user_message);
    /// }
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `oldest_first`: Whether the oldest message is first.
    #[operation(read, custom)]
    pub fn iter_messages(
        &self,
        #[argument(flatten)] filter: &MessageFilter,
        #[argument(name = "oldest_first", default = false, named)] order: Order,
    ) -> MessageIter {
        MessageIter::new(Arc::clone(&self.pool), filter.clone(), order)
    }

    /// Returns the matching messages whose text or response contains a text, newest first.
    ///
    /// The search ignores case, by Unicode's simple case folding. `%`, `_` and `\` are ordinary
    /// characters.
    ///
    /// # Arguments
    /// - `query`: The text, 1–1,000 characters.
    ///
    /// # Errors
    /// - `InvalidInput`: `query`, `limit`, `offset` or `cursor` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read, tuned, order(query, limit, offset, cursor), defaults(limit = 50))]
    pub fn search_messages(
        &self,
        query: &str,
        #[argument(flatten)] filter: &MessageFilter,
        #[argument(flatten)] page: &Page,
    ) -> Result<Vec<Message>> {
        let run = || messages::search(&mut *self.pool.reader()?, query, filter, page);
        run().map_err(|error| error.with_operation("search_messages"))
    }
}
