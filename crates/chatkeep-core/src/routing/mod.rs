//! Requests to models of providers: their outcomes, totals, the health of providers, and usage.
//!
//! The totals by minute and hour are advanced in the transaction that stores the requests. So they
//! equal a scan of the requests at any time.

mod add_totals;
pub(crate) mod choose;
mod health;
mod list;
mod measures;
mod new;
pub(crate) mod policy;
mod prune;
mod record;
mod rows;
mod store;
mod sums_sql;
mod tables;
mod totals;
mod usage;

pub use health::{ModelHealth, ProviderHealth, check_minutes, provider_health};
pub use list::{RoutingFilter, attempts, list};
pub use measures::LATENCY_LIMITS_MS;
pub use new::{NewRoutingRequest, ResolvedRequest, check_request_id};
pub use prune::{cutoff, delete_minutes_batch, delete_requests_batch, merge_hours_batch};
pub use record::{RoutingOutcome, RoutingRequest, RoutingRequestPage, RoutingSource};
pub use rows::{StoredRoutingRequest, StoredRoutingTotal};
pub use store::store;
pub(crate) use tables::chat_routing_requests;
pub use totals::{SHARDS, random_shard};
pub use usage::{RoutingUsage, RoutingUsageBy, UsageQuery, usage};
