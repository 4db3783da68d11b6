//! The storage layer of chatkeep: URLs, connections, schema, migrations, models and queries.
//!
//! This is the only crate that depends on the database engines. It opens single connections and
//! its calls block. Pooling is in `chatkeep-pool`. Applications should use `chatkeep`, which
//! provides the public API.
//!
//! - [`DatabaseUrl`]: the address of a database.
//! - [`Connection`]: one connection to any of the engines; every call has a deadline.
//! - [`migrations`]: the versions of the schema.
//! - [`messages`], [`tokens`], [`users`], [`sessions`]: all reads and writes.
//! - [`Timestamp`], [`Metadata`]: values that are identical on every engine.
//! - [`Error`]: the only error type, with a kind.

// The derived descriptions name this crate.
extern crate self as chatkeep_core;

mod app_setting;
pub mod audit;
mod case_folding;
mod connection;
mod conversation;
mod credential;
mod db_error;
pub mod deadline;
mod delete_rows;
pub mod described;
mod engine;
mod error;
mod error_kinds;
pub mod feedback;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod graph;
pub mod identity;
pub mod interrupt;
pub mod legacy;
mod memory;
mod message;
pub mod migrations;
pub mod personal_data;
mod provider;
mod public_ids;
mod revision;
mod routing;
mod schema;
mod session;
mod stream;
mod task;
mod token;
pub mod transfer;
mod unexpired;
pub mod url;
mod user;
mod value;

pub use app_setting::{AppSetting, AppSettingVersion, SettingSource};
pub use audit::{AuditEntry, AuditFilter, AuditPage, NewAuditEntry};
pub use connection::{ConnectOptions, Connection, Role};
pub use conversation::{
    Conversation, ConversationItem, ConversationPage, ImportedConversation, ImportedItem, NewItem,
    NewTurn, OpenTurn, TurnEnd, TurnStart,
};
pub use credential::{
    Credential, CredentialCheck, CredentialKeyCheck, CredentialKeys, CredentialPage,
    CredentialRotation, CredentialStatus, NewCredential, RevealedCredential,
};
pub use engine::Engine;
pub use error::{Error, ErrorKind, Result, SchemaState};
pub use error_kinds::{ERROR_KINDS, KindDescription};
pub use feedback::{Feedback, FeedbackSummary, NewFeedback};
pub use graph::{
    GraphChannel, GraphCheckpoint, GraphThread, GraphWrite, NewChannel, NewCheckpoint,
    NewGraphWrite,
};
pub use memory::{Memory, NewMemory};
pub use message::{
    Analytics, AnalyticsFilter, CountingStep, Cursor, MAX_MODEL, MAX_PROVIDER, MAX_QUERY, Message,
    MessageFilter, MessageStatus, MetadataFilter, NewMessage, Order, Page, SearchIndexState, Sums,
    ToCount, TotalsCheck, TotalsDifference, Uncounted, Usage,
};
pub use personal_data::{UserErasure, UserExport};
pub use provider::{
    Model, ModelDefault, NewModel, NewProvider, Provider, ProviderChanges, ProviderSnapshot,
    ProviderWithModels, SelectedModel,
};
pub use routing::choose::{
    ChooseRequest, ModelCandidate, ModelChoice, RejectedModel, RejectionReason,
};
pub use routing::policy::{NewPolicy, PolicyKind, PolicyPage, ProviderPolicy};
pub use routing::{
    ModelHealth, NewRoutingRequest, ProviderHealth, RoutingFilter, RoutingOutcome, RoutingRequest,
    RoutingRequestPage, RoutingSource, RoutingUsage, RoutingUsageBy,
};
pub use session::{
    CreatedSession, FoundSession, NewSession, Presented, RotatedSession, SessionCheck, SessionInfo,
    SessionPage, SessionReason, SessionSecret,
};
pub use stream::{
    FinishedStream, NewStream, StreamChunk, StreamEnd, StreamInfo, StreamPage, StreamRead,
    StreamStatus,
};
pub use task::{ClaimedTask, LeaseState, NewTask, Task, TaskCounts, TaskPage, TaskStatus};
pub use token::{
    CreatedToken, FoundToken, NewToken, PlainToken, TokenCheck, TokenHash, TokenInfo, TokenReason,
    TokenState,
};
pub use url::DatabaseUrl;
pub use user::password::PasswordScheme;
pub use user::{NewUser, OneTimeSecret, User, UserChanges, UserIdentity, UserPage, UserRole};
pub use value::{
    Bytes, Cost, JsonValue, MAX_LIMIT, MAX_ROW_BYTES, Metadata, Secret, TextSet, Timestamp,
    TotalCost, check_limit,
};

/// Reads, writes, searches and totals of the message log.
pub mod messages {
    pub use crate::message::{
        CHUNK_BYTES, Chunk, DeletedBatch, LockedTotals, advance_totals, analytics, catch_up,
        check_many, check_totals, count, count_all, count_imported, count_older_than,
        create_search_index, delete_batch_older_than, drop_search_index, find_uncounted, get,
        insert, insert_group, insert_many, insert_with_ids, is_count_due, list, list_after,
        list_after_id, rebuild_totals, reset_totals, retention_cutoff, search,
        search_index_minimum, search_index_state, with_ids,
    };
}

/// Settings of the application and their versions.
pub mod app_settings {
    pub use crate::app_setting::{
        MAX_KEY, MAX_SCOPE, Pruned, SettingChange, StoredAppSetting, StoredSettingVersion,
        check_key, check_scope, check_user, check_value, delete, list_scopes, list_versions,
        load_scope, prune_batch, rollback, set, set_many,
    };
}

