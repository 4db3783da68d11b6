//! The values of a `messages` row to insert.

use diesel::mysql::Mysql;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Insertable, QueryResult};

use super::new::NewMessage;
use super::record::Message;
use crate::schema::{Json, UtcTimestamp, messages};
use crate::value::{Metadata, Timestamp};

/// The values of a row. Every column is always listed, so that the statement text is constant and
/// stays prepared.
#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = messages)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct Row<'a> {
    pub(super) timestamp: Timestamp,
    pub(super) user_message: &'a str,
    pub(super) bot_response: Option<&'a str>,
    pub(super) provider: Option<&'a str>,
    pub(super) model: Option<&'a str>,
    pub(super) tokens_used: Option<i64>,
    pub(super) metadata: Option<&'a Metadata>,
}

impl<'a> Row<'a> {
    pub(super) fn new(message: &'a NewMessage, now: Timestamp) -> Self {
        Self {
            timestamp: message.timestamp.unwrap_or(now),
            user_message: &message.user_message,
            bot_response: message.bot_response.as_deref(),
            provider: message.provider.as_deref(),
            model: message.model.as_deref(),
            tokens_used: message.tokens_used,
            metadata: message.metadata.as_ref(),
        }
    }

    /// Creates the row of a message that is already stored elsewhere.
    pub(super) fn stored(message: &'a Message) -> Self {
        Self {
            timestamp: message.timestamp,
            user_message: &message.user_message,
            bot_response: message.bot_response.as_deref(),
            provider: message.provider.as_deref(),
            model: message.model.as_deref(),
            tokens_used: message.tokens_used,
            metadata: message.metadata.as_ref(),
        }
    }

    /// Appends the values in the order of [`COLUMNS`], for handwritten SQL.
    pub(super) fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_bind_param::<UtcTimestamp, _>(&self.timestamp)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.user_message)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.bot_response)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.provider)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.model)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.tokens_used)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Json>, _>(&self.metadata)
    }
}

/// Columns whose values [`Row::push`] appends.
pub(super) const COLUMNS: &str =
    "timestamp, user_message, bot_response, provider, model, tokens_used, metadata";
