//! The values of a `messages` row to insert.

use diesel::mysql::Mysql;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Insertable, QueryResult};

use super::new::NewMessage;
use super::record::Message;
use super::usage::MessageStatus;
use crate::schema::{Json, UtcTimestamp, messages};
use crate::value::{Cost, Metadata, Timestamp};

/// The values of a row.
///
/// Messages without details are inserted by a statement without their columns, so that an
/// application that only logs messages does not send eleven nulls with each. Apart from that, every
/// column is always listed: the statement text is constant and stays prepared.
#[derive(Clone)]
pub(super) struct Row<'a> {
    pub(super) log: LogColumns<'a>,
    /// Boxed, because most rows have none.
    pub(super) details: Option<Box<DetailColumns<'a>>>,
}

/// The values that every row has.
#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = messages)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct LogColumns<'a> {
    pub(super) timestamp: Timestamp,
    pub(super) user_message: &'a str,
    pub(super) bot_response: Option<&'a str>,
    pub(super) provider: Option<&'a str>,
    pub(super) model: Option<&'a str>,
    pub(super) tokens_used: Option<i64>,
    pub(super) metadata: Option<&'a Metadata>,
}

/// Conversation, user and usage.
#[derive(Insertable, Clone, Copy, Default)]
#[diesel(table_name = messages)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct DetailColumns<'a> {
    pub(super) conversation_id: Option<i64>,
    pub(super) user_id: Option<i64>,
    pub(super) input_tokens: Option<i64>,
    pub(super) output_tokens: Option<i64>,
    pub(super) cached_tokens: Option<i64>,
    pub(super) reasoning_tokens: Option<i64>,
    pub(super) cost: Option<Cost>,
    pub(super) latency_ms: Option<i64>,
    pub(super) ttft_ms: Option<i64>,
    pub(super) status: Option<MessageStatus>,
    pub(super) error: Option<&'a str>,
}

/// Names of [`LogColumns`].
pub(super) const LOG_COLUMNS: &str =
    "timestamp, user_message, bot_response, provider, model, tokens_used, metadata";
/// Names of [`DetailColumns`], after those of [`LogColumns`].
pub(super) const DETAIL_COLUMNS: &str = ", conversation_id, user_id, input_tokens, output_tokens, \
    cached_tokens, reasoning_tokens, cost, latency_ms, ttft_ms, status, error";

impl<'a> Row<'a> {
    pub(super) fn new(message: &'a NewMessage, now: Timestamp) -> Self {
        let details = message.has_details().then(|| Box::new(DetailColumns::new(message)));
        Self {
            log: LogColumns {
                timestamp: message.timestamp.unwrap_or(now),
                user_message: &message.user_message,
                bot_response: message.bot_response.as_deref(),
                provider: message.provider.as_deref(),
                model: message.model.as_deref(),
                tokens_used: message.total_tokens(),
                metadata: message.metadata.as_ref(),
            },
            details,
        }
    }

    /// Creates the row of a message that is already stored elsewhere.
    pub(super) fn stored(message: &'a Message) -> Self {
        let details = message.has_details().then(|| Box::new(DetailColumns::stored(message)));
        Self {
            log: LogColumns {
                timestamp: message.timestamp,
                user_message: &message.user_message,
                bot_response: message.bot_response.as_deref(),
                provider: message.provider.as_deref(),
                model: message.model.as_deref(),
                tokens_used: message.tokens_used,
                metadata: message.metadata.as_ref(),
            },
            details,
        }
    }

    /// Appends the values in the order of [`LOG_COLUMNS`], for handwritten SQL.
    pub(super) fn push_log<'b>(&'b self, out: &mut AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        let log = &self.log;
        out.push_bind_param::<UtcTimestamp, _>(&log.timestamp)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&log.user_message)?;
        for text in [&log.bot_response, &log.provider, &log.model] {
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Text>, _>(text)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&log.tokens_used)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Json>, _>(&log.metadata)
    }

    /// Appends the values in the order of [`DETAIL_COLUMNS`], or nulls.
    pub(super) fn push_details<'b>(&'b self, out: &mut AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        let details = self.details.as_deref().unwrap_or(&DetailColumns::NONE);
        for number in details.numbers() {
            out.push_sql(", ");
            out.push_bind_param::<Nullable<BigInt>, _>(number)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&details.cost)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&details.latency_ms)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&details.ttft_ms)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&details.status)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&details.error)
    }
}

/// Returns whether a statement for these rows needs the columns of their details.
pub(super) fn have_details(rows: &[Row<'_>]) -> bool {
    rows.iter().any(|row| row.details.is_some())
}

impl<'a> DetailColumns<'a> {
    const NONE: DetailColumns<'static> = DetailColumns {
        conversation_id: None,
        user_id: None,
        input_tokens: None,
        output_tokens: None,
        cached_tokens: None,
        reasoning_tokens: None,
        cost: None,
        latency_ms: None,
        ttft_ms: None,
        status: None,
        error: None,
    };

    fn new(message: &'a NewMessage) -> Self {
        let (conversation_id, user_id) = (message.conversation_id, message.user_id);
        let Some(usage) = message.usage.as_deref() else {
            return Self { conversation_id, user_id, ..Self::default() };
        };
        Self {
            conversation_id,
            user_id,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_tokens: usage.cached_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            cost: usage.cost,
            latency_ms: usage.latency_ms,
            ttft_ms: usage.ttft_ms,
            status: usage.status,
            error: usage.error.as_deref(),
        }
    }

    fn stored(message: &'a Message) -> Self {
        Self {
            conversation_id: message.conversation_id,
            user_id: message.user_id,
            input_tokens: message.input_tokens,
            output_tokens: message.output_tokens,
            cached_tokens: message.cached_tokens,
            reasoning_tokens: message.reasoning_tokens,
            cost: message.cost,
            latency_ms: message.latency_ms,
            ttft_ms: message.ttft_ms,
            status: message.status,
            error: message.error.as_deref(),
        }
    }

    /// Returns the integers before the cost.
    fn numbers(&self) -> [&Option<i64>; 6] {
        [
            &self.conversation_id,
            &self.user_id,
            &self.input_tokens,
            &self.output_tokens,
            &self.cached_tokens,
            &self.reasoning_tokens,
        ]
    }
}
