//! Lists of conversations by their last activity.

use std::cmp::Reverse;

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};

use super::mysql_pages::ConversationRows;
use super::record::ConversationPage;
use super::rows::StoredConversation;
use super::store::records;
use crate::connection::{Connection, Session};
use crate::error::Result;
use crate::message::{Cursor, next_page};
use crate::schema::chat_conversations;
use crate::value::check_limit;

/// The conversations of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedConversations {
    /// Internal id of their user. Without it, the list has those of all users.
    pub user_id: Option<i64>,
    /// Whether they are archived.
    pub archived: bool,
    /// Position after which the page starts.
    pub cursor: Option<Cursor>,
    /// Maximum number of conversations to return.
    pub limit: i64,
}

/// Builds the query of a page, whose order is that of an index.
macro_rules! in_order {
    ($listed:expr) => {{
        let listed = $listed;
        let mut query = chat_conversations::table
            .select(chat_conversations::all_columns)
            .order((chat_conversations::last_message_at.desc(), chat_conversations::id.desc()))
            .limit(listed.limit)
            .into_boxed();
        if let Some(user) = listed.user_id {
            query = query.filter(chat_conversations::user_id.eq(user));
        }
        query = if listed.archived {
            query.filter(chat_conversations::archived_at.is_not_null())
        } else {
            query.filter(chat_conversations::archived_at.is_null())
        };
        // The bound on the time alone is redundant, but lets the engine seek in the index.
        if let Some((time, id)) = listed.cursor.map(|cursor| (cursor.timestamp(), cursor.id())) {
            query = query.filter(chat_conversations::last_message_at.le(time).and(
                chat_conversations::last_message_at.lt(time).or(chat_conversations::id.lt(id)),
            ));
        }
        query
    }};
}

/// Returns a page of conversations, those with the latest activity first.
///
/// An index has the order, with or without a user. Rows in the other state of `archived` are read
/// and skipped.
///
/// # Errors
/// `InvalidInput` with the field `limit`; `Unavailable` or another error of the database.
pub fn list(connection: &mut Connection, listed: &ListedConversations) -> Result<ConversationPage> {
    check_limit(listed.limit)?;
    // One more row shows whether there is a next page.
    let wanted = ListedConversations { limit: listed.limit + 1, ..*listed };
    let rows = match &mut connection.session {
        Session::Sqlite(c) => in_order!(wanted).load::<StoredConversation>(c),
        Session::PostgreSql(c) => in_order!(wanted).load::<StoredConversation>(c.as_mut()),
        Session::MySql(c) => {
            let rows = ConversationRows(&wanted).load::<StoredConversation>(c.as_mut());
            rows.map(|mut rows| {
                rows.sort_unstable_by_key(|row| Reverse((row.last_message_at, row.id)));
                rows
            })
        }
    };
    let mut rows = rows.map_err(|error| connection.read_error(error))?;
    let next_cursor =
        next_page(&mut rows, listed.limit, |row| Cursor::after(row.last_message_at, row.id));
    Ok(ConversationPage { conversations: records(connection, rows)?, next_cursor })
}
