//! Stored checkpoints, as callers receive them.

use serde::Serialize;

use crate::described::Record;
use crate::value::{Bytes, Timestamp};

/// A stored checkpoint, with the values of its channels and the writes that follow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct GraphCheckpoint {
    /// Key of the thread.
    pub thread: String,
    /// Namespace of the graph, empty for the outermost one.
    pub namespace: String,
    /// Id of the checkpoint.
    pub id: String,
    /// Id of the checkpoint from which this one was computed.
    pub parent_id: Option<String>,
    /// Name of the serializer's format.
    pub format: String,
    /// The serialized checkpoint without the values of its channels.
    pub data: Bytes,
    /// Name of the serializer's format of the metadata.
    pub metadata_format: String,
    /// The serialized metadata.
    pub metadata: Bytes,
    /// Origin of the checkpoint, such as `input` or `loop`.
    pub source: Option<String>,
    /// Number of the step.
    pub step: Option<i64>,
    /// Id of the run that created it.
    pub run_id: Option<String>,
    /// Time at which it was first stored.
    pub created_at: Timestamp,
    /// Position among checkpoints with the same id, for the next page of a list.
    pub position: i64,
    /// All channels that have a version.
    pub channels: Vec<GraphChannel>,
    /// Writes of the tasks that started from this checkpoint, in the order of their tasks.
    pub writes: Vec<GraphWrite>,
}

/// A channel of a stored checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct GraphChannel {
    /// Name of the channel.
    pub channel: String,
    /// Version of the value, as JSON.
    pub version: String,
    /// Name of the serializer's format of the value. `None` if the channel is empty.
    pub format: Option<String>,
    /// The serialized value. `None` if the channel is empty.
    pub data: Option<Bytes>,
}

/// A stored write of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct GraphWrite {
    /// Id of the task.
    pub task_id: String,
    /// Path of the task, empty if it has none.
    pub task_path: String,
    /// Number of the write in its task.
    pub index: i64,
    /// Name of the channel.
    pub channel: String,
    /// Name of the serializer's format of the value.
    pub format: String,
    /// The serialized value.
    pub data: Bytes,
}

/// A thread of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct GraphThread {
    /// Id inside the database.
    pub id: i64,
    /// Key of the thread.
    pub thread: String,
    /// Public id of the thread's user, if any.
    pub user_id: Option<String>,
    /// Time of the first checkpoint or write.
    pub created_at: Timestamp,
    /// Time of the last checkpoint, exact to a minute.
    pub updated_at: Timestamp,
    /// Time after which the thread is deleted with the expired ones.
    pub expires_at: Option<Timestamp>,
}
