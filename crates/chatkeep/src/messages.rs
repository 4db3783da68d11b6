//! Logging, reading, searching and deleting messages.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use chatkeep_core::{
    Analytics, Message, MessageFilter, NewMessage, Order, Page, Result, Timestamp, TotalsCheck,
    messages,
};
use chatkeep_pool::Pool;
use tokio::sync::oneshot;

use crate::background::BlockingExecutor;
use crate::batch_sizer::BatchSizer;
use crate::checkpoints::Checkpoints;
use crate::fine_tuning::{FineTuningFormat, export};
use crate::message_iter::MessageIter;
use crate::retry::with_retry;
use crate::totals_updater::TotalsUpdater;
use crate::write::{MessageSink, Storage, WritePath};

/// Logs, reads, searches and deletes messages. It is cheap to clone.
#[derive(Clone)]
pub struct MessageLogger {
    pool: Arc<Pool>,
    write: Arc<WritePath>,
}

impl MessageLogger {
    pub(crate) fn new(pool: Arc<Pool>, writers: u32, executor: Arc<BlockingExecutor>) -> Self {
        let totals = Arc::new(TotalsUpdater::new(Arc::clone(&pool), Arc::clone(&executor)));
        let checkpoints = Checkpoints::new(Arc::clone(&pool), executor).map(Arc::new);
        let storage = Storage::new(Arc::clone(&pool), totals, checkpoints);
        Self { write: Arc::new(WritePath::new(storage, writers)), pool }
    }

