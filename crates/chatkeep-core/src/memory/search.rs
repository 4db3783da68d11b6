//! Searches below a namespace.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use diesel::connection::DefaultLoadingMode;
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};

use super::filter::MemoryFilter;
use super::mysql_pages::{LatestRows, RowsByKey};
use super::namespace::NamespaceRange;
use super::namespaces::check_window;
use super::rows::{StoredMemory, graph_memories};
use crate::connection::{Connection, MAX_BYTES, RowBudget, Session, first_within};
use crate::error::Result;
use crate::unexpired::unexpired;
use crate::value::{Metadata, Timestamp};

/// Maximum number of rows that one query of a filtered search reads.
const PAGE: i64 = 1_000;

/// A search while it is made. The items are ordered by the time of their last change, the latest
/// first; those with the same time by their ids.
///
/// Without a filter, the database orders the items. With one, all items of the range are read in
/// the order of their keys, which never change, and the latest ones that match are kept: an item
/// that is replaced during the search is neither missed nor found twice.
#[derive(Debug)]
pub struct MemorySearch {
    range: NamespaceRange,
    filter: MemoryFilter,
    limit: usize,
    offset: usize,
    /// Namespace and key after which the next page starts.
    after: Option<(String, String)>,
    found: BTreeMap<Reverse<(Timestamp, i64)>, StoredMemory>,
}

/// The items that a query reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) range: &'a NamespaceRange,
    pub(super) after: Option<(&'a str, &'a str)>,
    pub(super) now: Timestamp,
    pub(super) limit: i64,
    pub(super) offset: i64,
}

impl MemorySearch {
    /// Creates a search for up to `limit` items, without the first `offset` ones.
    ///
    /// # Errors
    /// `InvalidInput` with the invalid field.
    pub fn new(
        prefix: &[String],
        filter: Option<&Metadata>,
        limit: i64,
        offset: i64,
    ) -> Result<Self> {
        let range = NamespaceRange::new("prefix", prefix)?;
        let filter = filter.map(MemoryFilter::new).transpose()?.unwrap_or_default();
        let (limit, offset) = check_window(limit, offset)?;
        Ok(Self { range, filter, limit, offset, after: None, found: BTreeMap::new() })
    }

    /// Reads a page. Returns false after the last one.
    ///
    /// # Errors
    /// `Unavailable` or another error of the database.
    pub fn step(&mut self, connection: &mut Connection) -> Result<bool> {
        if self.filter.is_empty() {
            let rows = latest(connection, &self.page(self.limit as i64))?;
            self.offset = 0;
            self.found.extend(rows.into_iter().map(with_order));
            return Ok(false);
        }
        let (rows, is_last) = by_key(connection, &self.page(PAGE))?;
        self.after = rows.last().map(|row| (row.namespace.clone(), row.item_key.clone()));
        let most = self.limit.saturating_add(self.offset);
        for row in rows {
            if self.filter.matches(&row.value) {
                let (order, row) = with_order(row);
                self.found.insert(order, row);
                if self.found.len() > most {
                    self.found.pop_last();
                }
            }
        }
        Ok(!is_last)
    }

    /// Returns the items that were found.
    pub fn into_rows(self) -> Vec<StoredMemory> {
        self.found.into_values().skip(self.offset).take(self.limit).collect()
    }

    fn page(&self, limit: i64) -> Page<'_> {
        Page {
            range: &self.range,
            after: self.after.as_ref().map(|(namespace, key)| (namespace.as_str(), key.as_str())),
            now: Timestamp::now(),
            limit,
            offset: i64::try_from(self.offset).unwrap_or(i64::MAX),
        }
    }
}

fn with_order(row: StoredMemory) -> (Reverse<(Timestamp, i64)>, StoredMemory) {
    (Reverse((row.updated_at, row.id)), row)
}

/// Builds the query of the items that exist in a range.
macro_rules! existing {
    ($page:expr) => {{
        use graph_memories::dsl;
        let page = $page;
        let mut query = graph_memories::table
            .filter(dsl::namespace.ge(&page.range.start))
            .filter(unexpired!(graph_memories, page.now))
            .limit(page.limit)
            .into_boxed();
        if let Some(end) = &page.range.end {
            query = query.filter(dsl::namespace.lt(end));
        }
        query
    }};
}

/// Builds the query of the latest items.
macro_rules! latest {
    ($page:expr) => {
        existing!($page)
            .order((graph_memories::updated_at.desc(), graph_memories::id.desc()))
            .offset($page.offset)
    };
}

/// Builds the query of a page in the order of the keys.
macro_rules! by_key {
    ($page:expr) => {{
        use graph_memories::dsl;
        let mut query = existing!($page).order((dsl::namespace.asc(), dsl::item_key.asc()));
        // The first bound is redundant, but lets the engine seek in the index.
        if let Some((namespace, key)) = $page.after {
            query = query
                .filter(dsl::namespace.ge(namespace))
                .filter(dsl::namespace.gt(namespace).or(dsl::item_key.gt(key)));
        }
        query
    }};
}

fn latest(connection: &mut Connection, page: &Page<'_>) -> Result<Vec<StoredMemory>> {
    let rows = match &mut connection.session {
        Session::Sqlite(c) => latest!(page).load::<StoredMemory>(c),
        Session::PostgreSql(c) => latest!(page).load::<StoredMemory>(c.as_mut()),
        Session::MySql(c) => LatestRows(page).load::<StoredMemory>(c.as_mut()),
    };
    rows.map_err(|error| connection.read_error(error))
}

/// Reads a page, some megabytes at most. Also returns whether it is the last one.
fn by_key(connection: &mut Connection, page: &Page<'_>) -> Result<(Vec<StoredMemory>, bool)> {
    let budget = RowBudget::bytes(MAX_BYTES);
    let read = |connection: &mut Connection| {
        let mut left = budget;
        let rows = match &mut connection.session {
            Session::Sqlite(c) => by_key!(page)
                .load_iter::<StoredMemory, DefaultLoadingMode>(c)
                .and_then(|rows| first_within(rows, &mut left, StoredMemory::size)),
            Session::PostgreSql(c) => by_key!(page).load::<StoredMemory>(c.as_mut()),
            Session::MySql(c) => RowsByKey(page).load::<StoredMemory>(c.as_mut()),
        };
        let rows = rows.map_err(|error| connection.read_error(error))?;
        Ok((rows, left.is_cut()))
    };
    let ((rows, is_cut), is_cut_on_server) = connection.within_budget(budget, read)?;
    let is_last = !is_cut && !is_cut_on_server && (rows.len() as i64) < page.limit;
    Ok((rows, is_last))
}
