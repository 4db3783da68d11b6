//! The data layer of a chat backend: users, sessions, API tokens, conversations, streams, messages.
//!
//! It runs on SQLite, PostgreSQL, MySQL and MariaDB. One `DATABASE_URL` selects the database.
//!
//! ```
//! use chatkeep::{Chatkeep, MessageFilter, NewMessage, Page};
//!
//! let chat = Chatkeep::open("sqlite:///:memory:")?; // or postgresql://…, mysql://…, mariadb://…
//! let message = NewMessage::new("What is WAL?").with_response("Write-ahead logging.");
//! let id = chat.messages().log_message(&message.with_provider("openai"))?;
//! let newest = chat.messages().get_messages(&MessageFilter::default(), &Page::first(10))?;
//! assert_eq!(newest[0].id, id);
//!
//! let created = chat.tokens().create_token("for the web app", Some(90))?;
//! assert!(chat.tokens().verify_token(created.token.expose())?);
//! # Ok::<(), chatkeep::Error>(())
//! ```
//!
//! The first call connects, and creates or migrates the schema. Every call has a deadline and may
//! be made from any thread: a [`Chatkeep`] is cheap to clone and to share. Calls block; those of
//! [`Chatkeep::asynchronous`] are awaited instead, on any executor.
//!
//! A failed call returns an [`Error`] with a [kind](ErrorKind) and whether a retry may help. A
//! database that is down is never reported as "no such message" or "invalid token".

mod app_settings;
mod asynchronous;
mod audit;
mod background;
mod batch_sizer;
mod chatkeep;
mod checkpoints;
mod conversations;
mod credentials;
mod database;
mod environment;
mod feedback;
mod fine_tuning;
mod graph;
mod group_commit;
mod handle;
mod managers;
mod memory;
mod message_iter;
mod messages;
mod migrate_request;
mod migrator;
pub mod operation;
mod password_checker;
mod process_map;
mod providers;
mod retry;
mod revocations;
mod routing;
mod secret_cache;
mod session_check;
mod sessions;
mod settings;
mod snapshot;
mod streams;
mod tasks;
mod tokens;
mod totals_updater;
mod use_recorder;
mod users;
mod write;

pub use app_settings::AppSettingManager;
pub use asynchronous::{
    Async, AsyncChatkeep, AsyncConversationManager, AsyncDatabaseManager, AsyncMessageIter,
    AsyncMessageLogger, AsyncSessionManager, AsyncStreamManager, AsyncTokenManager,
};
pub use audit::AuditManager;
pub use chatkeep::{Chatkeep, ChatkeepBuilder};
pub use chatkeep_core::described;
pub use chatkeep_core::interrupt::interruptible;
pub use chatkeep_core::{
    Analytics, AnalyticsFilter, AppSetting, AppSettingVersion, AuditEntry, AuditFilter, AuditPage,
    Bytes, ChooseRequest, ClaimedTask, Conversation, ConversationItem, ConversationPage, Cost,
    CreatedSession, CreatedToken, Credential, CredentialCheck, CredentialKeyCheck, CredentialKeys,
    CredentialPage, CredentialRotation, CredentialStatus, Cursor, DatabaseUrl, ERROR_KINDS, Engine,
    Error, ErrorKind, Feedback, FeedbackSummary, FinishedStream, GraphChannel, GraphCheckpoint,
    GraphThread, GraphWrite, ImportedConversation, ImportedItem, JsonValue, KindDescription,
    LeaseState, MAX_LIMIT, MAX_QUERY, MAX_ROW_BYTES, Memory, Message, MessageFilter, MessageStatus,
    Metadata, MetadataFilter, Model, ModelCandidate, ModelChoice, ModelDefault, ModelHealth,
    NewAuditEntry, NewChannel, NewCheckpoint, NewCredential, NewGraphWrite, NewItem, NewMemory,
    NewMessage, NewModel, NewPolicy, NewProvider, NewRoutingRequest, NewSession, NewStream,
    NewTask, NewToken, NewTurn, NewUser, OneTimeSecret, OpenTurn, Order, Page, PasswordScheme,
    PlainToken, PolicyKind, PolicyPage, Provider, ProviderChanges, ProviderHealth, ProviderPolicy,
    ProviderSnapshot, ProviderWithModels, RejectedModel, RejectionReason, Result,
    RevealedCredential, RotatedSession, RoutingFilter, RoutingOutcome, RoutingRequest,
    RoutingRequestPage, RoutingSource, RoutingUsage, RoutingUsageBy, SchemaState, SearchIndexState,
    Secret, SelectedModel, SessionCheck, SessionInfo, SessionPage, SessionReason, SessionSecret,
    SettingSource, StreamChunk, StreamEnd, StreamInfo, StreamPage, StreamRead, StreamStatus, Sums,
    Task, TaskCounts, TaskPage, TaskStatus, Timestamp, TokenCheck, TokenInfo, TokenReason,
    TotalCost, TotalsCheck, TotalsDifference, TurnEnd, TurnStart, Usage, User, UserChanges,
    UserErasure, UserExport, UserIdentity, UserPage, UserRole, migrations, url,
};
pub use chatkeep_pool::{PoolSettings, PoolStatus};
pub use conversations::ConversationManager;
pub use credentials::CredentialManager;
pub use database::{DatabaseManager, Health};
pub use feedback::FeedbackManager;
pub use fine_tuning::FineTuningFormat;
pub use graph::GraphManager;
pub use handle::{Handle, SharedHandle};
pub use memory::MemoryManager;
pub use message_iter::MessageIter;
pub use messages::MessageLogger;
pub use migrate_request::{MigrateRequest, MigrateResponse};
pub use migrator::Migrator;
pub use providers::ProviderManager;
pub use routing::RoutingManager;
pub use sessions::SessionManager;
pub use settings::{Range, SETTINGS, Setting};
pub use streams::StreamManager;
pub use tasks::{RunningTask, TaskManager, Work, WorkStopHandle};
pub use tokens::TokenManager;
pub use users::{UserFilter, UserManager};
pub use write::MessageSink;
