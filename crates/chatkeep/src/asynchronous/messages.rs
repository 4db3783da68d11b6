//! The asynchronous [`MessageLogger`].

use std::io::Write;
use std::sync::Arc;

use chatkeep_core::{Error, MessageFilter, NewMessage, Order, Result};

use super::Async;
use super::iteration::AsyncMessageIter;
use crate::fine_tuning::FineTuningFormat;
use crate::messages::MessageLogger;

/// A [`MessageLogger`] whose calls are awaited.
pub type AsyncMessageLogger = Async<MessageLogger>;

impl Async<MessageLogger> {
    /// Logs a message, and returns its id after the commit. Concurrently logged messages share a
    /// transaction.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid. Nothing is sent.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The message may be
    ///   stored: check that before you retry.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    pub async fn log_message(&self, message: NewMessage) -> Result<i64> {
        let outcome = self.blocking().submit_future(message)?.await;
        let outcome = outcome.unwrap_or_else(|_| {
            Err(Error::internal("internal error: the operation panicked; please report this"))
        });
        outcome.map_err(|error| error.with_operation("log_message"))
    }

    /// Returns an iterator over all matching messages; see [`MessageLogger::iter_messages`].
    pub fn iter_messages(&self, filter: &MessageFilter, order: Order) -> AsyncMessageIter {
        AsyncMessageIter::new(
            self.blocking().iter_messages(filter, order),
            Arc::clone(self.executor()),
        )
    }

    /// Calls [`MessageLogger::export_for_fine_tuning`] on a background thread, where `out` may
    /// block. Returns the number of messages, and `out`.
    ///
    /// # Errors
    /// `Internal`, with the cause, when writing to `out` fails; `Unavailable` or another error of
    /// the connection when the database does not answer.
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
}
