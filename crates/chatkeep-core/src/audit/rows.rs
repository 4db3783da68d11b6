//! The table, and complete rows for copying entries between databases.

use super::record::AuditEntry;
use crate::connection::Connection;
use crate::error::Result;
use crate::transfer::stored_rows;

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    chat_audit_log (id) {
        id -> BigInt,
        created_at -> UtcTimestamp,
        action -> Text,
        actor -> Nullable<Text>,
        object -> Nullable<Text>,
        before_values -> Nullable<Json>,
        after_values -> Nullable<Json>,
        ip -> Nullable<Text>,
    }
}

stored_rows! {
    AuditEntry: chat_audit_log by id,
        Self::size,
        AuditEntry::check;
}
