//! Tables whose rows are a [`StoredRow`]: its JSON is the line of an archive.

use chatkeep_core::conversations::{StoredConversation, StoredItem, StoredTurn};
use chatkeep_core::graphs::{
    StoredCheckpoint, StoredNamespace, StoredSegment, StoredThread, StoredValue, StoredWrite,
};
use chatkeep_core::memories::StoredMemory;
use chatkeep_core::streams::{StoredChunk, StoredStream};
use chatkeep_core::transfer::StoredRow;
use chatkeep_core::users::rows::{
    StoredIdentity, StoredPassword, StoredRole, StoredSecret, StoredUser,
};
use chatkeep_core::{AuditEntry, Connection, Feedback, Result};

use super::TransferTable;
use crate::archive::write_json_line;
use crate::digest::{DigestValue as _, RowDigest};

/// Implements [`TransferTable`]: the name of the table, the noun for a row, whether ids are
/// generated, and the columns in the order of the digest, which must not change.
macro_rules! stored_tables {
    ($($table:ident: $row:ty, $name:literal, $noun:literal, $generates_ids:literal,
        [$($column:ident),+ $(,)?];)+) => {$(
        #[doc = concat!("The table `", $name, "`.")]
        pub(crate) struct $table;

        impl TransferTable for $table {
            type Row = $row;

            const NAME: &'static str = $name;
            const NOUN: &'static str = $noun;
            const GENERATES_IDS: bool = $generates_ids;

            fn id(row: &$row) -> i64 {
                row.id()
            }

            fn count(connection: &mut Connection) -> Result<u64> {
                <$row>::count_all(connection).map(i64::unsigned_abs)
            }

            fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<$row>> {
                <$row>::list_after_id(connection, id)
            }

            fn insert_with_ids(connection: &mut Connection, rows: &[$row]) -> Result<()> {
                <$row>::insert_with_ids(connection, rows)
            }

            fn add_to_digest(row: &$row, digest: &mut RowDigest<'_>) {
                $(row.$column.add_to(digest);)+
            }

            fn write_line(row: &$row, out: &mut Vec<u8>) -> Result<()> {
                write_json_line(row, out)
            }

            fn read_line(line: &str) -> Result<$row, String> {
                let row: $row = serde_json::from_str(line).map_err(|error| error.to_string())?;
                row.check().map_err(|error| error.to_string())?;
                Ok(row)
            }
        }
    )+};
}

