//! The tables.

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    chat_providers (id) {
        id -> BigInt,
        public_id -> Text,
        name -> Text,
        display_name -> Nullable<Text>,
        kind -> Text,
        base_url -> Nullable<Text>,
        enabled -> Bool,
        priority -> Integer,
        weight -> Integer,
        capabilities -> Json,
        rate_limits -> Json,
        config -> Json,
        version -> BigInt,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    chat_models (id) {
        id -> BigInt,
        provider_id -> BigInt,
        name -> Text,
        display_name -> Nullable<Text>,
        enabled -> Bool,
        capabilities -> Json,
        context_window -> Nullable<BigInt>,
        max_output_tokens -> Nullable<BigInt>,
        params -> Json,
        input_price -> Nullable<BigInt>,
        output_price -> Nullable<BigInt>,
        cached_input_price -> Nullable<BigInt>,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::schema::UtcTimestamp;

    chat_model_defaults (id) {
        id -> BigInt,
        purpose -> Text,
        model_id -> BigInt,
        updated_at -> UtcTimestamp,
    }
}

diesel::joinable!(chat_models -> chat_providers (provider_id));
diesel::joinable!(chat_model_defaults -> chat_models (model_id));
diesel::allow_tables_to_appear_in_same_query!(chat_providers, chat_models, chat_model_defaults);
