//! The tables that the migrations create. `tests/` compares this file with the live schema of
//! every engine.

use super::users::chat_users;

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    messages (id) {
        id -> BigInt,
        timestamp -> UtcTimestamp,
        user_message -> Text,
        bot_response -> Nullable<Text>,
        provider -> Nullable<Text>,
        model -> Nullable<Text>,
        tokens_used -> Nullable<BigInt>,
        metadata -> Nullable<Json>,
        conversation_id -> Nullable<BigInt>,
        user_id -> Nullable<BigInt>,
        input_tokens -> Nullable<BigInt>,
        output_tokens -> Nullable<BigInt>,
        cached_tokens -> Nullable<BigInt>,
        reasoning_tokens -> Nullable<BigInt>,
        cost -> Nullable<BigInt>,
        latency_ms -> Nullable<BigInt>,
        ttft_ms -> Nullable<BigInt>,
        status -> Nullable<Text>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::schema::{Character, UtcTimestamp};

    api_tokens (id) {
        id -> BigInt,
        token_hash -> Character,
        description -> Text,
        created_at -> UtcTimestamp,
        expires_at -> Nullable<UtcTimestamp>,
        is_active -> Bool,
        last_used_at -> Nullable<UtcTimestamp>,
        token_start -> Nullable<Text>,
        user_id -> Nullable<BigInt>,
        scopes -> Nullable<Text>,
        previous_hash -> Nullable<Character>,
        previous_until -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Text};
    use crate::schema::UtcTimestamp;

    message_totals (hours, start, provider, model) {
        hours -> Integer,
        start -> UtcTimestamp,
        provider -> Text,
        model -> Text,
        messages -> BigInt,
        with_tokens -> BigInt,
        tokens_high -> BigInt,
        tokens_low -> BigInt,
        with_cost -> BigInt,
        cost_high -> BigInt,
        cost_low -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Integer};
    use crate::schema::UtcTimestamp;

    message_counting (id) {
        id -> Integer,
        counted_to -> BigInt,
        settled_to -> BigInt,
        seen -> BigInt,
        seen_at -> UtcTimestamp,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;

    message_gaps (first) {
        first -> BigInt,
        last -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use crate::schema::UtcTimestamp;

    unfinished_transfer (id) {
        id -> Integer,
        kind -> Text,
        source -> Text,
        started_at -> UtcTimestamp,
        table_name -> Nullable<Text>,
        last_id -> BigInt,
        stored_rows -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(api_tokens, chat_users);
