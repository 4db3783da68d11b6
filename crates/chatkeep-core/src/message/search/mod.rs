//! Search: a substring, whatever its case, the same on every engine.
//!
//! No two engines fold case alike: SQLite's `LIKE` knows ASCII, PostgreSQL's depends on the locale, MySQL's collations
//! also drop accents. So "alike" is defined here, once ([`folding`]). Servers are sent a regular expression that spells
//! every character's variants out; SQLite calls back into this program ([`matches`]).
//!
//! Without a search index every message is looked at, newest first, until the page is full. With one ([`index`]), the
//! newest messages are looked at in the same way, because a frequent text is found among them at once; only for a rarer
//! one is the index asked for candidates ([`candidates`]). The condition itself is the same, and so are the results.

mod candidates;
mod folding;
mod index;
mod matches;
mod ngram;
mod trigrams;

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use self::candidates::Candidates;
pub(crate) use self::folding::register;
pub use self::index::{
    SearchIndexState, create_search_index, drop_search_index, search_index_minimum,
    search_index_state,
};
use self::matches::Matches;
use super::cursor::Cursor;
use super::filter::Page;
use super::new::refuse_nul;
use super::record::Message;
use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::schema::messages;
use crate::value::Timestamp;

/// The longest text that can be searched for, in characters.
pub const MAX_QUERY: usize = 1_000;
/// Where is searched.
const COLUMNS: [&str; 2] = ["user_message", "bot_response"];
/// So many of the newest messages are looked at before the index is asked.
const NEWEST: i64 = 2_000;

/// A text is frequent when looking at so many times as many messages should fill the page.
const MORE_TIMES: i64 = 25;

/// Messages whose text or answer contains this text, newest first.
///
/// # Errors
/// `InvalidInput` with the field `query` for an empty text or one of more than 1,000 characters, or when the page cannot
/// be asked for.
pub fn search(connection: &mut Connection, query: &str, page: &Page) -> Result<Vec<Message>> {
    page.check()?;
    check(query)?;
    let matches = Matches::new(query, connection.engine());
    let Some(candidates) = Candidates::of(connection, query)? else {
        return load(connection, matches, None, None, page);
    };
    let Some(oldest) = after_the_newest(connection, page.cursor)? else {
        return load(connection, matches.in_order(), None, None, page);
    };
    let newest = load(connection, matches.in_order(), None, Some(oldest), page)?;
    let found = newest.len() as i64;
    if found == page.limit {
        return Ok(newest);
    }
    // Some of it among the newest: looking on soon finds the rest. Or so many candidates that looking them up takes longer.
    let is_frequent = found * MORE_TIMES >= page.limit + page.offset;
    if is_frequent || candidates.are_many(connection)? {
        return load(connection, matches.in_order(), None, None, page);
    }
    load(connection, matches, Some(candidates), None, page)
}

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

/// Narrows a query down to what is behind a place.
macro_rules! behind {
    ($query:expr, $cursor:expr) => {{
        let mut query = $query;
        if let Some(behind) = $cursor {
            query =
                query.filter(messages::timestamp.le(behind.timestamp()).and(
                    messages::timestamp.lt(behind.timestamp()).or(messages::id.lt(behind.id())),
                ));
        }
        query
    }};
}

/// The moment of the last one of the newest messages behind this place; `None` when there are fewer.
fn after_the_newest(
    connection: &mut Connection,
    cursor: Option<Cursor>,
) -> Result<Option<Timestamp>> {
    let moment = on_engine!(connection, c => {
        behind!(messages::table.select(messages::timestamp).into_boxed(), cursor)
            .order((messages::timestamp.desc(), messages::id.desc()))
            .offset(NEWEST)
            .limit(1)
            .get_result::<Timestamp>(c)
            .optional()
    });
    moment.map_err(|error| connection.read_error(error))
}

/// A page of what matches: among these candidates, and not older than this moment.
fn load(
    connection: &mut Connection,
    matches: Matches,
    candidates: Option<Candidates>,
    oldest: Option<Timestamp>,
    page: &Page,
) -> Result<Vec<Message>> {
    let rows = on_engine!(connection, c => {
        let mut query = behind!(messages::table.select(messages::all_columns).into_boxed(), page.cursor)
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
