//! Lists of the namespaces that have items.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::namespace::{NamespaceRange, Pattern, decode, encode, end_of};
use super::rows::{graph_memories, not_a_namespace};
use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::unexpired::unexpired;
use crate::value::{Timestamp, check_limit};

/// Number of namespaces that one query reads.
const PAGE: i64 = 1_000;

/// A list of namespaces while it is read, in the order of their encoded texts.
#[derive(Debug)]
pub struct NamespaceList {
    prefix: Pattern,
    suffix: Pattern,
    max_depth: usize,
    left: usize,
    skipped: usize,
    /// The range of the next page. It may begin with the last namespace of the previous page.
    range: NamespaceRange,
    found: Vec<Vec<String>>,
    last: Option<Vec<String>>,
}

impl NamespaceList {
    /// Creates a list of up to `limit` namespaces, without the first `offset` ones.
    ///
    /// # Errors
    /// `InvalidInput` with the invalid field.
    pub fn new(
        prefix: Option<Vec<String>>,
        suffix: Option<Vec<String>>,
        max_depth: Option<i64>,
        limit: i64,
        offset: i64,
    ) -> Result<Self> {
        let prefix = Pattern::new("prefix", prefix.unwrap_or_default())?;
        let suffix = Pattern::new("suffix", suffix.unwrap_or_default())?;
        let max_depth = match max_depth {
            None => usize::MAX,
            Some(depth) => {
                usize::try_from(depth).ok().filter(|depth| *depth > 0).ok_or_else(|| {
                    let message = format!("must be 1 or more, not {depth}");
                    Error::invalid_input("max_depth", message)
                })?
            }
        };
        let (left, skipped) = check_window(limit, offset)?;
        let range = prefix.range("prefix")?;
        Ok(Self { prefix, suffix, max_depth, left, skipped, range, found: Vec::new(), last: None })
    }

    /// Reads a page. Returns false after the last one.
    ///
    /// # Errors
    /// `Unavailable` or another error of the database.
    pub fn step(&mut self, connection: &mut Connection) -> Result<bool> {
        let names = self.read(connection)?;
        let is_full = names.len() as i64 == PAGE;
        let mut last_read = None;
        for name in names {
            let namespace = decode(&name).ok_or_else(not_a_namespace)?;
            last_read = Some(name);
            if !self.prefix.matches_start(&namespace) || !self.suffix.matches_end(&namespace) {
                continue;
            }
            let depth = namespace.len().min(self.max_depth);
            let namespace = namespace[..depth].to_vec();
            // Namespaces with the same first segments are neighbours, and the last one of a page is
            // read again.
            if self.last.as_ref() == Some(&namespace) {
                continue;
            }
            if self.skipped > 0 {
                self.skipped -= 1;
            } else {
                self.found.push(namespace.clone());
                self.left -= 1;
                if self.left == 0 {
                    return Ok(false);
                }
            }
            self.last = Some(namespace);
        }
        let (true, Some(last_read)) = (is_full, last_read) else { return Ok(false) };
        // Those below a namespace that was shortened would only be found again.
        let shortened = self.last.as_ref().filter(|found| found.len() == self.max_depth);
        let below = shortened.map(|found| encode("prefix", found)).transpose()?;
        let cut = below.filter(|below| last_read.starts_with(below));
        self.range.start = cut.as_deref().and_then(end_of).unwrap_or(last_read);
        Ok(true)
    }

    /// Returns the namespaces.
    pub fn into_namespaces(self) -> Vec<Vec<String>> {
        self.found
    }

    fn read(&self, connection: &mut Connection) -> Result<Vec<String>> {
        use graph_memories::dsl;
        let now = Timestamp::now();
        let NamespaceRange { start, end } = &self.range;
        let names = on_engine!(connection, c => {
            let mut query = graph_memories::table
                .select(dsl::namespace)
                .distinct()
                .filter(dsl::namespace.ge(start))
                .filter(unexpired!(graph_memories, now))
                .order(dsl::namespace.asc())
                .limit(PAGE)
                .into_boxed();
            if let Some(end) = end {
                query = query.filter(dsl::namespace.lt(end));
            }
            query.load::<String>(c)
        });
        names.map_err(|error| connection.read_error(error))
    }
}

/// Checks the maximum number of results and the number of skipped ones.
pub(super) fn check_window(limit: i64, offset: i64) -> Result<(usize, usize)> {
    check_limit(limit)?;
    let skipped = usize::try_from(offset)
        .map_err(|_| Error::invalid_input("offset", format!("must be 0 or more, not {offset}")))?;
    // It is between 1 and 10,000.
    Ok((limit as usize, skipped))
}
