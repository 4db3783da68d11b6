//! Conversations, their items and open turns.

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    chat_conversations (id) {
        id -> BigInt,
        public_id -> Text,
        user_id -> Nullable<BigInt>,
        title -> Nullable<Text>,
        created_at -> UtcTimestamp,
        last_message_at -> UtcTimestamp,
        archived_at -> Nullable<UtcTimestamp>,
        metadata -> Nullable<Json>,
        item_version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    conversation_items (id) {
        id -> BigInt,
        conversation_id -> BigInt,
        position -> BigInt,
        role -> Text,
        kind -> Text,
        content -> Json,
        message_id -> Nullable<BigInt>,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    open_turns (id) {
        id -> BigInt,
        public_id -> Text,
        conversation_id -> Nullable<BigInt>,
        user_id -> Nullable<BigInt>,
        user_message -> Text,
        provider -> Nullable<Text>,
        model -> Nullable<Text>,
        metadata -> Nullable<Json>,
        started_at -> UtcTimestamp,
        lease_until -> UtcTimestamp,
    }
}
