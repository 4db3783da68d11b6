//! Batches of rows in transfer.

use chatkeep_core::Message;
use chatkeep_core::tokens::StoredToken;

/// Rows of one table, ordered by id.
#[derive(Debug)]
pub(crate) enum Batch {
    Tokens(Vec<StoredToken>),
    Messages(Vec<Message>),
}

impl Batch {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Tokens(tokens) => tokens.len() as u64,
            Self::Messages(messages) => messages.len() as u64,
        }
    }
}

/// Ids of the next rows. They are transferred as well, so that no id is ever reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct NextIds {
    pub(crate) messages: i64,
    pub(crate) tokens: i64,
}
