//! Checkpoints of agents.

use super::users::chat_users;

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Character, UtcTimestamp};

    graph_threads (id) {
        id -> BigInt,
        thread -> Text,
        thread_hash -> Character,
        user_id -> Nullable<BigInt>,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
        expires_at -> Nullable<UtcTimestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::schema::Character;

    graph_namespaces (id) {
        id -> BigInt,
        thread_id -> BigInt,
        name -> Text,
        name_hash -> Character,
        generation -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::schema::UtcTimestamp;

    graph_checkpoints (id) {
        id -> BigInt,
        namespace_id -> BigInt,
        checkpoint_id -> Text,
        parent_id -> Nullable<Text>,
        run_id -> Nullable<Text>,
        created_at -> UtcTimestamp,
        data -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary};
    use crate::schema::Character;

    graph_values (id) {
        id -> BigInt,
        namespace_id -> BigInt,
        digest -> Character,
        data -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary};

    graph_segments (id) {
        id -> BigInt,
        namespace_id -> BigInt,
        list_key -> BigInt,
        position -> BigInt,
        elements -> BigInt,
        data -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Text};

    graph_writes (id) {
        id -> BigInt,
        namespace_id -> BigInt,
        checkpoint_id -> Text,
        task_id -> Text,
        write_index -> BigInt,
        task_path -> Text,
        channel -> Text,
        data -> Binary,
    }
}

diesel::joinable!(graph_namespaces -> graph_threads (thread_id));
diesel::joinable!(graph_checkpoints -> graph_namespaces (namespace_id));
diesel::allow_tables_to_appear_in_same_query!(graph_threads, graph_namespaces, graph_checkpoints);
diesel::allow_tables_to_appear_in_same_query!(graph_threads, chat_users);
diesel::allow_tables_to_appear_in_same_query!(graph_namespaces, graph_values);
diesel::allow_tables_to_appear_in_same_query!(graph_namespaces, graph_segments);
diesel::allow_tables_to_appear_in_same_query!(graph_namespaces, graph_writes);
diesel::allow_tables_to_appear_in_same_query!(graph_threads, graph_values);
diesel::allow_tables_to_appear_in_same_query!(graph_threads, graph_segments);
diesel::allow_tables_to_appear_in_same_query!(graph_threads, graph_writes);