    /// Logs a message, and returns its id after the commit.
    ///
    /// Concurrent calls share a transaction, so that many of them take little longer than one.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::NewMessage;
    ///
    /// let message = NewMessage::new("hello").with_response("hi").with_tokens_used(12);
    /// let id = chat.messages().log_message(&message)?;
    /// assert!(id > 0);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// - `InvalidInput`, with the field's name, before anything is sent.
    /// - `OutcomeUnknown` when the connection breaks before the database has confirmed.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    pub fn log_message(&self, message: &NewMessage) -> Result<i64> {
        // Before requesting a connection: invalid input is reported even if the database is down.
        message.check().map_err(|error| error.with_operation("log_message"))?;
        self.write.log(message).map_err(|error| error.with_operation("log_message"))
    }

    /// Logs a message without waiting. The sink receives its id, or the error, together with all
    /// other outcomes of the same commit.
    ///
    /// The log lists messages that one thread submits without timestamps in the order of their
    /// submission. With one writer (on SQLite, or with `DB_WRITERS=1`) their ids are in that order
    /// too.
    ///
    /// Language bindings build on this. In Rust it is easier to await
    /// [`AsyncMessageLogger::log_message`](crate::AsyncMessageLogger::log_message).
    ///
    /// # Errors
    /// `InvalidInput`, with the field's name, and `Unavailable` when the handle is closed. The sink
    /// is not called then.
    pub fn submit(
        &self,
        message: NewMessage,
        sink: Arc<dyn MessageSink>,
        number: u64,
    ) -> Result<()> {
        let run = || {
            message.check()?;
            self.write.submit(message, sink, number)
        };
        run().map_err(|error| error.with_operation("log_message"))
    }

    /// Logs a message without blocking, and returns a future of its outcome.
    pub(crate) fn submit_future(
        &self,
        message: NewMessage,
    ) -> Result<oneshot::Receiver<Result<i64>>> {
        let run = || {
            message.check()?;
            self.write.submit_future(message)
        };
        run().map_err(|error| error.with_operation("log_message"))
    }

    pub(crate) fn write(&self) -> &WritePath {
        &self.write
    }

    /// Logs all these messages or none, and returns their ids in the same order.
    ///
    /// # Errors
    /// `InvalidInput`, with the message's index and field (`messages[3].provider`), and the other
    /// errors of [`MessageLogger::log_message`].
    pub fn log_messages(&self, batch: &[NewMessage]) -> Result<Vec<i64>> {
        // Before requesting a connection, as in `log_message`.
        let run = || {
            messages::check_many(batch)?;
            self.write.log_many(batch)
        };
        run().map_err(|error| error.with_operation("log_messages"))
    }

    /// Returns a page of the matching messages, newest first. Messages with the same timestamp are
    /// in descending order of id.
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
    /// `InvalidInput` with the field `limit` (1–10,000), `offset` or `cursor`; `Unavailable` or
    /// another error of the connection when the database does not answer.
    pub fn get_messages(&self, filter: &MessageFilter, page: &Page) -> Result<Vec<Message>> {
        page.check().map_err(|error| error.with_operation("get_messages"))?;
        let run = || messages::list(&mut *self.pool.reader()?, filter, page);
        run().map_err(|error| error.with_operation("get_messages"))
    }

    /// Does the same as [`MessageLogger::get_messages`].
    ///
    /// # Errors
    /// The errors of [`MessageLogger::get_messages`].
    pub fn retrieve_messages(&self, filter: &MessageFilter, page: &Page) -> Result<Vec<Message>> {
        self.get_messages(filter, page)
    }

    /// Returns the message with this id, or `None` if it does not exist.
    ///
    /// # Errors
    /// `Unavailable` or another error of the connection when the database does not answer. This is
    /// never reported as `None`.
    pub fn get_message_by_id(&self, id: i64) -> Result<Option<Message>> {
        let run = || messages::get(&mut *self.pool.reader()?, id);
        run().map_err(|error| error.with_operation("get_message_by_id"))
    }

    /// Returns the number of matching messages.
    ///
    /// # Errors
    /// `Unavailable` or another error of the connection when the database does not answer.
    pub fn get_message_count(&self, filter: &MessageFilter) -> Result<i64> {
        let run = || messages::count(&mut *self.pool.reader()?, filter);
        run().map_err(|error| error.with_operation("get_message_count"))
    }

    /// Returns an iterator over all matching messages.
    ///
    /// It fetches a page at a time and holds no connection between pages. Every message that exists
    /// throughout the iteration is returned exactly once, regardless of concurrent inserts and
    /// deletions.
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
    pub fn iter_messages(&self, filter: &MessageFilter, order: Order) -> MessageIter {
        MessageIter::new(Arc::clone(&self.pool), filter.clone(), order)
    }

    /// Returns the messages whose text or response contains `query`, newest first.
    ///
    /// The search ignores case, by Unicode's simple case folding. `%`, `_` and `\` are ordinary
    /// characters.
    ///
    /// # Errors
    /// `InvalidInput` with the field `query` (1–1,000 characters), `limit`, `offset` or `cursor`.
    pub fn search_messages(&self, query: &str, page: &Page) -> Result<Vec<Message>> {
        let run = || messages::search(&mut *self.pool.reader()?, query, page);
        run().map_err(|error| error.with_operation("search_messages"))
    }

    /// Returns totals by provider, model and day for the messages from `start` to `end`, inclusive.
    ///
    /// # Errors
    /// `InvalidInput` with the field `start` when `start` is after `end`.
    pub fn get_analytics(
        &self,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> Result<Analytics> {
        let run = || messages::analytics(&mut *self.pool.reader()?, start, end);
        run().map_err(|error| error.with_operation("get_analytics"))
    }

    /// Recomputes the totals from all messages, and compares them with the stored totals that
    /// [`MessageLogger::get_analytics`] reads. It changes nothing.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// assert!(chat.messages().check_totals()?.differences.is_empty());
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Unavailable` or another error of the connection when the database does not answer.
    pub fn check_totals(&self) -> Result<TotalsCheck> {
        let run = || messages::check_totals(&mut *self.pool.reader()?);
        run().map_err(|error| error.with_operation("check_totals"))
    }

    /// Discards the stored totals and recomputes them from all messages. This is necessary after
    /// other programs changed or deleted rows.
    ///
    /// Other calls can read and write concurrently. Until it has finished,
    /// [`MessageLogger::get_analytics`] is slower, but exact.
    ///
    /// # Errors
    /// The errors of every write. Another call starts from the beginning.
    pub fn rebuild_totals(&self) -> Result<()> {
        with_retry(&self.pool, messages::rebuild_totals)
            .map_err(|error| error.with_operation("rebuild_totals"))
    }

    /// Returns the number of messages that [`MessageLogger::delete_old_messages`] would delete.
    ///
    /// # Errors
    /// `InvalidInput` with the field `days` (1–3,650,000).
    pub fn count_old_messages(&self, days: i64) -> Result<i64> {
        let run = || {
            messages::count_older_than(&mut *self.pool.reader()?, messages::retention_cutoff(days)?)
        };
        run().map_err(|error| error.with_operation("count_old_messages"))
    }

    /// Deletes the messages older than `days` × 24 hours, and returns their number.
    ///
    /// It deletes in batches of a few milliseconds, each in its own transaction, so that other
    /// callers can write in between.
    ///
    /// # Errors
    /// `InvalidInput` with the field `days` (1–3,650,000). After another error some messages may be
    /// deleted; call it again.
    pub fn delete_old_messages(&self, days: i64) -> Result<u64> {
        self.delete_old_messages_with(days, &mut |_| {})
    }

    /// Deletes messages as [`MessageLogger::delete_old_messages`] does, and passes the number
    /// deleted so far to `progress` after each batch.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::delete_old_messages`].
    pub fn delete_old_messages_with(
        &self,
        days: i64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64> {
        self.delete_batches(days, progress)
            .map_err(|error| error.with_operation("delete_old_messages"))
    }

    fn delete_batches(&self, days: i64, progress: &mut dyn FnMut(u64)) -> Result<u64> {
        let retention_cutoff = messages::retention_cutoff(days)?;
        let mut sizer = BatchSizer::new(self.pool.url().engine());
        let mut deleted = 0;
        let mut from = Timestamp::MIN;
        loop {
            match sizer.run_batch(&self.pool, |connection, most| {
                messages::delete_batch_older_than(connection, from, retention_cutoff, most)
            })? {
                Some(batch) => {
                    deleted += batch.count;
                    from = batch.last;
                    self.write.deleted(batch.count);
                    progress(deleted);
                }
                None if from == Timestamp::MIN => return Ok(deleted),
                // Older messages may have been stored in the meantime.
                None => from = Timestamp::MIN,
            }
        }
    }

    /// Writes the matching messages as training data, oldest first, and returns their number.
    ///
    /// Each line ends with a line feed. Messages whose text or response is missing, empty or blank
    /// are skipped.
    ///
    /// # Errors
    /// `Internal`, with the cause, when writing to `out` fails; `Unavailable` or another error of
    /// the connection when the database does not answer.
    pub fn export_for_fine_tuning(
        &self,
        format: FineTuningFormat,
        filter: &MessageFilter,
        out: &mut dyn Write,
    ) -> Result<u64> {
        let messages = self.iter_messages(filter, Order::OldestFirst);
        export(messages, format, out)
            .map_err(|error| error.with_operation("export_for_fine_tuning"))
    }
}

impl fmt::Debug for MessageLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageLogger").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
