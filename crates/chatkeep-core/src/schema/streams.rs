//! Responses that are streamed.

use super::conversations::chat_conversations;

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    chat_streams (id) {
        id -> BigInt,
        public_id -> Text,
        conversation_id -> Nullable<BigInt>,
        user_id -> Nullable<BigInt>,
        turn_id -> Nullable<BigInt>,
        kind -> Text,
        provider -> Nullable<Text>,
        model -> Nullable<Text>,
        status -> Text,
        last_seq -> BigInt,
        cancel_requested_at -> Nullable<UtcTimestamp>,
        tokens -> Nullable<BigInt>,
        cost -> Nullable<BigInt>,
        error -> Nullable<Text>,
        metadata -> Nullable<Json>,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        finished_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::schema::UtcTimestamp;

    stream_chunks (id) {
        id -> BigInt,
        stream_id -> BigInt,
        seq -> BigInt,
        content -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(chat_streams, stream_chunks);
diesel::allow_tables_to_appear_in_same_query!(chat_streams, chat_conversations);
