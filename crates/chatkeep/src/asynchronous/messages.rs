//! The message log.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use chatkeep_core::{
    Analytics, Error, Message, MessageFilter, NewMessage, Order, Page, Result, Timestamp,
};

use super::iteration::AsyncMessageIter;
use crate::background::Calls;
use crate::chatkeep::Chatkeep;
use crate::fine_tuning::FineTuningFormat;
use crate::messages::MessageLogger;

/// [`MessageLogger`], awaited.
#[derive(Clone)]
pub struct AsyncMessageLogger {
    messages: MessageLogger,
    calls: Arc<Calls>,
}

impl AsyncMessageLogger {
    pub(super) fn new(chat: &Chatkeep) -> Self {
        Self { messages: chat.messages().clone(), calls: Arc::clone(chat.calls()) }
    }

    /// Logs a message, and returns its id once it is stored for good. Messages that are logged while another is being
    /// written share a transaction.
    ///
    /// # Errors
    /// As [`MessageLogger::log_message`].
    pub async fn log_message(&self, message: NewMessage) -> Result<i64> {
        let outcome = self.messages.hand_in_future(message)?.await;
        outcome.unwrap_or_else(|_| {
            Err(Error::internal("the call that wrote this message ended in a panic"))
        })
    }

    /// See [`MessageLogger::log_messages`].
    ///
    /// # Errors
    /// As there.
    pub async fn log_messages(&self, batch: Vec<NewMessage>) -> Result<Vec<i64>> {
        self.run(move |messages| messages.log_messages(&batch)).await
    }

    /// See [`MessageLogger::get_messages`].
    ///
    /// # Errors
    /// As there.
    pub async fn get_messages(&self, filter: &MessageFilter, page: &Page) -> Result<Vec<Message>> {
        let (filter, page) = (filter.clone(), *page);
        self.run(move |messages| messages.get_messages(&filter, &page)).await
    }

    /// Another name for [`AsyncMessageLogger::get_messages`].
    ///
    /// # Errors
    /// As there.
    pub async fn retrieve_messages(
        &self,
        filter: &MessageFilter,
        page: &Page,
    ) -> Result<Vec<Message>> {
        self.get_messages(filter, page).await
    }

    /// See [`MessageLogger::get_message_by_id`].
    ///
    /// # Errors
    /// As there.
    pub async fn get_message_by_id(&self, id: i64) -> Result<Option<Message>> {
        self.run(move |messages| messages.get_message_by_id(id)).await
    }

    /// See [`MessageLogger::get_message_count`].
    ///
    /// # Errors
    /// As there.
    pub async fn get_message_count(&self, filter: &MessageFilter) -> Result<i64> {
        let filter = filter.clone();
        self.run(move |messages| messages.get_message_count(&filter)).await
    }

    /// All messages that match, one by one; see [`MessageLogger::iter_messages`].
    pub fn iter_messages(&self, filter: &MessageFilter, order: Order) -> AsyncMessageIter {
        AsyncMessageIter::new(self.messages.iter_messages(filter, order), Arc::clone(&self.calls))
    }

    /// See [`MessageLogger::search_messages`].
    ///
    /// # Errors
    /// As there.
    pub async fn search_messages(&self, query: &str, page: &Page) -> Result<Vec<Message>> {
        let (query, page) = (query.to_owned(), *page);
        self.run(move |messages| messages.search_messages(&query, &page)).await
    }

    /// See [`MessageLogger::get_analytics`].
    ///
    /// # Errors
    /// As there.
    pub async fn get_analytics(
        &self,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> Result<Analytics> {
        self.run(move |messages| messages.get_analytics(start, end)).await
    }

    /// See [`MessageLogger::count_old_messages`].
    ///
    /// # Errors
    /// As there.
    pub async fn count_old_messages(&self, days: i64) -> Result<i64> {
        self.run(move |messages| messages.count_old_messages(days)).await
    }

    /// See [`MessageLogger::delete_old_messages`].
    ///
    /// # Errors
    /// As there.
    pub async fn delete_old_messages(&self, days: i64) -> Result<u64> {
        self.run(move |messages| messages.delete_old_messages(days)).await
    }

    /// See [`MessageLogger::export_for_fine_tuning`]. The writer is written to on a thread of chatkeep's, where it may
    /// block, and comes back with the number of messages.
    ///
    /// # Errors
    /// As there.
    pub async fn export_for_fine_tuning<W: Write + Send + 'static>(
        &self,
        format: FineTuningFormat,
        filter: &MessageFilter,
        mut out: W,
    ) -> Result<(u64, W)> {
        let filter = filter.clone();
        self.run(move |messages| {
            messages.export_for_fine_tuning(format, &filter, &mut out).map(|count| (count, out))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&MessageLogger) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let messages = self.messages.clone();
        self.calls.run(move || call(&messages)).await
    }
}

impl fmt::Debug for AsyncMessageLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncMessageLogger").field(&self.messages).finish()
    }
}
