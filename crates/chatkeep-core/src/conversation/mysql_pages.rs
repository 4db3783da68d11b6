//! Pages on MySQL and MariaDB.
//!
//! Their optimizers may sort whole tables instead of reading an index in its order, and MySQL
//! cannot sort rows whose JSON exceeds the sort buffer (error 1038). So the index is named, and only
//! ids are ordered by the server.

use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::items::ItemRange;
use super::list::ListedConversations;
use crate::connection::MysqlConnection;
use crate::message::Cursor;
use crate::schema::{Json, UtcTimestamp, chat_conversations};

/// The rows of a page of conversations, in any order.
pub(super) struct ConversationRows<'a>(pub(super) &'a ListedConversations);

impl QueryId for ConversationRows<'_> {
    type QueryId = ();
    // The SQL depends on the values, so the statement cache is keyed by the SQL text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for ConversationRows<'_> {
    type SqlType = chat_conversations::SqlType;
}

impl QueryFragment<Mysql> for ConversationRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        let Self(listed) = self;
        out.push_sql(
            "SELECT found.id, found.public_id, found.user_id, found.title, found.created_at, \
             found.last_message_at, found.archived_at, found.metadata, \
             found.item_version \
             FROM (SELECT id FROM chat_conversations FORCE INDEX (chat_conversations_",
        );
        out.push_sql(if listed.user_id.is_some() { "user_id_" } else { "" });
        out.push_sql("last_message_at_id) WHERE archived_at IS ");
        out.push_sql(if listed.archived { "NOT NULL" } else { "NULL" });
        if let Some(user) = &listed.user_id {
            out.push_sql(" AND user_id = ");
            out.push_bind_param::<BigInt, _>(user)?;
        }
        if let Some((time, id)) = listed.cursor.as_ref().map(Cursor::parts) {
            out.push_sql(" AND last_message_at <= ");
            out.push_bind_param::<UtcTimestamp, _>(time)?;
            out.push_sql(" AND (last_message_at < ");
            out.push_bind_param::<UtcTimestamp, _>(time)?;
            out.push_sql(" OR id < ");
            out.push_bind_param::<BigInt, _>(id)?;
            out.push_sql(")");
        }
        out.push_sql(" ORDER BY last_message_at DESC, id DESC LIMIT ");
        out.push_bind_param::<BigInt, _>(&listed.limit)?;
        out.push_sql(") AS page JOIN chat_conversations AS found ON found.id = page.id");
        Ok(())
    }
}

impl<'a> RunQueryDsl<MysqlConnection> for ConversationRows<'a> {}

/// Items of a conversation, in any order.
pub(super) struct ItemRows {
    pub(super) conversation: i64,
    pub(super) range: ItemRange,
    pub(super) limit: i64,
}

impl QueryId for ItemRows {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for ItemRows {
    type SqlType = (BigInt, Text, Text, Json, Nullable<BigInt>, UtcTimestamp);
}

impl QueryFragment<Mysql> for ItemRows {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql(
            "SELECT found.position, found.role, found.kind, found.content, found.message_id, \
             found.created_at FROM (SELECT id FROM conversation_items \
             FORCE INDEX (conversation_items_conversation_id_position) WHERE conversation_id = ",
        );
        out.push_bind_param::<BigInt, _>(&self.conversation)?;
        let order = match &self.range {
            ItemRange::Last => "DESC",
            ItemRange::Before(end) => {
                out.push_sql(" AND position < ");
                out.push_bind_param::<BigInt, _>(end)?;
                "DESC"
            }
            ItemRange::After(start) => {
                out.push_sql(" AND position > ");
                out.push_bind_param::<BigInt, _>(start)?;
                "ASC"
            }
        };
        out.push_sql(" ORDER BY position ");
        out.push_sql(order);
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(") AS page JOIN conversation_items AS found ON found.id = page.id");
        Ok(())
    }
}

impl RunQueryDsl<MysqlConnection> for ItemRows {}
