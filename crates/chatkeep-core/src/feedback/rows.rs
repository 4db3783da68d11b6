//! The table.

use crate::schema::messages;

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use crate::schema::UtcTimestamp;

    message_feedback (id) {
        id -> BigInt,
        message_id -> BigInt,
        user_key -> Text,
        rating -> Integer,
        comment -> Nullable<Text>,
        created_at -> UtcTimestamp,
        updated_at -> UtcTimestamp,
    }
}

diesel::joinable!(message_feedback -> messages (message_id));
diesel::allow_tables_to_appear_in_same_query!(message_feedback, messages);
diesel::allow_columns_to_appear_in_same_group_by_clause!(messages::model, message_feedback::rating);