/// Conversations, their items and their turns.
pub mod conversations {
    pub use crate::conversation::{
        Change, DeletedParts, DeletionStep, ItemRange, ListedConversations, MAX_ROLE, MAX_TITLE,
        NewConversation, StoredConversation, StoredItem, StoredTurn, append_items, begin_turn,
        change, check_items, check_title, clear_items, copy, create, delete_step, extend_turn,
        find_with_user, finish_turn, get, get_items, import, inactive_since, interrupt_turn,
        interrupted_turns, lease_end, list, list_created_after, list_open_turns, pop_items,
        replace_items,
    };
    pub use crate::public_ids::{find_conversation as find, find_user, no_conversation};
}

/// Encrypted credentials: storing, reading, and encryption with another key.
pub mod credentials {
    pub use crate::credential::{
        FoundCredential, KeyCounts, RotationStep, SoughtCredential, StoredCredential, add,
        check_cooldown, cool_down, count_batch, decrypt_fernet, delete, delete_ended_batch, find,
        get, list, reveal, rotate_batch, set_status, touch,
    };
}

/// Checkpoints of agents: threads, their checkpoints, and the writes of tasks.
pub mod graphs {
    pub use crate::graph::{
        CheckpointRange, GraphEntry, StoredCheckpoint, StoredNamespace, StoredSegment,
        StoredThread, StoredValue, StoredWrite, Task, ThreadCondition, ThreadDeletion, check_id,
        check_namespace, check_thread, copy_thread, delete_runs_step, delete_step, get, list,
        list_threads, matching_threads, prune_step, set_expiry, set_owner, store, thread_id,
    };
}

/// Long-term memory of agents: items, searches, and the namespaces that have items.
pub mod memories {
    pub use crate::memory::{
        MemorySearch, NamespaceList, StoredMemory, check_key, delete, delete_batch_expired,
        delete_batch_under, encode, get, put, put_many, refresh,
    };
}

/// Policies by which models are chosen, and the choice.
pub mod policies {
    pub use crate::routing::choose::{RoutingHealth, choose, needed_windows, random_seed};
    pub use crate::routing::policy::{
        StoredProviderPolicy, check_expected_version, check_policy_name, delete, get, list, put,
    };
}

/// Providers, their models, and the default models of purposes.
pub mod providers {
    pub use crate::provider::{
        StoredModel, StoredModelDefault, StoredProvider, check_after, check_model_name,
        check_provider_name, check_purpose, create, delete, delete_default, delete_model, get,
        get_model, list, list_defaults, list_models, put_model, set_default, snapshot, update,
    };
}

/// Numbers of the last changes of subjects that programs keep in memory.
pub mod revisions {
    pub use crate::revision::{RevisedSubject, advance, current};
}

/// Requests to models: recording, health, usage and retention.
pub mod routing_requests {
    pub use crate::routing::{
        LATENCY_LIMITS_MS, ResolvedRequest, SHARDS, StoredRoutingRequest, StoredRoutingTotal,
        UsageQuery, attempts, check_minutes, check_request_id, cutoff, delete_minutes_batch,
        delete_requests_batch, list, merge_hours_batch, provider_health, random_shard, store,
        usage,
    };
}

/// Streamed responses: creation, appended text, reads and retention.
pub mod streams {
    pub use crate::stream::{
        AppendOutcome, MAX_CHUNK_BYTES, MovedTurn, Position, StoredChunk, StoredStream, StreamText,
        append, cancel, check_seconds, check_stream_id, check_text, create, delete_chunks_batch,
        delete_ended_batch, finish, get, interrupt_stale, interrupt_stale_batch, list, positions,
        read, stale_with_turn, text,
    };
}

/// Tasks that workers run: enqueueing, claims, leases, results and retention.
pub mod tasks {
    pub use crate::task::{
        DueTasks, RenewedLease, StoredTask, TaskClaim, TaskFailure, TaskFilter, cancel,
        check_lease, claim, complete, count, delete_ended_batch, enqueue, enqueue_many, fail,
        find_due, get, heartbeat, list, release, renew, retry,
    };
}

/// Creation, lookup, rotation and revocation of API tokens.
pub mod tokens {
    pub use crate::token::{
        MAX_DESCRIPTION, StoredToken, check_description, check_required_scopes, count_all,
        count_expired, create, delete_expired, delete_expired_batch, existing_ids, expiry, find,
        find_state, get, grace_end, insert_with_ids, insert_with_new_ids, join_scopes, list,
        list_after_id, revoke, rotate, touch, with_hashes,
    };
}

/// Creation, lookup, rotation and end of users' sessions.
pub mod sessions {
    pub use crate::session::{
        End, GRACE, MIN_INTERVAL, Rotation, SessionUse, StoredSession, count_all, create,
        delete_ended_batch, end_by_id, end_by_public_id, end_of_user, find, find_and_end_reused,
        insert_with_ids, list, list_after_id, rotate, touch,
    };
}

/// Users, and how they sign in.
pub mod users {
    pub use crate::public_ids::no_user;
    pub use crate::user::{
        CheckedChanges, CheckedUser, Credentials, Login, UserKey, UserState, check_grant,
        check_identity, check_page, check_purpose, check_role, check_subject, confirm, consume,
        create, create_secret, delete, delete_expired_secrets_batch, delete_secrets, email_key,
        find, find_by_identity, find_credentials, grant, has_password, has_role, import, link,
        list, list_identities, list_roles, new_stamp, password, record_identity_login,
        record_login, revoke, rows, secret_expiry, set_active, set_password, unlink, update,
        username_key,
    };
}
