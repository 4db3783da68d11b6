//! Checkpoints of agents.

mod entry;
mod maintenance;

use std::sync::Arc;

use chatkeep_core::graphs::{self, CheckpointRange, GraphEntry, Task};
use chatkeep_core::{
    Error, ErrorKind, GraphCheckpoint, GraphThread, NewCheckpoint, NewGraphWrite, Result,
    check_limit,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

pub(crate) use self::entry::GraphEntries;
use crate::group_commit::GroupCommit;
use crate::managers::Parts;
use crate::retry::with_retry;

/// Stores checkpoints of agents. It is cheap to clone.
#[derive(Clone)]
pub struct GraphManager {
    pool: Arc<Pool>,
    commits: Arc<GroupCommit<GraphEntries>>,
}

/// Stores checkpoints of agents, for frameworks such as LangGraph.
///
/// A thread has a history of checkpoints. Each has the state of a graph of steps: a serialized value
/// for each channel. The messages of a chat are such a value, and their list grows; its elements are
/// stored once, however many checkpoints have them. Tasks write to channels between two checkpoints.
/// Values are returned exactly as they were stored, and are never interpreted.
///
/// Programs usually call it through their framework: `chatkeep.langgraph` in Python and
/// `chatkeep/langgraph` in Node are savers for LangGraph.
#[operations(name = "graph", receiver = graph, parts(MAINTENANCE))]
impl GraphManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        let pool = Arc::clone(&parts.pool);
        let checkpoints = parts.checkpoints.clone();
        let writers = parts.settings.writers;
        let commits = GroupCommit::new(GraphEntries, Arc::clone(&pool), checkpoints, writers);
        Self { pool, commits: Arc::new(commits) }
    }

    fn store(&self, entry: GraphEntry<'_>) -> Result<()> {
        entry.check()?;
        self.commits.store(entry)
    }

    /// Stores a checkpoint, and replaces one with the same id.
    ///
    /// The thread and the namespace are created with their first checkpoint or write.
    ///
    /// ```
    /// use chatkeep::{Bytes, NewChannel, NewCheckpoint};
    ///
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let json = |text: &str| Bytes::from(text.as_bytes().to_vec());
    /// let mut checkpoint = NewCheckpoint::new("1", "json", json("{}"), "json", json("{}"));
    /// checkpoint.channels.push(NewChannel::with_value("messages", "1", "json", json(r#"["hi"]"#)));
    /// chat.graph().put_checkpoint("thread-1", &checkpoint)?;
    /// let stored = chat.graph().get_checkpoint("thread-1", "", None)?.expect("it is stored");
    /// assert_eq!(stored.channels[0].data, Some(json(r#"["hi"]"#)));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `thread`: Key of the thread, as the application names it; at most 64 KiB.
    /// - `checkpoint`: The checkpoint.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, such as `checkpoint.channels[3].version`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The checkpoint may be
    /// stored; storing it again is safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write)]
    pub fn put_checkpoint(&self, thread: &str, checkpoint: &NewCheckpoint) -> Result<()> {
        let stored = self.store(GraphEntry::Checkpoint { thread, new: checkpoint });
        stored.map_err(|error| in_checkpoint(error).with_operation("put_checkpoint"))
    }

    /// Stores the writes of a task, all or none.
    ///
    /// A write whose index is 0 or more and is stored already stays as it is; one with a negative index
    /// is replaced. So storing writes again is safe.
    ///
    /// # Arguments
    /// - `thread`: Key of the thread.
    /// - `checkpoint_id`: Id of the checkpoint from which the task started. It need not be stored yet.
    /// - `task_id`: Id of the task.
    /// - `writes`: The writes.
    /// - `namespace`: Namespace of the graph, empty for the outermost one.
    /// - `task_path`: Path of the task, by which writes are ordered.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, such as `writes[3].channel`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The writes may be stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write)]
    pub fn put_writes(
        &self,
        thread: &str,
        checkpoint_id: &str,
        task_id: &str,
        writes: &[NewGraphWrite],
        #[argument(default = "")] namespace: &str,
        #[argument(default = "")] task_path: &str,
    ) -> Result<()> {
        let task = Task { thread, namespace, checkpoint_id, task_id, task_path };
        let stored = self.store(GraphEntry::Writes { task, writes });
        stored.map_err(|error| error.with_operation("put_writes"))
    }

    /// Returns a checkpoint with the values of its channels and the writes that follow it.
    ///
    /// # Arguments
    /// - `thread`: Key of the thread.
    /// - `namespace`: Namespace of the graph, empty for the outermost one.
    /// - `checkpoint_id`: Id of the checkpoint. By default it is the one with the greatest id.
    ///
    /// # Returns
    /// `None` if there is no such checkpoint.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_checkpoint(
        &self,
        thread: &str,
        #[argument(default = "")] namespace: &str,
        checkpoint_id: Option<&str>,
    ) -> Result<Option<GraphCheckpoint>> {
        let run = || graphs::get(&mut *self.pool.reader()?, thread, namespace, checkpoint_id);
        run().map_err(|error| error.with_operation("get_checkpoint"))
    }

    /// Returns checkpoints with their values and writes, those with the greatest ids first.
    ///
    /// A page has fewer checkpoints than `limit` if it is large. Only an empty one is the end.
    ///
    /// # Arguments
    /// - `thread`: Key of a thread, to return only its checkpoints.
    /// - `namespace`: Namespace, to return only its checkpoints.
    /// - `checkpoint_id`: Id of a checkpoint, to return only those with this id.
    /// - `before`: Id of a checkpoint, to return only those with smaller ids.
    /// - `after`: Position of the last checkpoint of a page, for the next page. Pass its id as `before`.
    /// - `limit`: Maximum number of checkpoints to return (1–10,000).
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_checkpoints(
        &self,
        thread: Option<&str>,
        namespace: Option<&str>,
        checkpoint_id: Option<&str>,
        before: Option<&str>,
        after: Option<i64>,
        #[argument(default = 100)] limit: i64,
    ) -> Result<Vec<GraphCheckpoint>> {
        let range = CheckpointRange { thread, namespace, checkpoint_id, before, after };
        let run = || {
            check_limit(limit)?;
            graphs::list(&mut *self.pool.reader()?, &range, limit)
        };
        run().map_err(|error| error.with_operation("list_checkpoints"))
    }

    /// Returns threads, newest first.
    ///
    /// # Arguments
    /// - `limit`: Maximum number of threads to return (1–10,000).
    /// - `before`: ID of a thread, to return only earlier ones. Pass the last ID of a page for the next
    ///   page.
    /// - `user_id`: Public id of a user, to return only the user's threads.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range, or the user does not exist.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_threads(
        &self,
        #[argument(default = 100)] limit: i64,
        before: Option<i64>,
        user_id: Option<&str>,
    ) -> Result<Vec<GraphThread>> {
        let run = || {
            check_limit(limit)?;
            graphs::list_threads(&mut *self.pool.reader()?, user_id, before, limit)
        };
        run().map_err(|error| error.with_operation("list_threads"))
    }

    /// Sets the user of a thread. Exports and erasures of the user include the thread then.
    ///
    /// # Arguments
    /// - `thread`: Key of the thread.
    /// - `user_id`: Public id of the user; nothing removes it.
    ///
    /// # Returns
    /// `false` if the thread does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: the user does not exist, or `thread` is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn set_thread_user(
        &self,
        thread: &str,
        #[argument(required)] user_id: Option<&str>,
    ) -> Result<bool> {
        let run = || {
            graphs::check_thread("thread", thread)?;
            with_retry(&self.pool, |connection| graphs::set_owner(connection, thread, user_id))
        };
        run().map_err(|error: Error| error.with_operation("set_thread_user"))
    }

    /// Copies all checkpoints and writes of a thread to another one, in one transaction.
    ///
    /// Checkpoints of the target with the same namespace and id are replaced. Others stay.
    ///
    /// # Arguments
    /// - `source`: Key of the thread to copy.
    /// - `target`: Key of the other thread, which is created if it does not exist.
    ///
    /// # Returns
    /// The number of copied checkpoints, 0 if the source does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: a key is invalid, or both are the same.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The copy may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn copy_thread(&self, source: &str, target: &str) -> Result<u64> {
        let run =
            || with_retry(&self.pool, |connection| graphs::copy_thread(connection, source, target));
        let copied = run().map_err(|error| error.with_operation("copy_thread"))?;
        Ok(copied.unwrap_or_default())
    }
}

/// Adds the argument's name to the field of an error about a checkpoint, such as `channels[3].data`.
fn in_checkpoint(error: Error) -> Error {
    match error.field() {
        Some(field) if error.kind() == ErrorKind::InvalidInput && field != "thread" => {
            let field = format!("checkpoint.{field}");
            error.with_field(field)
        }
        _ => error,
    }
}
