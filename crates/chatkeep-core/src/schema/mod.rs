//! Diesel's description of the tables, and the three SQL types that differ by engine.

mod tables;
mod types;

pub(crate) use tables::{
    api_tokens, message_counting, message_gaps, message_totals, messages, unfinished_transfer,
};
pub(crate) use types::{Character, Characters, Json, UtcTimestamp};
