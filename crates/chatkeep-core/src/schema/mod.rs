//! The tables, as Diesel sees them, and the three SQL types that each engine writes in its own way.

mod tables;
mod types;

pub(crate) use tables::{
    api_tokens, message_counting, message_gaps, message_totals, messages, unfinished_transfer,
};
pub(crate) use types::{Character, Characters, Json, Moment};