stored_tables! {
    MessageFeedback: Feedback, "message_feedback", "rating", true,
        [id, message_id, user, rating, comment, created_at, updated_at];
    ChatUsers: StoredUser, "chat_users", "user", true, [
        id, public_id, email, email_key, username, username_key, name, avatar_url, active,
        confirmed_at, stamp, metadata, created_at, updated_at, last_login_at,
    ];
    UserPasswords: StoredPassword, "user_passwords", "password", false,
        [user_id, hash, scheme, pepper_id, changed_at];
    UserIdentities: StoredIdentity, "user_identities", "linked account", true,
        [id, provider, subject, user_id, email, linked_at, last_used_at];
    UserRoles: StoredRole, "user_roles", "role", true,
        [id, user_id, role, granted_by, granted_at, expires_at];
    OneTimeSecrets: StoredSecret, "one_time_secrets", "one-time secret", true,
        [id, digest, purpose, subject, created_at, expires_at];
    ChatConversations: StoredConversation, "chat_conversations", "conversation", true, [
        id, public_id, user_id, title, created_at, last_message_at, archived_at, metadata,
    ];
    ConversationItems: StoredItem, "conversation_items", "conversation item", true,
        [id, conversation_id, position, role, kind, content, message_id, created_at];
    OpenTurns: StoredTurn, "open_turns", "open turn", true, [
        id, public_id, conversation_id, user_id, user_message, provider, model, metadata,
        started_at, lease_until,
    ];
    ChatStreams: StoredStream, "chat_streams", "stream", true, [
        id, public_id, conversation_id, user_id, turn_id, kind, provider, model, status, last_seq,
        cancel_requested_at, tokens, cost, error, metadata, created_at, updated_at, finished_at,
    ];
    StreamChunks: StoredChunk, "stream_chunks", "chunk", true,
        [id, stream_id, seq, content, created_at];
    GraphThreads: StoredThread, "graph_threads", "thread", true,
        [id, thread, thread_hash, user_id, created_at, updated_at, expires_at];
    GraphNamespaces: StoredNamespace, "graph_namespaces", "namespace", true,
        [id, thread_id, name, name_hash, generation];
    GraphCheckpoints: StoredCheckpoint, "graph_checkpoints", "checkpoint", true,
        [id, namespace_id, checkpoint_id, parent_id, run_id, created_at, data];
    GraphValues: StoredValue, "graph_values", "checkpoint value", true,
        [id, namespace_id, digest, data];
    GraphSegments: StoredSegment, "graph_segments", "list segment", true,
        [id, namespace_id, list_key, position, elements, data];
    GraphWrites: StoredWrite, "graph_writes", "task write", true, [
        id, namespace_id, checkpoint_id, task_id, write_index, task_path, channel, data,
    ];
    GraphMemories: StoredMemory, "graph_memories", "memory item", true, [
        id, namespace, item_key, value, created_at, updated_at, expires_at, ttl_seconds,
    ];
    ChatAuditLog: AuditEntry, "chat_audit_log", "recorded action", true,
        [id, created_at, action, actor, object, before, after, ip];
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = r#"{"id":1,"public_id":"u1","email":"Ada@x","email_key":"ada@x","username":null,"username_key":null,"name":null,"avatar_url":null,"active":true,"confirmed_at":null,"stamp":"00000000000000000000000000000000","metadata":{"n":18446744073709551615},"created_at":"2024-01-01T00:00:00.000000+00:00","updated_at":"2024-01-01T00:00:00.000000+00:00","last_login_at":null}"#;
    const PASSWORD: &str = r#"{"user_id":1,"hash":"$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm","scheme":"bcrypt","pepper_id":null,"changed_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const CONVERSATION: &str = r#"{"id":1,"public_id":"c1","user_id":null,"title":"t","created_at":"2024-01-01T00:00:00.000000+00:00","last_message_at":"2024-01-01T00:00:00.000000+00:00","archived_at":null,"metadata":null}"#;
    const ITEM: &str = r#"{"id":1,"conversation_id":2,"position":1,"role":"user","kind":"message","content":{"a":5000000000000000000.0},"message_id":null,"created_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const TURN: &str = r#"{"id":1,"public_id":"t1","conversation_id":2,"user_id":null,"user_message":"m","provider":"p","model":"m","metadata":null,"started_at":"2024-01-01T00:00:00.000000+00:00","lease_until":"2024-01-01T00:00:00.000000+00:00"}"#;
    const STREAM: &str = r#"{"id":1,"public_id":"s1","conversation_id":null,"user_id":null,"turn_id":null,"kind":"message","provider":null,"model":null,"status":"running","last_seq":0,"cancel_requested_at":null,"tokens":1,"cost":"0.5","error":"e","metadata":null,"created_at":"2024-01-01T00:00:00.000000+00:00","updated_at":"2024-01-01T00:00:00.000000+00:00","finished_at":null}"#;
    const CHUNK: &str = r#"{"id":1,"stream_id":1,"seq":1,"content":"c","created_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const MEMORY: &str = r#"{"id":1,"namespace":"users/ada/","item_key":"k","value":{"a":5000000000000000000.0},"created_at":"2024-01-01T00:00:00.000000+00:00","updated_at":"2024-01-01T00:00:00.000000+00:00","expires_at":"2024-01-01T00:01:00.000000+00:00","ttl_seconds":60}"#;

    /// Reads a line with each of these changes. The error must name the field.
    #[track_caller]
    fn rejected<T: TransferTable>(line: &str, changes: &[(&str, &str, &str)]) {
        let row = T::read_line(line).expect("a valid line");
        let mut out = Vec::new();
        T::write_line(&row, &mut out).expect("it is written");
        assert_eq!(String::from_utf8(out).expect("UTF-8").trim_end(), line);
        for (from, to, field) in changes {
            let changed = line.replacen(from, to, 1);
            assert_ne!(changed, line, "{from}");
            let reason = T::read_line(&changed).err().expect(to);
            assert!(reason.contains(field) && !reason.contains("cVWp4X"), "{to}: {reason}");
        }
    }

    #[test]
    fn invalid_users_are_rejected() {
        let long = format!(r#""avatar_url":"{}""#, "a".repeat(2_049));
        rejected::<ChatUsers>(
            USER,
            &[
                (r#""email_key":"ada@x""#, r#""email_key":"Ada@x""#, "email_key"),
                (r#""email_key":"ada@x""#, r#""email_key":null"#, "email_key"),
                (r#""username_key":null"#, r#""username_key":"ada""#, "username_key"),
                (r#""stamp":"0"#, r#""stamp":"g"#, "stamp"),
                (r#""avatar_url":null"#, &long, "avatar_url"),
                (r#""name":null"#, r#""name":"a\u0000""#, "name"),
                (r#""public_id":"u1""#, r#""public_id":"u 1""#, "public_id"),
                (r#""active":true"#, r#""active":1"#, "boolean"),
                (r#""id":1,"#, r#""id":1,"extra":1,"#, "extra"),
            ],
        );
        rejected::<UserPasswords>(
            PASSWORD,
            &[
                ("bcrypt", "md5", "scheme"),
                ("bcrypt", "argon2id", ""),
                ("$04$", "$31$", ""),
                ("$2b$", "$9z$", ""),
            ],
        );
    }

    #[test]
    fn invalid_rows_of_conversations_and_streams_are_rejected() {
        let id = |from: &'static str| (from, r#""public_id":"""#, "public_id");
        let title = format!(r#""title":"{}""#, "é".repeat(256));
        rejected::<ChatConversations>(
            CONVERSATION,
            &[id(r#""public_id":"c1""#), (r#""title":"t""#, &title, "title")],
        );
        rejected::<ConversationItems>(
            ITEM,
            &[
                (r#""position":1"#, r#""position":0"#, "position"),
                (r#""role":"user""#, r#""role":"""#, "role"),
            ],
        );
        let model = format!(r#""model":"{}""#, "m".repeat(101));
        rejected::<OpenTurns>(
            TURN,
            &[
                id(r#""public_id":"t1""#),
                (r#""model":"m""#, &model, "model"),
                (r#""user_message":"m""#, r#""user_message":"\u0000""#, "user_message"),
            ],
        );
        rejected::<ChatStreams>(
            STREAM,
            &[
                id(r#""public_id":"s1""#),
                ("running", "sleeping", "status"),
                (r#""last_seq":0"#, r#""last_seq":-1"#, "last_seq"),
                (r#""tokens":1"#, r#""tokens":-1"#, "tokens"),
            ],
        );
        rejected::<StreamChunks>(
            CHUNK,
            &[(r#""seq":1"#, r#""seq":0"#, "seq"), (r#":"c""#, r#":"\u0000""#, "content")],
        );
    }

    #[test]
    fn invalid_items_of_the_memory_are_rejected() {
        let long = format!(r#""item_key":"{}""#, "é".repeat(256));
        rejected::<GraphMemories>(
            MEMORY,
            &[
                ("users/ada/", "", "namespace"),
                ("users/ada/", "users/ada", "namespace"),
                ("users/ada/", "users//", "namespace"),
                ("users/ada/", r"users/a\\da/", "namespace"),
                (r#""item_key":"k""#, r#""item_key":"""#, "item_key"),
                (r#""item_key":"k""#, &long, "item_key"),
                (r#"{"a":5000000000000000000.0}"#, "[]", "object"),
                (r#""ttl_seconds":60"#, r#""ttl_seconds":0"#, "ttl_seconds"),
            ],
        );
    }
}
