//! Health, usage and retention.

use chatkeep_core::routing_requests::{self, UsageQuery};
use chatkeep_core::{Error, ProviderHealth, Result, RoutingUsage, RoutingUsageBy, Timestamp};
use chatkeep_macros::operations;

use super::RoutingManager;
use crate::batch_sizer::in_batches;

#[operations(part = STATISTICS, receiver = routing)]
impl RoutingManager {
    /// Returns the health of the providers that had requests in the last minutes.
    ///
    /// It is read from totals, and includes probes. The first minute counts as a whole. Percentiles
    /// of latencies are upper bounds: limits of the classes in which latencies are counted. The
    /// limits are 100, 250, 500, 1,000, 2,000, 4,000, 8,000, 15,000, 30,000 and 60,000 milliseconds.
    ///
    /// # Arguments
    /// - `minutes`: Number of minutes (1–1,440).
    ///
    /// # Returns
    /// The providers with their models, ordered by name. Those without requests are left out.
    ///
    /// # Errors
    /// - `InvalidInput`: `minutes` is out of range.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn get_provider_health(
        &self,
        #[argument(default = 5, positional)] minutes: i64,
    ) -> Result<Vec<ProviderHealth>> {
        let run = || {
            routing_requests::check_minutes(minutes)?;
            let reader = &mut *self.pool.reader()?;
            routing_requests::provider_health(reader, minutes, Timestamp::now())
        };
        run().map_err(|error: Error| error.with_operation("get_provider_health"))
    }

    /// Returns requests, tokens and costs by provider, model, day, hour or user.
    ///
    /// The period is extended to whole hours: its start to the beginning of the hour, its end to
    /// the end of the hour. Usage is read from totals, which are kept for ever. Usage by user, and
    /// that of one user, is computed from the requests instead. Requests that were deleted by
    /// `delete_old_routing_requests` are not part of it.
    ///
    /// # Arguments
    /// - `by`: By what usage is added up.
    /// - `start_date`: Start of the period; by default 30 days before its end.
    /// - `end_date`: End of the period; by default now.
    /// - `user_id`: Public id of a user, to return only the user's usage.
    /// - `limit`: Maximum number of rows to return (1–10,000). If there are more, they are those
    ///   with the most requests, or the last days or hours.
    ///
    /// # Returns
    /// The rows: those with the most requests first, or days and hours in their order. Days and
    /// hours without requests are left out. The list is empty if there is no such user.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range, or `end_date` is before `start_date`.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn get_routing_usage(
        &self,
        by: RoutingUsageBy,
        start_date: Option<Timestamp>,
        end_date: Option<Timestamp>,
        user_id: Option<&str>,
        #[argument(default = 1000)] limit: i64,
    ) -> Result<Vec<RoutingUsage>> {
        let query = UsageQuery { by, start: start_date, end: end_date, user_id, limit };
        let run = || {
            query.check()?;
            routing_requests::usage(&mut *self.pool.reader()?, &query, Timestamp::now())
        };
        run().map_err(|error: Error| error.with_operation("get_routing_usage"))
    }

    /// Deletes old requests and the totals by minute, in batches.
    ///
    /// The totals by hour are kept, so that usage by provider, model, day and hour does not change.
    /// Requests of whole hours are deleted. Call it regularly, for example once a day: it also
    /// merges totals by hour, which concurrent processes store separately.
    ///
    /// # Arguments
    /// - `days`: Minimum age in days of 24 hours, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted requests.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some requests may
    /// be deleted. Call it again.
    #[operation(write)]
    pub fn delete_old_routing_requests(
        &self,
        #[argument(default = 30, positional)] days: i64,
    ) -> Result<u64> {
        let run = || {
            let cutoff = routing_requests::cutoff(days)?;
            // Processes no longer add to the hours of the day before.
            let yesterday = routing_requests::cutoff(1)?;
            let deleted = in_batches(&self.pool, |connection, most| {
                routing_requests::delete_requests_batch(connection, cutoff, most)
            })?;
            in_batches(&self.pool, |connection, most| {
                routing_requests::delete_minutes_batch(connection, cutoff, most)
            })?;
            in_batches(&self.pool, |connection, most| {
                routing_requests::merge_hours_batch(connection, yesterday, most)
            })?;
            Ok(deleted)
        };
        run().map_err(|error: Error| error.with_operation("delete_old_routing_requests"))
    }
}
