//! Export of messages as data for fine-tuning.

use std::io::Write;

use chatkeep_core::{Error, MessageFilter, Order, Result};
use chatkeep_macros::operations;

use super::MessageLogger;
use crate::fine_tuning::{FineTuningFormat, export};

#[operations(part = EXPORT, receiver = messages)]
impl MessageLogger {
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
