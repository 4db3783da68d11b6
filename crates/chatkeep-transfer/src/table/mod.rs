//! The tables whose rows are transferred.
//!
//! A table is one implementation of [`TransferTable`] and one line in [`TABLES`]. Copy, comparison,
//! backup and restore go over the list.

mod api_tokens;
mod batch;
mod erased;
mod messages;
mod next_ids;
mod row_counts;
mod stored;
mod user_sessions;

use chatkeep_core::{Connection, Result};

pub(crate) use api_tokens::ApiTokens;
pub(crate) use batch::{Batch, Rows};
pub(crate) use erased::{AnyTable, HandOver};
pub(crate) use messages::Messages;
pub(crate) use next_ids::NextIds;
pub use row_counts::{RowCounts, TableRows, count_rows};
use stored::{
    AppSettingVersions, AppSettings, ChatAuditLog, ChatConversations, ChatCredentials,
    ChatModelDefaults, ChatModels, ChatProviderPolicies, ChatProviders, ChatRoutingRequests,
    ChatRoutingTotals, ChatStreams, ChatTasks, ChatUsers, ConversationItems, GraphCheckpoints,
    GraphMemories, GraphNamespaces, GraphSegments, GraphThreads, GraphValues, GraphWrites,
    MessageFeedback, OneTimeSecrets, OpenTurns, StreamChunks, UserIdentities, UserPasswords,
    UserRoles,
};
pub(crate) use user_sessions::UserSessions;

use crate::digest::RowDigest;

/// All tables, each after those that it references.
pub(crate) const TABLES: Tables = &[
    &Messages,
    &MessageFeedback,
    &ChatUsers,
    &UserPasswords,
    &UserIdentities,
    &UserRoles,
    &OneTimeSecrets,
    &ApiTokens,
    &UserSessions,
    &ChatProviders,
    &ChatModels,
    &ChatModelDefaults,
    &ChatProviderPolicies,
    &ChatCredentials,
    &ChatConversations,
    &ConversationItems,
    &OpenTurns,
    &ChatStreams,
    &StreamChunks,
    &GraphThreads,
    &GraphNamespaces,
    &GraphCheckpoints,
    &GraphValues,
    &GraphSegments,
    &GraphWrites,
    &GraphMemories,
    &ChatTasks,
    &ChatRoutingRequests,
    &ChatRoutingTotals,
    &AppSettings,
    &AppSettingVersions,
    &ChatAuditLog,
];

/// A list of tables, each after those that it references.
pub(crate) type Tables = &'static [&'static dyn AnyTable];

/// A table whose rows are transferred. Rows are handled in batches, ordered by id.
pub(crate) trait TransferTable: Sync + 'static {
    /// A complete row.
    type Row: Send + Sync + 'static;

    /// Name of the table, of its folder in archives, and its JSON key in reports. It is stored, so
    /// it must not change.
    const NAME: &'static str;
    /// Noun for one row in the output for people. Its plural ends in `s`.
    const NOUN: &'static str;
    /// Whether the database generates the ids. Then the next id is transferred as well, so that no
    /// id is ever reused.
    const GENERATES_IDS: bool = true;

    /// Returns the id of a row.
    fn id(row: &Self::Row) -> i64;

    /// Counts all rows.
    fn count(connection: &mut Connection) -> Result<u64>;

    /// Returns the next rows with an id greater than `id`, ordered by id: some megabytes at most.
    /// The result is empty at the end.
    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<Self::Row>>;

    /// Stores rows with their ids, in the caller's transaction.
    fn insert_with_ids(connection: &mut Connection, rows: &[Self::Row]) -> Result<()>;

    /// Adds all values of a row to the digest. The order is part of the archive format.
    fn add_to_digest(row: &Self::Row, digest: &mut RowDigest<'_>);

    /// Appends a row to `out` as one line of JSON.
    fn write_line(row: &Self::Row, out: &mut Vec<u8>) -> Result<()>;

    /// Parses a line of an archive and validates it as untrusted input. The error is the reason.
    fn read_line(line: &str) -> Result<Self::Row, String>;

    /// Runs after all rows of all tables are stored.
    fn after_import(_connection: &mut Connection) -> Result<()> {
        Ok(())
    }

    /// Runs after all rows of all tables are deleted.
    fn after_truncate(_connection: &mut Connection) -> Result<()> {
        Ok(())
    }
}

/// Returns the names of tables.
pub(crate) fn names(tables: Tables) -> Vec<&'static str> {
    tables.iter().map(|table| table.name()).collect()
}

/// Counts the rows of tables.
pub(crate) fn count(connection: &mut Connection, tables: Tables) -> Result<RowCounts> {
    let counted = tables.iter().map(|table| {
        Ok(TableRows { table: table.name(), noun: table.noun(), rows: table.count(connection)? })
    });
    counted.collect::<Result<_>>().map(RowCounts::new)
}

/// Returns the ids of the next rows of tables.
pub(crate) fn next_ids(connection: &mut Connection, tables: Tables) -> Result<NextIds> {
    let mut next_ids = NextIds::default();
    for table in tables.iter().filter(|table| table.generates_ids()) {
        let next = chatkeep_core::transfer::next_id(connection, table.name())?;
        next_ids.insert(table.name(), next);
    }
    Ok(next_ids)
}
