//! Logging, reading, searching and deleting messages.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use chatkeep_core::messages::check_many;
use chatkeep_core::{
    Analytics, AnalyticsFilter, Error, Message, MessageFilter, NewMessage, Order, Page, Result,
    Timestamp, TotalsCheck, messages,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;
use tokio::sync::oneshot;

use crate::batch_sizer::BatchSizer;
use crate::fine_tuning::{FineTuningFormat, export};
use crate::managers::Parts;
use crate::message_iter::MessageIter;
use crate::retry::with_retry;
use crate::write::{MessageSink, WritePath};

/// Logs, reads, searches and deletes messages. It is cheap to clone.
#[derive(Clone)]
pub struct MessageLogger {
    pool: Arc<Pool>,
    write: Arc<WritePath>,
}

/// Logs, reads, searches and deletes messages.
///
/// Messages are stored in the order of their timestamps; the newest is first. A page that follows a
/// cursor is not shifted by messages that are logged or deleted in the meantime.
#[operations(name = "messages", receiver = messages)]
impl MessageLogger {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self { write: Arc::clone(&parts.write), pool: Arc::clone(&parts.pool) }
    }

    /// Logs a message, and returns its id after the commit.
    ///
    /// Concurrent calls share a transaction, so that many of them take little longer than one.
    ///
    /// The log is written in groups and looks nothing up: `conversation_id` and `user_id` are the ids
    /// (`id`) of the records, and are stored as they are. Token counts have OpenTelemetry's meaning: the
    /// input includes cached tokens, and the output includes reasoning.
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
    /// # Returns
    /// The message's id. Later messages have higher ids; ids may have gaps.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid. Nothing is sent.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The message may be stored:
    /// check that before you retry.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write, tuned, blocking)]
    pub fn log_message(&self, #[argument(flatten)] message: &NewMessage) -> Result<i64> {
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

    /// Logs all these messages in one transaction, or none.
    ///
    /// # Arguments
    /// - `messages`: The messages, with the arguments of [`MessageLogger::log_message`] as keys.
    ///
    /// # Returns
    /// The ids, in the same order.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid. The field is the position and the name, such as
    /// `messages[3].provider`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The messages may be stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write, tuned)]
    pub fn log_messages(
        &self,
        #[argument(name = "messages")] messages: &[NewMessage],
    ) -> Result<Vec<i64>> {
        // Before requesting a connection, as in `log_message`.
        let run = || {
            check_many(messages)?;
            self.write.log_many(messages)
        };
        run().map_err(|error| error.with_operation("log_messages"))
    }

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

    /// Returns the totals of a period.
    ///
    /// These are the number of messages, also by provider, model and day, and the number of tokens. The
    /// costs are exact sums of the messages that have one.
    ///
    /// All messages of a period are read from stored totals, in milliseconds. Those of a conversation or
    /// a user are added up from its messages, so the time is proportional to their number.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{AnalyticsFilter, NewMessage, Usage};
    ///
    /// let usage = Usage { cost: Some("0.00125".parse()?), ..Usage::default() };
    /// let message = NewMessage::new("a").with_user_id(7).with_usage(usage);
    /// chat.messages().log_messages(&[message.clone(), message])?;
    /// let of_user = AnalyticsFilter { user_id: Some(7), ..AnalyticsFilter::default() };
    /// assert_eq!(chat.messages().get_analytics(&of_user)?.total_cost.to_string(), "0.0025");
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// - `InvalidInput`: `start_date` is after `end_date`.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_analytics(
        &self,
        #[argument(flatten)] filter: &AnalyticsFilter,
    ) -> Result<Analytics> {
        let run = || messages::analytics(&mut *self.pool.reader()?, filter);
        run().map_err(|error| error.with_operation("get_analytics"))
    }

    /// Compares the totals that [`MessageLogger::get_analytics`] reads with the sums of all messages. It
    /// changes nothing.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// assert!(chat.messages().check_totals()?.differences.is_empty());
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The comparison. Its `differences` are empty if the totals are correct.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn check_totals(&self) -> Result<TotalsCheck> {
        let run = || messages::check_totals(&mut *self.pool.reader()?);
        run().map_err(|error| error.with_operation("check_totals"))
    }

    /// Discards the stored totals and recomputes them from all messages. This is necessary after other
    /// programs changed or deleted rows.
    ///
    /// Other calls can read and write concurrently. Until it has finished,
    /// [`MessageLogger::get_analytics`] is slower, but exact. After an error, another call starts from the
    /// beginning.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn rebuild_totals(&self) -> Result<()> {
        with_retry(&self.pool, messages::rebuild_totals)
            .map_err(|error| error.with_operation("rebuild_totals"))
    }

    /// Returns the number of messages that [`MessageLogger::delete_old_messages`] would delete.
    ///
    /// # Arguments
    /// - `days`: Minimum age in days of 24 hours, 1–3,650,000.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn count_old_messages(
        &self,
        #[argument(default = 30, positional)] days: i64,
    ) -> Result<i64> {
        let run = || {
            messages::count_older_than(&mut *self.pool.reader()?, messages::retention_cutoff(days)?)
        };
        run().map_err(|error| error.with_operation("count_old_messages"))
    }

    /// Deletes the messages that are older than a number of days.
    ///
    /// It deletes in batches of a few milliseconds, each in its own transaction, so that other callers can
    /// write in between.
    ///
    /// # Arguments
    /// - `days`: Minimum age in days of 24 hours, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted messages.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some messages may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn delete_old_messages(
        &self,
        #[argument(default = 30, positional)] days: i64,
    ) -> Result<u64> {
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

    /// Returns the matching messages as fine-tuning data, oldest first.
    ///
    /// Messages whose text or response is missing, empty or blank are skipped.
    ///
    /// # Arguments
    /// - `format`: The format; `jsonl` is that of OpenAI.
    ///
    /// # Returns
    /// One JSON object per line.
    ///
    /// # Errors
    /// - `InvalidInput`: `format` is not a format.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read, blocking, name = "export_for_fine_tuning")]
    pub(crate) fn export_text(
        &self,
        #[argument(default = "jsonl", positional)] format: FineTuningFormat,
        #[argument(flatten)] filter: &MessageFilter,
    ) -> Result<String> {
        let mut text = Vec::new();
        self.export_for_fine_tuning(format, filter, &mut text)?;
        String::from_utf8(text).map_err(|_| Error::internal("fine-tuning data is not UTF-8"))
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
