//! Rows on their way.

use chatkeep_core::Message;
use chatkeep_core::tokens::StoredToken;

/// Some rows of one table, in the order of their ids.
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

/// The ids that the next rows get: they too are kept, so that no id is ever given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct NextIds {
    pub(crate) messages: i64,
    pub(crate) tokens: i64,
}
