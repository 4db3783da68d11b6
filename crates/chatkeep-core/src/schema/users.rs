//! Users, and how they sign in.

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::schema::{Character, Json, UtcTimestamp};

    chat_users (id) {
        id -> BigInt,
        public_id -> Text,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        username -> Nullable<Text>,
        username_key -> Nullable<Text>,
        name -> Nullable<Text>,
        avatar_url -> Nullable<Text>,
        active -> Bool,
        confirmed_at -> Nullable<UtcTimestamp>,
        stamp -> Character,
        metadata -> Nullable<Json>,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        last_login_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::UtcTimestamp;

    user_passwords (user_id) {
        user_id -> BigInt,
        hash -> Text,
        scheme -> Text,
        pepper_id -> Nullable<Text>,
        changed_at -> UtcTimestamp,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::UtcTimestamp;

    user_identities (id) {
        id -> BigInt,
        provider -> Text,
        subject -> Text,
        user_id -> BigInt,
        email -> Nullable<Text>,
        linked_at -> UtcTimestamp,
        last_used_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::UtcTimestamp;

    user_roles (id) {
        id -> BigInt,
        user_id -> BigInt,
        role -> Text,
        granted_by -> Nullable<Text>,
        granted_at -> UtcTimestamp,
        expires_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::schema::{Character, UtcTimestamp};

    one_time_secrets (id) {
        id -> BigInt,
        digest -> Character,
        purpose -> Text,
        subject -> Text,
        created_at -> UtcTimestamp,
        expires_at -> UtcTimestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    chat_users,
    user_passwords,
    user_identities,
    user_roles
);
