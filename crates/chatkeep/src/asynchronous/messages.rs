//! The asynchronous [`MessageLogger`].

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use chatkeep_core::{
    Analytics, Error, Message, MessageFilter, NewMessage, Order, Page, Result, Timestamp,
};

use super::iteration::AsyncMessageIter;
use crate::background::BlockingExecutor;
use crate::chatkeep::Chatkeep;
use crate::fine_tuning::FineTuningFormat;
use crate::messages::MessageLogger;

/// A [`MessageLogger`] whose calls are awaited.
#[derive(Clone)]
pub struct AsyncMessageLogger {
    messages: MessageLogger,
    executor: Arc<BlockingExecutor>,
}

impl AsyncMessageLogger {
    pub(super) fn new(chat: &Chatkeep) -> Self {
        Self { messages: chat.messages().clone(), executor: Arc::clone(chat.executor()) }
    }

    /// Logs a message, and returns its id after the commit. Concurrently logged messages share a
    /// transaction.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::log_message`].
    pub async fn log_message(&self, message: NewMessage) -> Result<i64> {
        let outcome = self.messages.submit_future(message)?.await;
        outcome.unwrap_or_else(|_| {
            Err(Error::internal("internal error: the operation panicked; please report this"))
        })
    }

    /// Calls [`MessageLogger::log_messages`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::log_messages`].
    pub async fn log_messages(&self, batch: Vec<NewMessage>) -> Result<Vec<i64>> {
        self.run(move |messages| messages.log_messages(&batch)).await
    }

    /// Calls [`MessageLogger::get_messages`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::get_messages`].
    pub async fn get_messages(&self, filter: &MessageFilter, page: &Page) -> Result<Vec<Message>> {
        let (filter, page) = (filter.clone(), *page);
        self.run(move |messages| messages.get_messages(&filter, &page)).await
    }

    /// Does the same as [`AsyncMessageLogger::get_messages`].
    ///
    /// # Errors
    /// The errors of [`MessageLogger::get_messages`].
    pub async fn retrieve_messages(
        &self,
        filter: &MessageFilter,
        page: &Page,
    ) -> Result<Vec<Message>> {
        self.get_messages(filter, page).await
    }

    /// Calls [`MessageLogger::get_message_by_id`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::get_message_by_id`].
    pub async fn get_message_by_id(&self, id: i64) -> Result<Option<Message>> {
        self.run(move |messages| messages.get_message_by_id(id)).await
    }

    /// Calls [`MessageLogger::get_message_count`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::get_message_count`].
    pub async fn get_message_count(&self, filter: &MessageFilter) -> Result<i64> {
        let filter = filter.clone();
        self.run(move |messages| messages.get_message_count(&filter)).await
    }

    /// Returns an iterator over all matching messages; see [`MessageLogger::iter_messages`].
    pub fn iter_messages(&self, filter: &MessageFilter, order: Order) -> AsyncMessageIter {
        AsyncMessageIter::new(
            self.messages.iter_messages(filter, order),
            Arc::clone(&self.executor),
        )
    }

    /// Calls [`MessageLogger::search_messages`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::search_messages`].
    pub async fn search_messages(&self, query: &str, page: &Page) -> Result<Vec<Message>> {
        let (query, page) = (query.to_owned(), *page);
        self.run(move |messages| messages.search_messages(&query, &page)).await
    }

    /// Calls [`MessageLogger::get_analytics`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::get_analytics`].
    pub async fn get_analytics(
        &self,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> Result<Analytics> {
        self.run(move |messages| messages.get_analytics(start, end)).await
    }

    /// Calls [`MessageLogger::count_old_messages`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::count_old_messages`].
    pub async fn count_old_messages(&self, days: i64) -> Result<i64> {
        self.run(move |messages| messages.count_old_messages(days)).await
    }

    /// Calls [`MessageLogger::delete_old_messages`] on a background thread.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::delete_old_messages`].
    pub async fn delete_old_messages(&self, days: i64) -> Result<u64> {
        self.run(move |messages| messages.delete_old_messages(days)).await
    }

    /// Calls [`MessageLogger::export_for_fine_tuning`] on a background thread, where `out` may
    /// block. Returns the number of messages, and `out`.
    ///
    /// # Errors
    /// The errors of [`MessageLogger::export_for_fine_tuning`].
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
        self.executor.run(move || call(&messages)).await
    }
}

impl fmt::Debug for AsyncMessageLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncMessageLogger").field(&self.messages).finish()
    }
}
