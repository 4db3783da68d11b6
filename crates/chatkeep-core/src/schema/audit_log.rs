//! The audit log.

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    chat_audit_log (id) {
        id -> BigInt,
        actor -> Nullable<Text>,
        action -> Text,
        object -> Nullable<Text>,
        details -> Nullable<Json>,
        ip -> Nullable<Text>,
        created_at -> UtcTimestamp,
    }
}
