//! The entries that callers store in groups.

use chatkeep_core::graphs::{self, GraphEntry, Task};
use chatkeep_core::{Connection, NewCheckpoint, NewGraphWrite, Result};

use crate::group_commit::Entries;

/// Checkpoints and writes. Storing one again is safe.
pub(crate) struct GraphEntries;

impl Entries for GraphEntries {
    type Entry<'a> = GraphEntry<'a>;
    type Owned = OwnedEntry;
    type Key = (String, String);
    const NOUN: &'static str = "checkpoint";

    fn to_owned(entry: GraphEntry<'_>) -> OwnedEntry {
        OwnedEntry::of(entry)
    }

    fn as_entry(owned: &OwnedEntry) -> GraphEntry<'_> {
        owned.as_entry()
    }

    fn size(entry: GraphEntry<'_>) -> usize {
        size(&entry)
    }

    /// Returns the namespace of a checkpoint. A second checkpoint of it may be a child of the first.
    fn unique_key(entry: GraphEntry<'_>) -> Option<(String, String)> {
        if !matches!(entry, GraphEntry::Checkpoint { .. }) {
            return None;
        }
        let (thread, namespace) = entry.namespace();
        Some((thread.to_owned(), namespace.to_owned()))
    }

    fn store(&self, connection: &mut Connection, entries: &[GraphEntry<'_>]) -> Result<()> {
        graphs::store(connection, entries)
    }
}

/// A checkpoint, or the writes of a task.
pub(crate) enum OwnedEntry {
    Checkpoint {
        thread: String,
        new: NewCheckpoint,
    },
    Writes {
        thread: String,
        namespace: String,
        checkpoint_id: String,
        task_id: String,
        task_path: String,
        writes: Vec<NewGraphWrite>,
    },
}

impl OwnedEntry {
    fn of(entry: GraphEntry<'_>) -> Self {
        match entry {
            GraphEntry::Checkpoint { thread, new } => {
                Self::Checkpoint { thread: thread.to_owned(), new: new.clone() }
            }
            GraphEntry::Writes { task, writes } => Self::Writes {
                thread: task.thread.to_owned(),
                namespace: task.namespace.to_owned(),
                checkpoint_id: task.checkpoint_id.to_owned(),
                task_id: task.task_id.to_owned(),
                task_path: task.task_path.to_owned(),
                writes: writes.to_vec(),
            },
        }
    }

    fn as_entry(&self) -> GraphEntry<'_> {
        match self {
            Self::Checkpoint { thread, new } => GraphEntry::Checkpoint { thread, new },
            Self::Writes { thread, namespace, checkpoint_id, task_id, task_path, writes } => {
                let task = Task { thread, namespace, checkpoint_id, task_id, task_path };
                GraphEntry::Writes { task, writes }
            }
        }
    }
}

/// Returns the approximate size of the serialized values, in bytes.
fn size(entry: &GraphEntry<'_>) -> usize {
    match entry {
        GraphEntry::Checkpoint { new, .. } => {
            let values = new.channels.iter().filter_map(|channel| channel.data.as_ref());
            let values: usize = values.map(|data| data.as_slice().len()).sum();
            values + new.data.as_slice().len() + new.metadata.as_slice().len()
        }
        GraphEntry::Writes { writes, .. } => {
            writes.iter().map(|write| write.data.as_slice().len()).sum()
        }
    }
}
