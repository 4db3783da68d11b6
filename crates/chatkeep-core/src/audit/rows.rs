//! The table, and complete rows for copying entries between databases.

use super::record::AuditEntry;
use crate::connection::Connection;
use crate::error::Result;
use crate::transfer::stored_rows;
use crate::value::Metadata;

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
        |row| {
            let size = |values: &Option<Metadata>| {
                values.as_ref().map_or(0, |values| values.as_json().len())
            };
            2_000 + size(&row.before) + size(&row.after)
        },
        AuditEntry::check;
}
