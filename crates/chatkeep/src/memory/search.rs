//! Searches, and lists of namespaces.

use chatkeep_core::memories::{MemorySearch, NamespaceList, StoredMemory};
use chatkeep_core::{Error, Memory, Metadata, Result};
use chatkeep_macros::operations;

use super::MemoryManager;

#[operations(part = SEARCH, receiver = memory)]
impl MemoryManager {
    /// Returns the items below a namespace, the last stored first.
    ///
    /// A filter has conditions on keys of the values, and an item must meet all of them. A condition is a
    /// value that must be equal, or an object of operators: `$eq`, `$ne`, `$gt`, `$gte`, `$lt` and `$lte`.
    /// Numbers are compared by value, so 1 and 1.0 are equal. Strings are compared by their code points. A
    /// number is neither less nor greater than a string. A missing key is null.
    ///
    /// ```
    /// use chatkeep::Metadata;
    ///
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let memory = chat.memory();
    /// for (user, age) in [("ada", 36), ("alan", 41)] {
    ///     let value = Metadata::parse(&format!(r#"{{"age": {age}}}"#))?;
    ///     memory.put_memory(&["users".into(), user.into()], "profile", &value, None)?;
    /// }
    /// let filter = Metadata::parse(r#"{"age": {"$gt": 40}}"#)?;
    /// let found = memory.search_memories(&["users".into()], Some(filter), 10, 0, true)?;
    /// assert_eq!(found[0].namespace, ["users", "alan"]);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `prefix`: First segments of the namespaces. An empty list finds items in all namespaces.
    /// - `filter`: Conditions on keys of the values. With a filter, all items below the namespace are read.
    /// - `limit`: Maximum number of items to return (1–10,000).
    /// - `offset`: Number of items to skip.
    /// - `refresh_ttl`: Whether the time to live of the returned items starts again.
    ///
    /// # Errors
    /// - `InvalidInput`: an argument is invalid, or an operator of the filter is unknown.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn search_memories(
        &self,
        prefix: &[String],
        filter: Option<Metadata>,
        #[argument(default = 10)] limit: i64,
        #[argument(default = 0)] offset: i64,
        #[argument(default = true)] refresh_ttl: bool,
    ) -> Result<Vec<Memory>> {
        let run = || {
            let mut search = MemorySearch::new(prefix, filter.as_ref(), limit, offset)?;
            while search.step(&mut *self.pool.reader()?)? {}
            let mut rows = search.into_rows();
            if refresh_ttl {
                self.refresh(&mut rows)?;
            }
            rows.into_iter().map(StoredMemory::into_memory).collect::<Result<_>>()
        };
        run().map_err(|error: Error| error.with_operation("search_memories"))
    }

    /// Returns the namespaces that have items.
    ///
    /// They are ordered by their segments, each of which is followed by a slash, compared by bytes.
    ///
    /// # Arguments
    /// - `prefix`: First segments of the namespaces. `*` is any one segment.
    /// - `suffix`: Last segments of the namespaces. `*` is any one segment.
    /// - `max_depth`: Number of segments, 1 or more, after which a namespace is cut. Those that are equal
    ///   then are returned once.
    /// - `limit`: Maximum number of namespaces to return (1–10,000).
    /// - `offset`: Number of namespaces to skip.
    ///
    /// # Returns
    /// The namespaces, each as a list of segments.
    ///
    /// # Errors
    /// - `InvalidInput`: an argument is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_memory_namespaces(
        &self,
        prefix: Option<Vec<String>>,
        suffix: Option<Vec<String>>,
        max_depth: Option<i64>,
        #[argument(default = 100)] limit: i64,
        #[argument(default = 0)] offset: i64,
    ) -> Result<Vec<Vec<String>>> {
        let run = || {
            let mut list = NamespaceList::new(prefix, suffix, max_depth, limit, offset)?;
            while list.step(&mut *self.pool.reader()?)? {}
            Ok(list.into_namespaces())
        };
        run().map_err(|error: Error| error.with_operation("list_memory_namespaces"))
    }
}
