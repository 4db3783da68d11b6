//! A copy of an entry that a caller stores, which another caller's transaction can store.

use chatkeep_core::graphs::{GraphEntry, Task};
use chatkeep_core::{NewCheckpoint, NewGraphWrite};

/// A checkpoint, or the writes of a task.
pub(super) enum OwnedEntry {
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
    pub(super) fn of(entry: GraphEntry<'_>) -> Self {
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

    pub(super) fn as_entry(&self) -> GraphEntry<'_> {
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
pub(super) fn size(entry: &GraphEntry<'_>) -> usize {
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
