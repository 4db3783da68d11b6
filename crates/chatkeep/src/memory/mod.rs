//! Long-term memory of agents.

mod search;

use std::fmt;
use std::sync::Arc;

use chatkeep_core::memories::{self, StoredMemory};
use chatkeep_core::{Error, ErrorKind, Memory, Metadata, NewMemory, Result, Timestamp};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use crate::batch_sizer::in_batches;
use crate::managers::Parts;
use crate::retry::with_retry;

/// Stores the long-term memory of agents. It is cheap to clone.
#[derive(Clone)]
pub struct MemoryManager {
    pool: Arc<Pool>,
}

/// Stores the long-term memory of agents, as JSON objects that outlive a conversation.
///
/// An item has a namespace, which is a list of segments such as `["users", "ada", "preferences"]`, and
/// a key. Searches find the items below a namespace by the values of their keys. `["users", "ada"]` is
/// not above `["users", "adam"]`: segments are compared as a whole, and by their characters.
///
/// An item with a time to live expires unless it is stored or read again. An expired item does not
/// exist, even before it is deleted.
///
/// In Python, `chatkeep.langgraph` has a store for LangGraph that uses it.
#[operations(name = "memory", receiver = memory, parts(SEARCH))]
impl MemoryManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self { pool: Arc::clone(&parts.pool) }
    }

    /// Stores an item, and replaces one with the same namespace and key.
    ///
    /// `created_at` stays when an item is replaced.
    ///
    /// ```
    /// use chatkeep::Metadata;
    ///
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let namespace = ["users", "ada"].map(String::from);
    /// let value = Metadata::parse(r#"{"language": "en"}"#)?;
    /// chat.memory().put_memory(&namespace, "preferences", &value, None)?;
    /// let found = chat.memory().get_memory(&namespace, "preferences", true)?.expect("it exists");
    /// assert_eq!(found.value, value);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `namespace`: Namespace, from the outermost segment on. Each segment has 1–255 characters. The
    ///   namespace has at most 500, with one more for each segment and for each slash or backslash in it.
    /// - `key`: Key in the namespace, 1–255 characters.
    /// - `value`: Value, as a JSON object of at most 16 MiB.
    /// - `ttl_seconds`: Seconds after which the item expires unless it is stored or read again, 1 or more.
    ///   Without it, the item does not expire.
    ///
    /// # Returns
    /// The stored item.
    ///
    /// # Errors
    /// - `InvalidInput`: an argument is invalid, such as `namespace[1]`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The item may be stored;
    /// storing it again is safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn put_memory(
        &self,
        namespace: &[String],
        key: &str,
        value: &Metadata,
        ttl_seconds: Option<i64>,
    ) -> Result<Memory> {
        let stored = with_retry(&self.pool, |connection| {
            memories::put(connection, namespace, key, value, ttl_seconds)
        });
        stored.map_err(|error| error.with_operation("put_memory"))
    }

    /// Stores and deletes items, all or none.
    ///
    /// Of several items with the same namespace and key, the last one counts.
    ///
    /// # Arguments
    /// - `items`: The items. One without a value is deleted, if it exists.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, such as `items[3].key`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The changes may have been
    /// made; making them again is safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn put_memories(&self, items: &[NewMemory]) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        with_retry(&self.pool, |connection| memories::put_many(connection, items))
            .map_err(|error| error.with_operation("put_memories"))
    }

    /// Returns an item.
    ///
    /// A read extends an item with a time to live, exact to a second, or to a tenth of a shorter time. On
    /// a read-only database it does not.
    ///
    /// # Arguments
    /// - `namespace`: Namespace of the item.
    /// - `key`: Key in the namespace.
    /// - `refresh_ttl`: Whether the time to live starts again.
    ///
    /// # Returns
    /// `None` if the item does not exist, or has expired.
    ///
    /// # Errors
    /// - `InvalidInput`: `namespace` or `key` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_memory(
        &self,
        namespace: &[String],
        key: &str,
        #[argument(default = true)] refresh_ttl: bool,
    ) -> Result<Option<Memory>> {
        let run = || {
            let encoded = memories::check_key(namespace, key)?;
            let found = memories::get(&mut *self.pool.reader()?, &encoded, key)?;
            let Some(mut found) = found else { return Ok(None) };
            if refresh_ttl {
                self.refresh(std::slice::from_mut(&mut found))?;
            }
            found.into_memory().map(Some)
        };
        run().map_err(|error: Error| error.with_operation("get_memory"))
    }

    /// Deletes an item.
    ///
    /// # Arguments
    /// - `namespace`: Namespace of the item.
    /// - `key`: Key in the namespace.
    ///
    /// # Returns
    /// `false` if the item does not exist, or has expired.
    ///
    /// # Errors
    /// - `InvalidInput`: `namespace` or `key` is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_memory(&self, namespace: &[String], key: &str) -> Result<bool> {
        let run = || {
            let encoded = memories::check_key(namespace, key)?;
            with_retry(&self.pool, |connection| memories::delete(connection, &encoded, key))
        };
        run().map_err(|error: Error| error.with_operation("delete_memory"))
    }

    /// Deletes all items below a namespace, in batches. For example, it deletes everything that is stored
    /// about a user whose id is a segment.
    ///
    /// # Arguments
    /// - `prefix`: First segments of the namespaces, one or more.
    ///
    /// # Returns
    /// The number of deleted items, with expired ones.
    ///
    /// # Errors
    /// - `InvalidInput`: `prefix` is empty, or a segment is invalid. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some items may be deleted.
    /// Call it again.
    #[operation(write)]
    pub fn delete_memories_under(&self, prefix: &[String]) -> Result<u64> {
        let run = || {
            let encoded = memories::encode("prefix", prefix)?;
            in_batches(&self.pool, |connection, most| {
                memories::delete_batch_under(connection, &encoded, most)
            })
        };
        run().map_err(|error: Error| error.with_operation("delete_memories_under"))
    }

    /// Deletes the items that have expired, in batches.
    ///
    /// No call returns them. Deleting them frees their disk space.
    ///
    /// # Returns
    /// The number of deleted items.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some items may be deleted.
    /// Call it again.
    #[operation(write)]
    pub fn delete_expired_memories(&self) -> Result<u64> {
        let now = Timestamp::now();
        let deleted = in_batches(&self.pool, |connection, most| {
            memories::delete_batch_expired(connection, now, most)
        });
        deleted.map_err(|error| error.with_operation("delete_expired_memories"))
    }

    /// Extends read items. A read-only database returns them as they are.
    fn refresh(&self, rows: &mut [StoredMemory]) -> Result<()> {
        let now = Timestamp::now();
        let due = rows.iter().filter_map(|row| Some((row.id, row.extended(now)?)));
        let due: Vec<_> = due.collect();
        if due.is_empty() {
            return Ok(());
        }
        match with_retry(&self.pool, |connection| memories::refresh(connection, &due)) {
            Err(error) if error.kind() == ErrorKind::ReadOnly => return Ok(()),
            outcome => outcome?,
        }
        for row in rows {
            if let Some(end) = row.extended(now) {
                row.expires_at = Some(end);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for MemoryManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
