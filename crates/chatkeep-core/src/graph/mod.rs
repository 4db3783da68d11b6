//! Checkpoints of agents: threads, their namespaces, checkpoints, and the writes of tasks.
//!
//! A checkpoint has a value for each channel. A channel is often a list that grows, such as the
//! messages of a chat, and frameworks store the whole list with each checkpoint. Here the elements of
//! a list are stored once (`lists.rs`), large values once for each content, and small ones with the
//! checkpoint (`body.rs`). Serialized values are opaque: only the elements of a list are separated.

mod body;
mod checkpoints;
mod copy;
mod delete;
mod elements;
mod garbage;
mod lists;
mod namespaces;
mod new;
mod packed;
mod place;
mod prune;
mod read;
mod record;
mod rows;
mod store;
mod threads;
mod values;
mod writes;

pub use copy::copy_thread;
pub use delete::{
    ThreadCondition, ThreadDeletion, delete_runs_step, delete_step, matching_threads,
};
pub use namespaces::thread_id;
pub use new::{NewChannel, NewCheckpoint, NewGraphWrite, check_id, check_namespace, check_thread};
pub use prune::prune_step;
pub use read::{CheckpointRange, get, list};
pub use record::{GraphChannel, GraphCheckpoint, GraphThread, GraphWrite};
pub use rows::{
    StoredCheckpoint, StoredNamespace, StoredSegment, StoredThread, StoredValue, StoredWrite,
};
pub use store::{GraphEntry, store};
pub use threads::{list_threads, set_expiry, set_owner};
pub use writes::Task;
