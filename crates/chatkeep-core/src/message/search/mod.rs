//! Case-insensitive substring search, with the same results on every engine.
//!
//! The engines fold case differently: SQLite's `LIKE` only handles ASCII, PostgreSQL's depends on
//! the locale, and MySQL's collations also ignore accents. So case folding is defined once, in
//! [`case_folding`](crate::case_folding). Servers get a regular expression that lists each
//! character's variants; SQLite calls back into this program ([`matches`]).
//!
//! Without a search index, messages are scanned newest first until the page is full. With one
//! ([`index`]), the newest messages are scanned first too, because they soon fill a page for a
//! frequent text. Only for a rarer text is the index queried for candidates ([`candidates`]). The
//! condition is the same in each case, and so are the results.

mod candidates;
mod folding;
mod index;
mod matches;
mod ngram;
mod trigrams;

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use self::candidates::Candidates;
pub use self::index::{
    SearchIndexState, create_search_index, drop_search_index, search_index_minimum,
    search_index_state,
};
use self::matches::Matches;
use super::cursor::Cursor;
use super::filter::{MessageFilter, Page};
use super::metadata_filter::MetadataHas;
use super::record::Message;
use super::select::filtered;
use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::schema::messages;
use crate::value::Timestamp;
use crate::value::refuse_nul;

/// Maximum length of a search text, in characters.
pub const MAX_QUERY: usize = 1_000;
/// Columns that are searched.
const COLUMNS: [&str; 2] = ["user_message", "bot_response"];
/// Number of messages, newest first, that are scanned before the index is queried.
const NEWEST: i64 = 2_000;

/// Scan factor for frequent texts. A text is frequent if scanning this many times [`NEWEST`]
/// messages is expected to fill the page.
const SCAN_FACTOR: i64 = 25;

/// Returns the messages that match the filter, and whose text or response contains this text,
/// newest first.
///
/// # Errors
/// - `InvalidInput` with the field `query` if the text is empty, has more than 1,000 characters or
///   contains a NUL character.
/// - `InvalidInput` with the field `limit`, `offset` or `cursor` if the page is invalid.
/// - `Unavailable` or another connection error if the database does not answer.
pub fn search(
    connection: &mut Connection,
    query: &str,
    filter: &MessageFilter,
    page: &Page,
) -> Result<Vec<Message>> {
    page.check()?;
    check(query)?;
    let matches = Matches::new(query, connection.engine());
    // The messages of a conversation or a user are few, and read by an index of their own.
    if filter.conversation_id.is_some() || filter.user_id.is_some() {
        return load(connection, matches.in_order(), None, None, filter, page);
    }
    let index = index::inspect(connection)?;
    let Some(candidates) = Candidates::of(connection, &index, query)? else {
        // PostgreSQL would use the index even if it misses messages with this text.
        let is_ready = index.state == SearchIndexState::Ready;
        let matches = if is_ready { matches.in_order() } else { matches };
        return load(connection, matches, None, None, filter, page);
    };
    let Some(oldest) = scan_limit(connection, page.cursor)? else {
        return load(connection, matches.in_order(), None, None, filter, page);
    };
    let newest = load(connection, matches.in_order(), None, Some(oldest), filter, page)?;
    let found = newest.len() as i64;
    if found == page.limit {
        return Ok(newest);
    }
    // For a frequent text, continuing the scan soon fills the page. Fetching many candidates takes
    // longer than the scan.
    let is_frequent = found * SCAN_FACTOR >= page.limit + page.offset;
    if is_frequent || candidates.are_many(connection)? {
        return load(connection, matches.in_order(), None, None, filter, page);
    }
    let matches = if candidates.is_pattern() { matches } else { matches.in_order() };
    load(connection, matches, Some(candidates), None, filter, page)
}

/// Validates the search text.
fn check(query: &str) -> Result<()> {
    let length = query.chars().take(MAX_QUERY + 1).count();
    if length == 0 {
        return Err(Error::invalid_input("query", "must not be empty"));
    }
    if length > MAX_QUERY {
        return Err(Error::invalid_input(
            "query",
            format!("must have at most {MAX_QUERY} characters"),
        ));
    }
    refuse_nul("query", query)
}

/// Restricts a query to the messages after a cursor, newest first.
macro_rules! after_cursor {
    ($query:expr, $cursor:expr) => {{
        let mut query = $query;
        if let Some(cursor) = $cursor {
            query =
                query.filter(messages::timestamp.le(cursor.timestamp()).and(
                    messages::timestamp.lt(cursor.timestamp()).or(messages::id.lt(cursor.id())),
                ));
        }
        query
    }};
}

/// Returns the timestamp at position [`NEWEST`] after the cursor; `None` if there are fewer
/// messages.
fn scan_limit(connection: &mut Connection, cursor: Option<Cursor>) -> Result<Option<Timestamp>> {
    let timestamp = on_engine!(connection, c => {
        after_cursor!(messages::table.select(messages::timestamp).into_boxed(), cursor)
            .order((messages::timestamp.desc(), messages::id.desc()))
            .offset(NEWEST)
            .limit(1)
            .get_result::<Timestamp>(c)
            .optional()
    });
    timestamp.map_err(|error| connection.read_error(error))
}

/// Returns a page of the matching messages. If given, `candidates` and `oldest` restrict it to
/// candidates of the index and to messages that are not older than this timestamp.
fn load(
    connection: &mut Connection,
    matches: Matches,
    candidates: Option<Candidates>,
    oldest: Option<Timestamp>,
    filter: &MessageFilter,
    page: &Page,
) -> Result<Vec<Message>> {
    let engine = connection.engine();
    let rows = on_engine!(connection, c => {
        let query = messages::table.select(messages::all_columns).into_boxed();
        let mut query = filtered!(after_cursor!(query, page.cursor), filter, engine)
            .filter(matches)
            .order((messages::timestamp.desc(), messages::id.desc()))
            .limit(page.limit);
        if page.offset > 0 {
            query = query.offset(page.offset);
        }
        if let Some(candidates) = candidates {
            query = query.filter(candidates);
        }
        if let Some(oldest) = oldest {
            query = query.filter(messages::timestamp.ge(oldest));
        }
        query.load::<Message>(c)
    });
    rows.map_err(|error| connection.read_error(error))
}
