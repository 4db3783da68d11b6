//! Background work: chatkeep's own threads, and the operations that they still have to finish.
//!
//! Threads start when work is submitted, and end after they have been idle for a while. A forked
//! child starts its own.

mod blocking_executor;
mod coalesced_task;
mod exit;
mod in_flight;
mod long_wait;
mod worker_pool;

pub(crate) use self::blocking_executor::BlockingExecutor;
pub(crate) use self::coalesced_task::CoalescedTask;
pub(crate) use self::exit::is_exiting;
pub(crate) use self::in_flight::{InFlight, InFlightGuard};
pub(crate) use self::long_wait::{long_wait, wait_in_flight};
pub(crate) use self::worker_pool::WorkerPool;
