//! Diesel's description of the tables, and the three SQL types that differ by engine.

mod audit_log;
mod conversations;
mod sessions;
mod streams;
mod tables;
mod types;
mod users;

#[allow(unused_imports, reason = "until its operations exist")]
pub(crate) use audit_log::chat_audit_log;
pub(crate) use conversations::{chat_conversations, conversation_items, open_turns};
#[allow(unused_imports, reason = "until its operations exist")]
pub(crate) use sessions::user_sessions;
pub(crate) use streams::{chat_streams, stream_chunks};
pub(crate) use tables::{
    api_tokens, message_counting, message_gaps, message_totals, messages, unfinished_transfer,
};
pub(crate) use types::{Character, Characters, Json, UtcTimestamp};
#[allow(unused_imports, reason = "until its operations exist")]
pub(crate) use users::{chat_users, one_time_secrets, user_identities, user_passwords, user_roles};
