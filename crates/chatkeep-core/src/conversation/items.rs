//! The items of conversations. Their positions have no gaps, because every change locks the
//! conversation and only the last items are removed.

use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl};

use super::activity::begin_item_change;
use super::mysql_pages::ItemRows;
use super::record::{ConversationItem, NewItem, check_items, each_item};
use crate::connection::{Connection, Session, insert_many, on_engine};
use crate::error::{Error, Result};
use crate::schema::conversation_items;
use crate::value::{Metadata, Timestamp};

/// The columns of a [`ConversationItem`].
const COLUMNS: (
    conversation_items::position,
    conversation_items::role,
    conversation_items::kind,
    conversation_items::content,
    conversation_items::message_id,
    conversation_items::created_at,
) = (
    conversation_items::position,
    conversation_items::role,
    conversation_items::kind,
    conversation_items::content,
    conversation_items::message_id,
    conversation_items::created_at,
);

#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = conversation_items)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    conversation_id: i64,
    position: i64,
    role: &'a str,
    kind: &'a str,
    content: &'a Metadata,
    message_id: Option<i64>,
    created_at: Timestamp,
}

/// The items to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemRange {
    /// The last ones.
    Last,
    /// The last ones before this position.
    Before(i64),
    /// The first ones after this position.
    After(i64),
}

/// Appends items, and returns their positions. `None` if the conversation does not exist.
///
/// # Errors
/// `InvalidInput` with the item's index and field; `Conflict`, not retryable, with the field
/// `expected_item_version`; `OutcomeUnknown` or another error of the database.
pub fn append_items(
    connection: &mut Connection,
    conversation: i64,
    items: &[NewItem],
    expected_version: Option<i64>,
) -> Result<Option<Vec<i64>>> {
    check(connection, items)?;
    connection.transaction(|connection| {
        let now = Timestamp::now();
        // An empty list does not count as activity.
        let activity = if items.is_empty() { Timestamp::MIN } else { now };
        if !begin_item_change(connection, conversation, activity, expected_version)? {
            return Ok(None);
        }
        let first = last_position(connection, conversation)? + 1;
        insert(connection, conversation, first, items, now).map(Some)
    })
}

/// Replaces the items from a position on, and returns the positions of the new ones. `None` if the
/// conversation does not exist.
///
/// # Errors
/// `InvalidInput` with the item's index and field, or with the field `from_position` unless it is
/// between 1 and the position after the last item; `Conflict`, not retryable, with the field
/// `expected_item_version`; `OutcomeUnknown` or another error of the database.
pub fn replace_items(
    connection: &mut Connection,
    conversation: i64,
    from: i64,
    items: &[NewItem],
    expected_version: Option<i64>,
) -> Result<Option<Vec<i64>>> {
    check(connection, items)?;
    connection.transaction(|connection| {
        let now = Timestamp::now();
        if !begin_item_change(connection, conversation, now, expected_version)? {
            return Ok(None);
        }
        let next = last_position(connection, conversation)? + 1;
        if !(1..=next).contains(&from) {
            return Err(Error::invalid_input(
                "from_position",
                format!("must be between 1 and {next}, the position of the next item, not {from}"),
            ));
        }
        delete_from(connection, conversation, from)?;
        insert(connection, conversation, from, items, now).map(Some)
    })
}

/// Removes up to `count` of the last items, and returns them in order. `None` if the conversation
/// does not exist.
///
/// # Errors
/// `Conflict`, not retryable, with the field `expected_item_version`; `OutcomeUnknown` or another
/// error of the database.
pub fn pop_items(
    connection: &mut Connection,
    conversation: i64,
    count: i64,
    expected_version: Option<i64>,
) -> Result<Option<Vec<ConversationItem>>> {
    connection.transaction(|connection| {
        if !begin_item_change(connection, conversation, Timestamp::MIN, expected_version)? {
            return Ok(None);
        }
        let items = get_items(connection, conversation, ItemRange::Last, count)?;
        if let Some(first) = items.first() {
            delete_from(connection, conversation, first.position)?;
        }
        Ok(Some(items))
    })
}

