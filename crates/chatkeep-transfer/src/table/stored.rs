//! Tables whose rows are a [`StoredRow`]: its JSON is the line of an archive.

use chatkeep_core::app_settings::{StoredAppSetting, StoredSettingVersion};
use chatkeep_core::conversations::{StoredConversation, StoredItem, StoredTurn};
use chatkeep_core::credentials::StoredCredential;
use chatkeep_core::graphs::{
    StoredCheckpoint, StoredNamespace, StoredSegment, StoredThread, StoredValue, StoredWrite,
};
use chatkeep_core::memories::StoredMemory;
use chatkeep_core::policies::StoredProviderPolicy;
use chatkeep_core::providers::{StoredModel, StoredModelDefault, StoredProvider};
use chatkeep_core::revisions::{self, RevisedSubject};
use chatkeep_core::routing_requests::{StoredRoutingRequest, StoredRoutingTotal};
use chatkeep_core::streams::{StoredChunk, StoredStream};
use chatkeep_core::tasks::StoredTask;
use chatkeep_core::transfer::StoredRow;
use chatkeep_core::users::rows::{
    StoredIdentity, StoredPassword, StoredRole, StoredSecret, StoredUser,
};
use chatkeep_core::{AuditEntry, Connection, Feedback, Result};

use super::TransferTable;
use crate::archive::write_json_line;
use crate::digest::{DigestValue as _, RowDigest};

