//! The message log.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use chatkeep_core::{
    Analytics, Message, MessageFilter, NewMessage, Order, Page, Result, Timestamp, TotalsCheck,
    messages,
};
use chatkeep_pool::Pool;
use tokio::sync::oneshot;

use crate::background::Calls;
use crate::checkpoints::Checkpoints;
use crate::counting::Counting;
use crate::delete_pace::DeletePace;
use crate::fine_tuning::{FineTuningFormat, export};
use crate::message_iter::MessageIter;
use crate::write::{MessageSink, Storage, WritePath, patiently};

/// Logs messages, and answers questions about them. Cheap to clone.
#[derive(Clone)]
pub struct MessageLogger {
    pool: Arc<Pool>,
    write: Arc<WritePath>,
}

impl MessageLogger {
    pub(crate) fn new(pool: Arc<Pool>, writers: u32, calls: Arc<Calls>) -> Self {
        let counting = Arc::new(Counting::new(Arc::clone(&pool), Arc::clone(&calls)));
        let checkpoints = Checkpoints::new(Arc::clone(&pool), calls).map(Arc::new);
        let storage = Storage::new(Arc::clone(&pool), counting, checkpoints);
        Self { write: Arc::new(WritePath::new(storage, writers)), pool }
    }

    /// Logs a message, and returns its id once it is stored for good.
    ///
    /// Calls from several threads at the same time share a transaction, so that many of them take little longer than one.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::NewMessage;
    ///
    /// let id = chat.messages().log_message(&NewMessage::new("hello").with_response("hi").with_tokens_used(12))?;
    /// assert!(id > 0);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` with the field's name, before anything is sent; `OutcomeUnknown` when the connection breaks before
    /// the database has confirmed; `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    pub fn log_message(&self, message: &NewMessage) -> Result<i64> {
        // Before a connection is asked for: bad input is bad input even when the database is down.
        message.check().map_err(|error| error.with_operation("log_message"))?;
        self.write.log(message).map_err(|error| error.with_operation("log_message"))
    }

    /// Logs a message without waiting: the sink is told its id, or why it was not stored, together with all others of the
    /// same commit. The log has those that one thread hands in, and that have no timestamp of their own, in the order in which they
    /// were handed in; with one writer (on SQLite, or with `DB_WRITERS=1`) their ids are in that order as well.
    ///
    /// This is what language bindings build on; in Rust it is easier to await
    /// [`AsyncMessageLogger::log_message`](crate::AsyncMessageLogger::log_message).
    ///
    /// # Errors
    /// `InvalidInput` with the field's name, and `Unavailable` when this is closed, at once. Then the sink is not told.
    pub fn hand_in(
        &self,
        message: NewMessage,
        sink: Arc<dyn MessageSink>,
        number: u64,
    ) -> Result<()> {
        let run = || {
            message.check()?;
            self.write.hand_in(message, sink, number)
        };
        run().map_err(|error| error.with_operation("log_message"))
    }

    /// Logs a message without blocking; its outcome can be awaited.
    pub(crate) fn hand_in_future(
        &self,
        message: NewMessage,
    ) -> Result<oneshot::Receiver<Result<i64>>> {
        let run = || {
            message.check()?;
            self.write.hand_in_future(message)
        };
        run().map_err(|error| error.with_operation("log_message"))
    }

    pub(crate) fn write(&self) -> &WritePath {
        &self.write
    }

    /// Logs all these messages or none, and returns their ids in the same order.
    ///
    /// # Errors
    /// `InvalidInput` with the message's place and field (`messages[3].provider`); otherwise as
    /// [`MessageLogger::log_message`].
    pub fn log_messages(&self, batch: &[NewMessage]) -> Result<Vec<i64>> {
        // Before a connection is asked for, as in log_message.
        let run = || {
            messages::check_many(batch)?;
            self.write.log_many(batch)
        };
        run().map_err(|error| error.with_operation("log_messages"))
    }

    /// A page of the messages that match, newest first; of two at the same moment the one with the higher id first.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// # chat.messages().log_message(&chatkeep::NewMessage::new("a"))?;
    /// use chatkeep::{MessageFilter, Page};
    ///
    /// let first = chat.messages().get_messages(&MessageFilter::default(), &Page::first(50))?;
    /// // The next page starts behind the last message of this one, whatever is logged meanwhile.
    /// let next = Page { cursor: first.last().map(|message| message.cursor()), ..Page::first(50) };
    /// assert!(chat.messages().get_messages(&MessageFilter::default(), &next)?.is_empty());
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` with the field `limit` (1 to 10,000), `offset` or `cursor`.
    pub fn get_messages(&self, filter: &MessageFilter, page: &Page) -> Result<Vec<Message>> {
        page.check().map_err(|error| error.with_operation("get_messages"))?;
        let run = || messages::list(&mut *self.pool.reader()?, filter, page);
        run().map_err(|error| error.with_operation("get_messages"))
    }

    /// Another name for [`MessageLogger::get_messages`].
    ///
    /// # Errors
    /// As there.
    pub fn retrieve_messages(&self, filter: &MessageFilter, page: &Page) -> Result<Vec<Message>> {
        self.get_messages(filter, page)
    }

    /// The message with this id, if there is one.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer: that is never `None`.
    pub fn get_message_by_id(&self, id: i64) -> Result<Option<Message>> {
        let run = || messages::get(&mut *self.pool.reader()?, id);
        run().map_err(|error| error.with_operation("get_message_by_id"))
    }

    /// How many messages match.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer.
    pub fn get_message_count(&self, filter: &MessageFilter) -> Result<i64> {
        let run = || messages::count(&mut *self.pool.reader()?, filter);
        run().map_err(|error| error.with_operation("get_message_count"))
    }

    /// All messages that match, one by one. They are fetched a page at a time; between pages no connection is held, and
    /// each message that is there all the while comes exactly once, whatever is logged or deleted meanwhile.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// # chat.messages().log_message(&chatkeep::NewMessage::new("a"))?;
    /// use chatkeep::{MessageFilter, Order};
    ///
    /// for message in chat.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst) {
    ///     println!("{}", message?.user_message);
    /// }
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    pub fn iter_messages(&self, filter: &MessageFilter, order: Order) -> MessageIter {
        MessageIter::new(Arc::clone(&self.pool), filter.clone(), order)
    }

    /// Messages whose text or answer contains this text, upper and lower case alike, newest first. `%`, `_` and `\` are
    /// plain characters. Two characters are alike when Unicode's simple case folding says so.
    ///
    /// # Errors
    /// `InvalidInput` with the field `query` (1 to 1,000 characters), `limit`, `offset` or `cursor`.
    pub fn search_messages(&self, query: &str, page: &Page) -> Result<Vec<Message>> {
        let run = || messages::search(&mut *self.pool.reader()?, query, page);
        run().map_err(|error| error.with_operation("search_messages"))
    }

    /// Totals by provider, model and day over the messages from `start` to `end`, both included.
    ///
    /// # Errors
    /// `InvalidInput` with the field `start` when the span ends before it starts.
    pub fn get_analytics(
        &self,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> Result<Analytics> {
        let run = || messages::analytics(&mut *self.pool.reader()?, start, end);
        run().map_err(|error| error.with_operation("get_analytics"))
    }

    /// Adds all messages up anew, and compares the result with the totals that [`MessageLogger::get_analytics`] reads. It
    /// reads every message, and changes nothing.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// assert!(chat.messages().check_totals()?.differences.is_empty());
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer.
    pub fn check_totals(&self) -> Result<TotalsCheck> {
        let run = || messages::check_totals(&mut *self.pool.reader()?);
        run().map_err(|error| error.with_operation("check_totals"))
    }

    /// Forgets the totals, and counts all messages anew: after rows were changed or deleted by other programs. Others can
    /// read and write meanwhile; until it is done [`MessageLogger::get_analytics`] is slower, but right.
    ///
    /// # Errors
    /// As every write. Calling it again goes on from the beginning.
    pub fn rebuild_totals(&self) -> Result<()> {
        patiently(&self.pool, messages::rebuild_totals)
            .map_err(|error| error.with_operation("rebuild_totals"))
    }

    /// How many messages [`MessageLogger::delete_old_messages`] would delete.
    ///
    /// # Errors
    /// `InvalidInput` with the field `days`.
    pub fn count_old_messages(&self, days: i64) -> Result<i64> {
        let run =
            || messages::count_older_than(&mut *self.pool.reader()?, messages::oldest_kept(days)?);
        run().map_err(|error| error.with_operation("count_old_messages"))
    }

    /// Deletes the messages that are older than so many days of 24 hours, and says how many. It works in batches of a few
    /// milliseconds, each of which stands by itself, so that others can write meanwhile.
    ///
    /// # Errors
    /// `InvalidInput` with the field `days` (1 to 3,650,000). After another error a part may be deleted; call it again.
    pub fn delete_old_messages(&self, days: i64) -> Result<u64> {
        self.delete_old_messages_with(days, &mut |_| {})
    }

    /// [`MessageLogger::delete_old_messages`], telling after each batch how many are deleted so far.
    ///
    /// # Errors
    /// As there.
    pub fn delete_old_messages_with(
        &self,
        days: i64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64> {
        self.delete_batches(days, progress)
            .map_err(|error| error.with_operation("delete_old_messages"))
    }

    fn delete_batches(&self, days: i64, progress: &mut dyn FnMut(u64)) -> Result<u64> {
        let oldest_kept = messages::oldest_kept(days)?;
        let mut pace = DeletePace::on(self.pool.url().engine());
        let mut deleted = 0;
        let mut from = Timestamp::MIN;
        loop {
            match pace.batch(&self.pool, |connection, most| {
                messages::delete_batch_older_than(connection, from, oldest_kept, most)
            })? {
                Some(batch) => {
                    deleted += batch.count;
                    from = batch.last;
                    self.write.deleted(batch.count);
                    progress(deleted);
                }
                None if from == Timestamp::MIN => return Ok(deleted),
                // Others may have stored older ones meanwhile.
                None => from = Timestamp::MIN,
            }
        }
    }

    /// Writes the messages that match in a form that models are trained with, oldest first, and returns their number. Each
    /// ends with a line feed. Messages whose text or answer is missing, empty or blank are left out.
    ///
    /// # Errors
    /// What the database says, or `Internal` with the cause when `out` cannot be written to.
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