/// Removes all items, and returns their number. `None` if the conversation does not exist.
///
/// # Errors
/// `Conflict`, not retryable, with the field `expected_item_version`; `OutcomeUnknown` or another
/// error of the database.
pub fn clear_items(
    connection: &mut Connection,
    conversation: i64,
    expected_version: Option<i64>,
) -> Result<Option<u64>> {
    connection.transaction(|connection| {
        if !begin_item_change(connection, conversation, Timestamp::MIN, expected_version)? {
            return Ok(None);
        }
        delete_from(connection, conversation, i64::MIN).map(Some)
    })
}

/// Loads items in the order of an index.
macro_rules! in_order {
    ($connection:expr, $conversation:expr, $range:expr, $limit:expr) => {{
        let position = conversation_items::position;
        let all = conversation_items::table
            .filter(conversation_items::conversation_id.eq($conversation))
            .select(COLUMNS)
            .limit($limit);
        match $range {
            ItemRange::Last => all.order(position.desc()).load($connection),
            ItemRange::Before(end) => {
                all.filter(position.lt(end)).order(position.desc()).load($connection)
            }
            ItemRange::After(start) => {
                all.filter(position.gt(start)).order(position.asc()).load($connection)
            }
        }
    }};
}

/// Returns up to `limit` items, ordered by position.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn get_items(
    connection: &mut Connection,
    conversation: i64,
    range: ItemRange,
    limit: i64,
) -> Result<Vec<ConversationItem>> {
    let items = match &mut connection.session {
        Session::Sqlite(c) => in_order!(c, conversation, range, limit),
        Session::PostgreSql(c) => in_order!(c.as_mut(), conversation, range, limit),
        Session::MySql(c) => ItemRows { conversation, range, limit }.load(c.as_mut()),
    };
    let mut items = items.map_err(|error| connection.read_error(error))?;
    items.sort_unstable_by_key(|item: &ConversationItem| item.position);
    Ok(items)
}

/// Checks that this database can store the items.
pub(super) fn check(connection: &Connection, items: &[NewItem]) -> Result<()> {
    check_items(items)?;
    match connection.max_row_bytes() {
        Some(limit) => each_item(items, |item| item.check_size(limit)),
        None => Ok(()),
    }
}

fn last_position(connection: &mut Connection, conversation: i64) -> Result<i64> {
    let last = on_engine!(connection, c => conversation_items::table
        .filter(conversation_items::conversation_id.eq(conversation))
        .order(conversation_items::position.desc())
        .select(conversation_items::position)
        .limit(1)
        .get_result::<i64>(c)
        .optional());
    last.map(|position| position.unwrap_or(0)).map_err(|error| connection.read_error(error))
}

fn delete_from(connection: &mut Connection, conversation: i64, position: i64) -> Result<u64> {
    let deleted = on_engine!(connection, c => {
        let rows = conversation_items::table
            .filter(conversation_items::conversation_id.eq(conversation))
            .filter(conversation_items::position.ge(position));
        diesel::delete(rows).execute(c)
    });
    deleted.map(|count| count as u64).map_err(|error| connection.write_error(error))
}

/// Stores items from the position `first` on, and returns their positions.
pub(super) fn insert(
    connection: &mut Connection,
    conversation: i64,
    first: i64,
    items: &[NewItem],
    now: Timestamp,
) -> Result<Vec<i64>> {
    let rows: Vec<_> = (first..)
        .zip(items)
        .map(|(position, item)| NewRow {
            conversation_id: conversation,
            position,
            role: &item.role,
            kind: &item.kind,
            content: &item.content,
            message_id: item.message_id,
            created_at: now,
        })
        .collect();
    let size = |row: &NewRow<'_>| row.content.as_json().len();
    let stored = insert_many!(connection, conversation_items, &rows, size);
    stored.map_err(|error| connection.insert_error(error))?;
    Ok(rows.into_iter().map(|row| row.position).collect())
}
