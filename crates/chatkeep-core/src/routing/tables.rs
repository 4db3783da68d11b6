//! The tables.

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    chat_routing_requests (id) {
        id -> BigInt,
        request_id -> Text,
        attempt -> Integer,
        user_id -> Nullable<BigInt>,
        conversation_id -> Nullable<BigInt>,
        capability -> Nullable<Text>,
        provider -> Text,
        model -> Text,
        outcome -> Text,
        error_kind -> Nullable<Text>,
        latency_ms -> Nullable<BigInt>,
        ttft_ms -> Nullable<BigInt>,
        input_tokens -> Nullable<BigInt>,
        output_tokens -> Nullable<BigInt>,
        cached_tokens -> Nullable<BigInt>,
        reasoning_tokens -> Nullable<BigInt>,
        cost -> Nullable<BigInt>,
        reason -> Nullable<Json>,
        source -> Text,
        created_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use crate::schema::UtcTimestamp;

    chat_routing_totals (id) {
        id -> BigInt,
        minutes -> Integer,
        start -> UtcTimestamp,
        provider -> Text,
        model -> Text,
        source -> Text,
        shard -> Integer,
        requests -> BigInt,
        failures -> BigInt,
        cancelled -> BigInt,
        latency_ms -> BigInt,
        with_ttft -> BigInt,
        ttft_ms -> BigInt,
        input_tokens -> BigInt,
        output_tokens -> BigInt,
        cached_tokens -> BigInt,
        reasoning_tokens -> BigInt,
        cost_high -> BigInt,
        cost_low -> BigInt,
        within_100_ms -> BigInt,
        within_250_ms -> BigInt,
        within_500_ms -> BigInt,
        within_1000_ms -> BigInt,
        within_2000_ms -> BigInt,
        within_4000_ms -> BigInt,
        within_8000_ms -> BigInt,
        within_15000_ms -> BigInt,
        within_30000_ms -> BigInt,
        within_60000_ms -> BigInt,
        over_60000_ms -> BigInt,
        last_request_at -> UtcTimestamp,
        last_failure_at -> Nullable<UtcTimestamp>,
    }
}
