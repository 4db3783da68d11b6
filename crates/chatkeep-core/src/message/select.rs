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
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::messages;

/// Adds the conditions of the filter to a boxed query.
macro_rules! filtered {
    ($query:expr, $filter:expr, $engine:expr) => {{
        let mut query = $query;
        if let Some(provider) = &$filter.provider {
            query = query.filter(messages::provider.eq(provider));
        }
        if let Some(model) = &$filter.model {
            query = query.filter(messages::model.eq(model));
        }
        if let Some(conversation_id) = $filter.conversation_id {
            query = query.filter(messages::conversation_id.eq(conversation_id));
        }
        if let Some(user_id) = $filter.user_id {
            query = query.filter(messages::user_id.eq(user_id));
        }
        if let Some(start) = $filter.start {
            query = query.filter(messages::timestamp.ge(start));
        }
        if let Some(end) = $filter.end {
            query = query.filter(messages::timestamp.le(end));
        }
        for condition in &$filter.metadata {
            query = query.filter(MetadataHas::new(condition, $engine));
        }
        query
    }};
}
pub(super) use filtered;

/// Adds the condition that a column has one value, as a range, and begins the order with it.
macro_rules! in_range {
    ($query:expr, $column:expr, $value:expr, $order:expr) => {{
        let query = $query.filter($column.ge($value).and($column.le($value)));
        match $order {
            Order::NewestFirst => query.order($column.desc()),
            Order::OldestFirst => query.order($column.asc()),
        }
    }};
}

/// Returns the message with this id, or `None` if it does not exist.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn get(connection: &mut Connection, id: i64) -> Result<Option<Message>> {
    let found = on_engine!(connection, c => messages::table
        .filter(messages::id.eq(id))
        .select(messages::all_columns)
        .get_result::<Message>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Returns the number of matching messages.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn count(connection: &mut Connection, filter: &MessageFilter) -> Result<i64> {
    let engine = connection.engine();
    let counted = on_engine!(connection, c => {
        filtered!(messages::table.count().into_boxed(), filter, engine).get_result::<i64>(c)
    });
    counted.map_err(|error| connection.read_error(error))
}

/// Returns a page of the matching messages, newest first.
///
/// # Errors
/// `InvalidInput` if the page is invalid; `Unavailable` or another connection error if the database
/// does not answer.
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

/// A chunk of the messages after a cursor.
#[derive(Debug)]
pub struct Chunk {
    /// Messages in the requested order.
    pub messages: Vec<Message>,
    /// Whether fewer messages were returned than requested because of [`CHUNK_BYTES`].
    pub is_truncated: bool,
}

/// Maximum size of a chunk, in bytes, unless its only message is larger. It limits the memory that
/// one step of an iterator needs.
pub const CHUNK_BYTES: u64 = 4 << 20;

/// Returns the next messages after a cursor, in the given order.
///
/// The chunk has at most `limit` messages, and at most 4 MiB unless a single message is larger.
/// Iterators call this repeatedly.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn list_after(
    connection: &mut Connection,
    filter: &MessageFilter,
    cursor: Option<Cursor>,
    order: Order,
    limit: i64,
) -> Result<Chunk> {
    let budget = RowBudget::bytes(CHUNK_BYTES as usize);
    let read =
        |connection: &mut Connection| load(connection, filter, cursor, order, limit, 0, budget);
    let ((messages, left_out), not_received) = connection.within_budget(budget, read)?;
    Ok(Chunk { messages, is_truncated: left_out || not_received })
}

/// Returns at most `limit` messages within the budget, and whether the budget left out others.
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
    // For the equality with a value, MariaDB looks up the value alone, and reads all of its rows up
    // to the page. As a range of one value, the condition lets it seek to the page. The index has
    // the order only if that begins with the column, which is the same in all rows.
    let (mut others, mut in_range) = (filter.clone(), MessageFilter::default());
    if cursor.is_some() && engine == Engine::MariaDb {
        in_range.provider = others.provider.take();
        in_range.user_id = others.user_id.take();
        in_range.conversation_id = others.conversation_id.take();
    }
    let rows = on_engine!(connection, c => {
        let query = messages::table.select(messages::all_columns).limit(limit).into_boxed();
        let mut query = filtered!(query, others, engine);
        // The order begins with the last one.
        if let Some(provider) = &in_range.provider {
            query = in_range!(query, messages::provider, provider, order);
        }
        if let Some(id) = in_range.user_id {
            query = in_range!(query, messages::user_id, id, order);
        }
        if let Some(id) = in_range.conversation_id {
            query = in_range!(query, messages::conversation_id, id, order);
        }
        if offset > 0 {
            query = query.offset(offset);
        }
        // The bound on the timestamp alone is redundant, but lets the engine seek in the index.
        let position = cursor.map(|cursor| (cursor.timestamp(), cursor.id()));
        query = match (order, position) {
            (_, None) => query,
            (Order::NewestFirst, Some((timestamp, id))) => query.filter(
                messages::timestamp.le(timestamp)
                    .and(messages::timestamp.lt(timestamp).or(messages::id.lt(id))),
            ),
            (Order::OldestFirst, Some((timestamp, id))) => query.filter(
                messages::timestamp.ge(timestamp)
                    .and(messages::timestamp.gt(timestamp).or(messages::id.gt(id))),
            ),
        };
        query = match order {
            Order::NewestFirst => {
                query.then_order_by((messages::timestamp.desc(), messages::id.desc()))
            }
            Order::OldestFirst => {
                query.then_order_by((messages::timestamp.asc(), messages::id.asc()))
            }
        };
        query.load_iter::<Message, DefaultLoadingMode>(c).and_then(|rows| first(rows, budget))
    });
    rows.map_err(|error| connection.read_error(error))
}

/// Returns the first rows within the budget, and whether it left out others. SQLite reads only one
/// row that it leaves out.
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
