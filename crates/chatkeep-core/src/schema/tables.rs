//! The tables that the migrations make. `tests/` compares this file with the live schema of every engine.

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Json, Moment};

    messages (id) {
        id -> BigInt,
        timestamp -> Moment,
        user_message -> Text,
        bot_response -> Nullable<Text>,
        provider -> Nullable<Text>,
        model -> Nullable<Text>,
        tokens_used -> Nullable<BigInt>,
        metadata -> Nullable<Json>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::schema::{Character, Moment};

    api_tokens (id) {
        id -> BigInt,
        token_hash -> Character,
        description -> Text,
        created_at -> Moment,
        expires_at -> Nullable<Moment>,
        is_active -> Bool,
        last_used_at -> Nullable<Moment>,
        token_start -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Text};
    use crate::schema::Moment;

    message_totals (hours, start, provider, model) {
        hours -> Integer,
        start -> Moment,
        provider -> Text,
        model -> Text,
        messages -> BigInt,
        with_tokens -> BigInt,
        tokens_high -> BigInt,
        tokens_low -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Integer};
    use crate::schema::Moment;

    message_counting (id) {
        id -> Integer,
        counted_to -> BigInt,
        settled_to -> BigInt,
        seen -> BigInt,
        seen_at -> Moment,
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
    use diesel::sql_types::{BigInt, Integer, Text};
    use crate::schema::Moment;

    unfinished_transfer (id) {
        id -> Integer,
        kind -> Text,
        source -> Text,
        last_message -> BigInt,
        messages -> BigInt,
        last_token -> BigInt,
        tokens -> BigInt,
        started_at -> Moment,
    }
}
