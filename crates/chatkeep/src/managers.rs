//! The list of a store's managers. A further one is a line here and the export in `lib.rs`.

use std::sync::Arc;

use chatkeep_core::ProviderSnapshot;
use chatkeep_core::revisions::RevisedSubject;
use chatkeep_pool::Pool;

use crate::app_settings::{AppSettingManager, SettingCache};
use crate::asynchronous::{Async, AsyncChatkeep};
use crate::audit::AuditManager;
use crate::background::BlockingExecutor;
use crate::chatkeep::Chatkeep;
use crate::checkpoints::Checkpoints;
use crate::conversations::ConversationManager;
use crate::credentials::CredentialManager;
use crate::database::DatabaseManager;
use crate::feedback::FeedbackManager;
use crate::graph::GraphManager;
use crate::memory::MemoryManager;
use crate::messages::MessageLogger;
use crate::operation::{Described, Interface};
use crate::providers::ProviderManager;
use crate::routing::RoutingManager;
use crate::sessions::SessionManager;
use crate::settings::ManagerSettings;
use crate::snapshot::Snapshot;
use crate::streams::StreamManager;
use crate::tasks::TaskManager;
use crate::tokens::TokenManager;
use crate::totals_updater::TotalsUpdater;
use crate::users::UserManager;
use crate::write::{Storage, WritePath};

/// The parts of a store from which its managers are created.
pub(crate) struct Parts {
    pub(crate) pool: Arc<Pool>,
    pub(crate) executor: Arc<BlockingExecutor>,
    pub(crate) settings: ManagerSettings,
    /// All messages are written by it, so that they share transactions.
    pub(crate) write: Arc<WritePath>,
    /// An erasure deletes settings of a user, too.
    pub(crate) setting_cache: Arc<SettingCache>,
    /// `None` unless the database is a SQLite file.
    pub(crate) checkpoints: Option<Arc<Checkpoints>>,
    /// The providers and policies in memory, which several managers change.
    pub(crate) providers: Arc<Snapshot<ProviderSnapshot>>,
}

impl Parts {
    pub(crate) fn new(pool: Pool, settings: ManagerSettings) -> Self {
        let pool = Arc::new(pool);
        let executor = Arc::new(BlockingExecutor::new(pool.settings().pool_size as usize));
        let totals = Arc::new(TotalsUpdater::new(Arc::clone(&pool), Arc::clone(&executor)));
        let checkpoints = Checkpoints::new(Arc::clone(&pool), Arc::clone(&executor)).map(Arc::new);
        let storage = Storage::new(Arc::clone(&pool), totals, checkpoints.clone());
        let write = Arc::new(WritePath::new(storage, settings.writers));
        let setting_cache = Arc::new(SettingCache::new());
        let providers = Arc::new(Snapshot::new(RevisedSubject::Providers));
        Self { pool, executor, settings, write, setting_cache, checkpoints, providers }
    }
}

/// Declares the managers. Each has a function `new(&Parts)` and an impl block with `#[operations]`.
macro_rules! managers {
    ($($(#[$documentation:meta])* $name:ident: $manager:ty;)+) => {
        #[derive(Clone)]
        pub(crate) struct Managers {
            $(pub(crate) $name: $manager,)+
        }

        impl Managers {
            pub(crate) fn new(parts: &Parts) -> Self {
                Self { $($name: <$manager>::new(parts),)+ }
            }
        }

        impl Chatkeep {
            $(
                $(#[$documentation])*
                pub fn $name(&self) -> &$manager {
                    &self.managers.$name
                }
            )+
        }

        #[derive(Clone)]
        pub(crate) struct AsyncManagers {
            $($name: Async<$manager>,)+
        }

        impl AsyncManagers {
            pub(crate) fn new(chat: &Chatkeep) -> Self {
                Self { $($name: Async::new(chat.$name(), chat),)+ }
            }
        }

        impl AsyncChatkeep {
            $(
                $(#[$documentation])*
                pub fn $name(&self) -> &Async<$manager> {
                    &self.managers.$name
                }
            )+
        }

        /// The interfaces of the managers, and the store's own.
        pub(crate) const INTERFACES: &[Interface] = &[
            $(<$manager as Described>::INTERFACE,)+
            <Chatkeep as Described>::INTERFACE,
        ];
    };
}

managers! {
    /// Returns the message log.
    messages: MessageLogger;

    /// Returns the API tokens.
    tokens: TokenManager;

    /// Returns the ratings of responses.
    feedback: FeedbackManager;
    /// Returns the users.
    users: UserManager;
    /// Returns the sessions of users.
    sessions: SessionManager;
    /// Returns the audit log.
    audit: AuditManager;
    /// Returns the streamed responses.
    streams: StreamManager;
    /// Returns the conversations.
    conversations: ConversationManager;
    /// Returns the checkpoints of agents.
    graph: GraphManager;
    /// Returns the long-term memory of agents.
    memory: MemoryManager;
    /// Returns the settings of the application.
    app_settings: AppSettingManager;
    /// Returns the tasks that workers run.
    tasks: TaskManager;
    /// Returns the providers, their models and the default models.
    providers: ProviderManager;
    /// Returns the encrypted credentials.
    credentials: CredentialManager;
    /// Returns the routing of requests: their outcomes, health and usage.
    routing: RoutingManager;

    /// Returns the database's status, health and migrations.
    database: DatabaseManager;
}