/// Implements [`TransferTable`]: the name of the table, the noun for a row, whether ids are
/// generated, and the columns in the order of the digest, which must not change. Then follows the
/// subject that programs keep in memory, if it is one.
macro_rules! stored_tables {
    ($($table:ident: $row:ty, $name:literal, $noun:literal, $generates_ids:literal,
        [$($column:ident),+ $(,)?] $(=> $subject:ident)?;)+) => {$(
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

            $(
                fn after_import(connection: &mut Connection) -> Result<()> {
                    revisions::advance(connection, RevisedSubject::$subject)
                }

                fn after_truncate(connection: &mut Connection) -> Result<()> {
                    revisions::advance(connection, RevisedSubject::$subject)
                }
            )?
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
    ChatProviders: StoredProvider, "chat_providers", "provider", true, [
        id, public_id, name, display_name, kind, base_url, enabled, priority, weight, capabilities,
        rate_limits, config, version, created_at, updated_at,
    ] => Providers;
    ChatModels: StoredModel, "chat_models", "model", true, [
        id, provider_id, name, display_name, enabled, capabilities, context_window,
        max_output_tokens, params, input_price, output_price, cached_input_price, created_at,
        updated_at,
    ];
    ChatModelDefaults: StoredModelDefault, "chat_model_defaults", "default model", true,
        [id, purpose, model_id, updated_at];
    ChatProviderPolicies: StoredProviderPolicy, "chat_provider_policies", "routing rule", true, [
        id, public_id, provider_id, owner_key, name, kind, config, enabled, version, created_at,
        updated_at,
    ];
    ChatConversations: StoredConversation, "chat_conversations", "conversation", true, [
        id, public_id, user_id, title, created_at, last_message_at, archived_at, metadata,
        item_version,
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
    ChatTasks: StoredTask, "chat_tasks", "task", true, [
        id, public_id, user_id, kind, input, status, priority, run_at, attempts, max_attempts,
        lease_token, lease_until, worker, cancel_requested_at, idempotency_key, result, error,
        created_at, started_at, finished_at,
    ];
    ChatRoutingRequests: StoredRoutingRequest, "chat_routing_requests", "routed request", true, [
        id, request_id, attempt, user_id, conversation_id, capability, provider, model, outcome,
        error_kind, latency_ms, ttft_ms, input_tokens, output_tokens, cached_tokens,
        reasoning_tokens, cost, reason, source, created_at,
    ];
    ChatRoutingTotals: StoredRoutingTotal, "chat_routing_totals", "routing total", true, [
        id, minutes, start, provider, model, source, shard, requests, failures, cancelled,
        latency_ms, with_ttft, ttft_ms, input_tokens, output_tokens, cached_tokens,
        reasoning_tokens, cost_high, cost_low, within_100_ms, within_250_ms, within_500_ms,
        within_1000_ms, within_2000_ms, within_4000_ms, within_8000_ms, within_15000_ms,
        within_30000_ms, within_60000_ms, over_60000_ms, last_request_at, last_failure_at,
    ];
    ChatCredentials: StoredCredential, "chat_credentials", "credential", true, [
        id, public_id, provider_id, user_id, owner_key, name, version, ciphertext, key_id, format,
        hint, scopes, status, expires_at, cooldown_until, last_used_at, revoked_at, created_by,
        created_at,
    ];
    AppSettings: StoredAppSetting, "app_settings", "setting", true,
        [id, scope, setting_key, value, version, updated_at, updated_by] => AppSettings;
    AppSettingVersions: StoredSettingVersion, "app_setting_versions", "setting version", true,
        [id, scope, setting_key, version, value, deleted, changed_at, changed_by];
    ChatAuditLog: AuditEntry, "chat_audit_log", "recorded action", true,
        [id, created_at, action, actor, object, before, after, ip];
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = r#"{"id":1,"public_id":"u1","email":"Ada@x","email_key":"ada@x","username":null,"username_key":null,"name":null,"avatar_url":null,"active":true,"confirmed_at":null,"stamp":"00000000000000000000000000000000","metadata":{"n":18446744073709551615},"created_at":"2024-01-01T00:00:00.000000+00:00","updated_at":"2024-01-01T00:00:00.000000+00:00","last_login_at":null}"#;
    const PASSWORD: &str = r#"{"user_id":1,"hash":"$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm","scheme":"bcrypt","pepper_id":null,"changed_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const CONVERSATION: &str = r#"{"id":1,"public_id":"c1","user_id":null,"title":"t","created_at":"2024-01-01T00:00:00.000000+00:00","last_message_at":"2024-01-01T00:00:00.000000+00:00","archived_at":null,"metadata":null,"item_version":2}"#;
    const ITEM: &str = r#"{"id":1,"conversation_id":2,"position":1,"role":"user","kind":"message","content":{"a":5000000000000000000.0},"message_id":null,"created_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const TURN: &str = r#"{"id":1,"public_id":"t1","conversation_id":2,"user_id":null,"user_message":"m","provider":"p","model":"m","metadata":null,"started_at":"2024-01-01T00:00:00.000000+00:00","lease_until":"2024-01-01T00:00:00.000000+00:00"}"#;
    const STREAM: &str = r#"{"id":1,"public_id":"s1","conversation_id":null,"user_id":null,"turn_id":null,"kind":"message","provider":null,"model":null,"status":"running","last_seq":0,"cancel_requested_at":null,"tokens":1,"cost":"0.5","error":"e","metadata":null,"created_at":"2024-01-01T00:00:00.000000+00:00","updated_at":"2024-01-01T00:00:00.000000+00:00","finished_at":null}"#;
    const CHUNK: &str = r#"{"id":1,"stream_id":1,"seq":1,"content":"c","created_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const PROVIDER: &str = r#"{"id":1,"public_id":"p1","name":"openai","display_name":null,"kind":"openai","base_url":"https://a.example","enabled":true,"priority":-5,"weight":1,"capabilities":["chat","vision"],"rate_limits":{},"config":{"a":5000000000000000000.0},"version":1,"created_at":"2024-01-01T00:00:00.000000+00:00","updated_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const MODEL: &str = r#"{"id":1,"provider_id":1,"name":"m/1:free","display_name":null,"enabled":false,"capabilities":[],"context_window":1,"max_output_tokens":null,"params":{"a":1},"input_price":"2.5","output_price":null,"cached_input_price":null,"created_at":"2024-01-01T00:00:00.000000+00:00","updated_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const DEFAULT: &str =
        r#"{"id":1,"purpose":"chat","model_id":1,"updated_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const POLICY: &str = r#"{"id":1,"public_id":"p1","provider_id":2,"owner_key":"provider:2","name":"breaker","kind":"circuit_breaker","config":{"failure_percent":50,"min_requests":10,"open_seconds":60,"window_minutes":5},"enabled":true,"version":1,"created_at":"2024-01-01T00:00:00.000000+00:00","updated_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const SETTING: &str = r#"{"id":1,"scope":"","setting_key":"theme","value":5000000000000000000.0,"version":1,"updated_at":"2024-01-01T00:00:00.000000+00:00","updated_by":null}"#;
    const SETTING_VERSION: &str = r#"{"id":1,"scope":"user:1","setting_key":"theme","version":1,"value":null,"deleted":true,"changed_at":"2024-01-01T00:00:00.000000+00:00","changed_by":"u"}"#;
    const TASK: &str = r#"{"id":1,"public_id":"t1","user_id":null,"kind":"title","input":{"a":5000000000000000000.0},"status":"running","priority":-5,"run_at":"2024-01-01T00:00:00.000000+00:00","attempts":1,"max_attempts":3,"lease_token":"00000000000000000000000000000000","lease_until":"2024-01-01T00:00:00.000000+00:00","worker":"w","cancel_requested_at":null,"idempotency_key":"k","result":null,"error":"e","created_at":"2024-01-01T00:00:00.000000+00:00","started_at":"2024-01-01T00:00:00.000000+00:00","finished_at":null}"#;
    const MEMORY: &str = r#"{"id":1,"namespace":"users/ada/","item_key":"k","value":{"a":5000000000000000000.0},"created_at":"2024-01-01T00:00:00.000000+00:00","updated_at":"2024-01-01T00:00:00.000000+00:00","expires_at":"2024-01-01T00:01:00.000000+00:00","ttl_seconds":60}"#;

    const REQUEST: &str = r#"{"id":1,"request_id":"r","attempt":1,"user_id":null,"conversation_id":2,"capability":"c","provider":"p","model":"m","outcome":"failure","error_kind":"e","latency_ms":5,"ttft_ms":null,"input_tokens":7,"output_tokens":null,"cached_tokens":7,"reasoning_tokens":null,"cost":"0.5","reason":[5000000000000000000.0],"source":"probe","created_at":"2024-01-01T00:00:00.000000+00:00"}"#;
    const TOTAL: &str = r#"{"id":1,"minutes":60,"start":"2024-01-01T01:00:00.000000+00:00","provider":"p","model":"m","source":"request","shard":15,"requests":1,"failures":1,"cancelled":0,"latency_ms":5,"with_ttft":0,"ttft_ms":0,"input_tokens":0,"output_tokens":0,"cached_tokens":0,"reasoning_tokens":0,"cost_high":0,"cost_low":0,"within_100_ms":1,"within_250_ms":0,"within_500_ms":0,"within_1000_ms":0,"within_2000_ms":0,"within_4000_ms":0,"within_8000_ms":0,"within_15000_ms":0,"within_30000_ms":0,"within_60000_ms":0,"over_60000_ms":0,"last_request_at":"2024-01-01T01:00:01.000000+00:00","last_failure_at":null}"#;
    const CREDENTIAL: &str = r#"{"id":1,"public_id":"c1","provider_id":2,"user_id":3,"owner_key":"provider:2/user:3","name":"n","version":1,"ciphertext":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","key_id":"k","format":1,"hint":"ab\"d","scopes":"a b","status":"revoked","expires_at":null,"cooldown_until":null,"last_used_at":null,"revoked_at":"2024-01-01T00:00:00.000000+00:00","created_by":null,"created_at":"2024-01-01T00:00:00.000000+00:00"}"#;

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
    fn invalid_providers_models_and_defaults_are_rejected() {
        rejected::<ChatProviders>(
            PROVIDER,
            &[
                (r#""public_id":"p1""#, r#""public_id":"p 1""#, "public_id"),
                (r#""name":"openai""#, r#""name":"OpenAI""#, "name"),
                (r#""kind":"openai""#, r#""kind":"""#, "kind"),
                ("https://a.example", "https://cVWp4X@a.example", "base_url"),
                ("-5", "-2147483648", "priority"),
                (r#""weight":1"#, r#""weight":-1"#, "weight"),
                ("vision", "Vision", "capabilities"),
                (r#"{"a":5000000000000000000.0}"#, r#"{"api_key":"cVWp4X"}"#, "config"),
                (r#""rate_limits":{}"#, r#""rate_limits":[]"#, "object"),
                (r#""version":1"#, r#""version":0"#, "version"),
            ],
        );
        rejected::<ChatModels>(
            MODEL,
            &[
                ("m/1:free", "", "name"),
                (r#""context_window":1"#, r#""context_window":0"#, "context_window"),
                ("2.5", "-2.5", "cost"),
                (r#"{"a":1}"#, "null", "object"),
            ],
        );
        rejected::<ChatModelDefaults>(
            DEFAULT,
            &[
                (r#""chat""#, r#""a chat""#, "purpose"),
                (r#""model_id":1"#, r#""model_id":null"#, ""),
            ],
        );
    }

    #[test]
    fn invalid_policies_are_rejected() {
        rejected::<ChatProviderPolicies>(
            POLICY,
            &[
                (r#""public_id":"p1""#, r#""public_id":"p 1""#, "public_id"),
                (r#""owner_key":"provider:2""#, r#""owner_key":"app""#, "owner_key"),
                (r#""provider_id":2"#, r#""provider_id":null"#, "owner_key"),
                (r#""name":"breaker""#, r#""name":"""#, "name"),
                ("circuit_breaker", "later", "kind"),
                ("circuit_breaker", "fallback", "config.providers"),
                (r#""failure_percent":50"#, r#""failure_percent":0"#, "config.failure_percent"),
                (r#""min_requests":10"#, r#""token":"cVWp4X""#, "config"),
                (r#""version":1"#, r#""version":0"#, "version"),
            ],
        );
    }

    #[test]
    fn invalid_tasks_are_rejected() {
        let kind = format!(r#""kind":"{}""#, "é".repeat(101));
        let error = format!(r#""error":"{}""#, "e".repeat((1 << 16) + 1));
        let time = r#""finished_at":"2024-01-01T00:00:00.000000+00:00""#;
        rejected::<ChatTasks>(
            TASK,
            &[
                (r#""public_id":"t1""#, r#""public_id":"""#, "public_id"),
                (r#""kind":"title""#, &kind, "kind"),
                (r#"{"a":5000000000000000000.0}"#, "[]", "object"),
                ("running", "sleeping", "status"),
                ("running", "queued", "lease_token"),
                (r#""priority":-5"#, r#""priority":-1001"#, "priority"),
                (r#""attempts":1"#, r#""attempts":-1"#, "attempts"),
                (r#""max_attempts":3"#, r#""max_attempts":0"#, "max_attempts"),
                (r#""lease_token":"0"#, r#""lease_token":"g"#, "lease_token"),
                (
                    r#""lease_token":"00000000000000000000000000000000""#,
                    r#""lease_token":null"#,
                    "lease_token",
                ),
                (r#""worker":"w""#, r#""worker":"\u0000""#, "worker"),
                (r#""idempotency_key":"k""#, r#""idempotency_key":"""#, "idempotency_key"),
                (r#""error":"e""#, &error, "error"),
                (r#""finished_at":null"#, time, "finished_at"),
            ],
        );
    }

    #[test]
    fn invalid_routed_requests_and_totals_are_rejected() {
        let name = format!(r#""provider":"{}""#, "é".repeat(101));
        rejected::<ChatRoutingRequests>(
            REQUEST,
            &[
                (r#""request_id":"r""#, r#""request_id":"""#, "request_id"),
                (r#""attempt":1"#, r#""attempt":0"#, "attempt"),
                (r#""provider":"p""#, &name, "provider"),
                (r#""model":"m""#, r#""model":"\u0000""#, "model"),
                ("failure", "lost", "outcome"),
                ("probe", "test", "source"),
                (r#""latency_ms":5"#, r#""latency_ms":-5"#, "latency_ms"),
                (r#""cached_tokens":7"#, r#""cached_tokens":8"#, "cached_tokens"),
                (r#""cost":"0.5""#, r#""cost":"-0.5""#, "cost"),
                ("5000000000000000000.0", "18446744073709551616", "64 bits"),
            ],
        );
        rejected::<ChatRoutingTotals>(
            TOTAL,
            &[
                (r#""minutes":60"#, r#""minutes":24"#, "minutes"),
                ("T01:00:00", "T01:01:00", "start"),
                (r#""provider":"p""#, &name, "provider"),
                (r#""source":"request""#, r#""source":"""#, "source"),
                (r#""shard":15"#, r#""shard":16"#, "shard"),
                (r#""failures":1"#, r#""failures":-1"#, "failures"),
                (r#""over_60000_ms":0"#, r#""over_60000_ms":-1"#, "over_60000_ms"),
            ],
        );
    }

    #[test]
    fn invalid_credentials_are_rejected() {
        let short = format!(r#""ciphertext":"{}""#, "AAAA".repeat(13));
        let ciphertext = format!(r#""ciphertext":"{}""#, "AAAA".repeat(14));
        rejected::<ChatCredentials>(
            CREDENTIAL,
            &[
                (r#""public_id":"c1""#, r#""public_id":"""#, "public_id"),
                (r#""owner_key":"provider:2/user:3""#, r#""owner_key":"user:3""#, "owner_key"),
                (r#""user_id":3"#, r#""user_id":4"#, "owner_key"),
                (r#""name":"n""#, r#""name":"""#, "name"),
                (r#""version":1"#, r#""version":0"#, "version"),
                (&ciphertext, &short, "ciphertext"),
                (&ciphertext, r#""ciphertext":"secret""#, "base64"),
                (r#""key_id":"k""#, r#""key_id":"k:""#, "key_id"),
                (r#""format":1"#, r#""format":-1"#, "format"),
                (r#""hint":"ab\"d""#, r#""hint":"123456789""#, "hint"),
                (r#""scopes":"a b""#, r#""scopes":"a  b""#, "scopes"),
                (r#""status":"revoked""#, r#""status":"lost""#, "status"),
                (r#""status":"revoked""#, r#""status":"active""#, "revoked_at"),
                (r#""created_by":null"#, r#""created_by":"a\u0000""#, "created_by"),
            ],
        );
    }

    #[test]
    fn invalid_settings_and_versions_are_rejected() {
        let scope = format!(r#""scope":"{}""#, "é".repeat(101));
        let key = (r#""setting_key":"theme""#, r#""setting_key":"""#, "setting_key");
        let version = (r#""version":1"#, r#""version":0"#, "version");
        let large = format!("{:?}", "a".repeat((1 << 20) - 1));
        rejected::<AppSettings>(
            SETTING,
            &[
                (r#""scope":"""#, &scope, "scope"),
                key,
                ("5000000000000000000.0", "18446744073709551616", "64 bits"),
                ("5000000000000000000.0", &large, "value"),
                version,
                (r#""updated_by":null"#, r#""updated_by":"""#, "updated_by"),
            ],
        );
        rejected::<AppSettingVersions>(
            SETTING_VERSION,
            &[
                (r#""scope":"user:1""#, &scope, "scope"),
                key,
                ("null", r#""\u0000""#, "NUL"),
                version,
                (r#""deleted":true"#, r#""deleted":1"#, "boolean"),
                (r#""changed_by":"u""#, r#""changed_by":"\u0000""#, "changed_by"),
            ],
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
