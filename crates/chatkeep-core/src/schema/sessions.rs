//! Sessions of users.

use super::users::chat_users;

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Character, UtcTimestamp};

    user_sessions (id) {
        id -> BigInt,
        public_id -> Text,
        token_hash -> Character,
        previous_hash -> Nullable<Character>,
        rotated_at -> Nullable<UtcTimestamp>,
        rotation_salt -> Nullable<Character>,
        family -> Character,
        user_id -> BigInt,
        user_stamp -> Character,
        created_at -> UtcTimestamp,
        last_seen_at -> UtcTimestamp,
        idle_expires_at -> Nullable<UtcTimestamp>,
        expires_at -> UtcTimestamp,
        revoked_at -> Nullable<UtcTimestamp>,
        reason -> Nullable<Text>,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        label -> Nullable<Text>,
    }
}

diesel::joinable!(user_sessions -> chat_users (user_id));
diesel::allow_tables_to_appear_in_same_query!(user_sessions, chat_users);
