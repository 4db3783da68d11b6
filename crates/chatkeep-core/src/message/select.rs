//! Reading messages.

use diesel::connection::DefaultLoadingMode;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl,
};

use super::cursor::Cursor;
use super::filter::{MessageFilter, Order, Page};
use super::metadata_filter::MetadataHas;
use super::record::Message;
use crate::connection::{Connection, RowBudget, on_engine};
use crate::error::Result;
use crate::schema::messages;

/// Narrows a boxed query down to what the filter asks for.
macro_rules! filtered {
    ($query:expr, $filter:expr, $engine:expr) => {{
        let mut query = $query;
        if let Some(provider) = &$filter.provider {
            query = query.filter(messages::provider.eq(provider));
        }
        if let Some(model) = &$filter.model {
            query = query.filter(messages::model.eq(model));
        }
        if let Some(start) = $filter.start {
            query = query.filter(messages::timestamp.ge(start));
        }
        if let Some(end) = $filter.end {
            query = query.filter(messages::timestamp.le(end));
        }
        for wanted in &$filter.metadata {
            query = query.filter(MetadataHas::new(wanted, $engine));
        }
        query
    }};
}

/// The message with this id, if there is one.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer: never "not found".
pub fn get(connection: &mut Connection, id: i64) -> Result<Option<Message>> {
    let found = on_engine!(connection, c => messages::table
        .filter(messages::id.eq(id))
        .select(messages::all_columns)
        .get_result::<Message>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// How many messages match.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn count(connection: &mut Connection, filter: &MessageFilter) -> Result<i64> {
    let engine = connection.engine();
    let counted = on_engine!(connection, c => {
        filtered!(messages::table.count().into_boxed(), filter, engine).get_result::<i64>(c)
    });
    counted.map_err(|error| connection.read_error(error))
}

/// A page of the matching messages, newest first.
///
/// # Errors
/// `InvalidInput` when the page cannot be asked for.
pub fn list(
    connection: &mut Connection,
    filter: &MessageFilter,
    page: &Page,
) -> Result<Vec<Message>> {
    page.check()?;
    let all = RowBudget::unlimited();
    load(connection, filter, page.cursor, Order::NewestFirst, page.limit, page.offset, all)
        .map(|(messages, _)| messages)
}

/// Some of the messages behind a place.
#[derive(Debug)]
pub struct Piece {
    /// In the order that was asked for.
    pub messages: Vec<Message>,
    /// Whether more were left out because of their size.
    pub is_cut: bool,
}

/// Maximum size of a piece, in bytes, unless its only message is larger.
pub const PIECE_BYTES: u64 = 4 << 20;

/// Returns the next messages behind a place, in the given order: at most `limit`, and 4 MiB unless a single one is larger. An
/// iterator calls it again and again.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn after(
    connection: &mut Connection,
    filter: &MessageFilter,
    cursor: Option<Cursor>,
    order: Order,
    limit: i64,
) -> Result<Piece> {
    let budget = RowBudget::bytes(PIECE_BYTES as usize);
    let read =
        |connection: &mut Connection| load(connection, filter, cursor, order, limit, 0, budget);
    let ((messages, left_out), not_received) = connection.within_budget(budget, read)?;
    Ok(Piece { messages, is_cut: left_out || not_received })
}

fn load(
    connection: &mut Connection,
    filter: &MessageFilter,
    cursor: Option<Cursor>,
    order: Order,
    limit: i64,
    offset: i64,
    budget: RowBudget,
) -> Result<(Vec<Message>, bool)> {
    let engine = connection.engine();
    let rows = on_engine!(connection, c => {
        let query = messages::table.select(messages::all_columns).limit(limit).into_boxed();
        let mut query = filtered!(query, filter, engine);
        if offset > 0 {
            query = query.offset(offset);
        }
        // The bound on the timestamp alone is implied by the rest; it is what the index is entered with.
        query = match (order, cursor) {
            (_, None) => query,
            (Order::NewestFirst, Some(behind)) => query.filter(
                messages::timestamp.le(behind.timestamp())
                    .and(messages::timestamp.lt(behind.timestamp()).or(messages::id.lt(behind.id()))),
            ),
            (Order::OldestFirst, Some(behind)) => query.filter(
                messages::timestamp.ge(behind.timestamp())
                    .and(messages::timestamp.gt(behind.timestamp()).or(messages::id.gt(behind.id()))),
            ),
        };
        query = match order {
            Order::NewestFirst => query.order((messages::timestamp.desc(), messages::id.desc())),
            Order::OldestFirst => query.order((messages::timestamp.asc(), messages::id.asc())),
        };
        query.load_iter::<Message, DefaultLoadingMode>(c).and_then(|rows| first(rows, budget))
    });
    rows.map_err(|error| connection.read_error(error))
}

/// The first rows, up to the budget, and whether there are more. On SQLite the others are never read.
fn first(
    rows: impl Iterator<Item = QueryResult<Message>>,
    mut budget: RowBudget,
) -> QueryResult<(Vec<Message>, bool)> {
    let mut messages = Vec::with_capacity(rows.size_hint().0);
    for message in rows {
        let message = message?;
        if !budget.keeps(usize::try_from(message.size_in_bytes()).unwrap_or(usize::MAX)) {
            break;
        }
        messages.push(message);
    }
    Ok((messages, budget.is_cut()))
}
