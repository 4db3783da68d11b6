//! Tasks that workers run: a queue with priorities, leases, retries and results.
//!
//! A claim leases queued tasks to a worker. The worker extends the lease while it runs a task, and
//! reports the result or an error. After the end of a lease, the next claim queues the task again.
//! So a task runs at least once, and may run more than once.

mod change;
mod claim;
mod due;
mod ended_leases;
mod enqueue;
mod lease;
mod list;
mod mysql_claim;
mod new;
mod prune;
mod record;
mod renew;
mod rows;
mod state;
mod state_rows;

pub use change::{cancel, retry};
pub use claim::{TaskClaim, claim};
pub use due::{DueTasks, find_due};
pub use enqueue::{enqueue, enqueue_many};
pub use lease::{complete, fail, heartbeat, release};
pub use list::{TaskFilter, count, get, list};
pub use new::NewTask;
pub use prune::delete_ended_batch;
pub use record::{ClaimedTask, LeaseState, Task, TaskCounts, TaskPage, TaskStatus};
pub use renew::{RenewedLease, check_lease, renew};
pub use rows::StoredTask;
pub(crate) use rows::chat_tasks;
pub use state::TaskFailure;
