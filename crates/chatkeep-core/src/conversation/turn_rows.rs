//! Rows of open turns.

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::error::Result;
use crate::message::NewMessage;
use crate::schema::open_turns;
use crate::transfer::stored_rows;
use crate::value::{Metadata, Timestamp, public_id, raw_json};

/// An open turn, whose conversation and user are internal ids.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = open_turns)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredTurn {
    /// Internal id.
    pub id: i64,
    /// Public id.
    pub public_id: String,
    /// Internal id of the conversation.
    pub conversation_id: Option<i64>,
    /// Internal id of the user, if any.
    pub user_id: Option<i64>,
    /// Message of the user.
    pub user_message: String,
    /// Provider of the model.
    pub provider: Option<String>,
    /// Model that is asked.
    pub model: Option<String>,
    /// Additional data.
    #[serde(default, with = "raw_json::optional")]
    pub metadata: Option<Metadata>,
    /// Time of the start.
    pub started_at: Timestamp,
    /// Time from which the turn counts as interrupted.
    pub lease_until: Timestamp,
}

stored_rows! {
    StoredTurn: open_turns by id,
        |row| {
            let metadata = row.metadata.as_ref().map_or(0, |metadata| metadata.as_json().len());
            700 + row.user_message.len() + metadata
        },
        |row| {
            public_id::check("public_id", &row.public_id)?;
            row.clone().into_message().check()
        };
}

impl StoredTurn {
    /// Returns the message of the turn, without a response.
    pub(super) fn into_message(self) -> NewMessage {
        NewMessage {
            user_message: self.user_message,
            provider: self.provider,
            model: self.model,
            metadata: self.metadata,
            timestamp: Some(self.started_at),
            conversation_id: self.conversation_id,
            user_id: self.user_id,
            ..NewMessage::default()
        }
    }
}

#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = open_turns)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct NewRow<'a> {
    pub(super) public_id: &'a str,
    pub(super) conversation_id: Option<i64>,
    pub(super) user_id: Option<i64>,
    pub(super) user_message: &'a str,
    pub(super) provider: Option<&'a str>,
    pub(super) model: Option<&'a str>,
    pub(super) metadata: Option<&'a Metadata>,
    pub(super) started_at: Timestamp,
    pub(super) lease_until: Timestamp,
}
