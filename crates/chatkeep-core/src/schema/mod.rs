//! Diesel's description of the tables, and the three SQL types that differ by engine.

mod conversations;
mod graph;
mod sessions;
mod streams;
mod tables;
mod types;
mod users;

pub(crate) use conversations::{chat_conversations, conversation_items, open_turns};
pub(crate) use graph::{
    graph_checkpoints, graph_namespaces, graph_segments, graph_threads, graph_values, graph_writes,
};
pub(crate) use sessions::user_sessions;
pub(crate) use streams::{chat_streams, stream_chunks};
pub(crate) use tables::{
    api_tokens, message_counting, message_gaps, message_totals, messages, unfinished_transfer,
};
pub(crate) use types::{Character, Characters, Json, UtcTimestamp};
pub(crate) use users::{chat_users, one_time_secrets, user_identities, user_passwords, user_roles};
