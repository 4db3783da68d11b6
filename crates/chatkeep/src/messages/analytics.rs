//! Totals of messages, tokens and costs.

use chatkeep_core::{Analytics, AnalyticsFilter, Result, TotalsCheck, messages};
use chatkeep_macros::operations;

use super::MessageLogger;
use crate::retry::with_retry;

#[operations(part = ANALYTICS, receiver = messages)]
impl MessageLogger {
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
}
