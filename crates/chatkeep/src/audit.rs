//! The audit log.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{
    AuditEntry, AuditFilter, AuditPage, Cursor, NewAuditEntry, Result, audit, check_limit, messages,
};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

use crate::batch_sizer::in_batches;
use crate::managers::Parts;
use crate::retry::with_retry;

/// Records actions and lists them. It is cheap to clone.
#[derive(Clone)]
pub struct AuditManager {
    pool: Arc<Pool>,
}

/// Records which account did what to which object.
///
/// Entries do not change, except that `erase_user` removes the user from them. `prune_audit` deletes old
/// ones. Other calls, such as `grant_role`, record nothing themselves, because they know neither the
/// actor nor the client: record the action after the call.
#[operations(name = "audit", receiver = audit)]
impl AuditManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self { pool: Arc::clone(&parts.pool) }
    }

    /// Records an action.
    ///
    /// In `before` and `after`, the values of keys that name a secret, such as `password`, `api_key` or
    /// `session_token`, are replaced by `[redacted]`.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{AuditFilter, NewAuditEntry};
    ///
    /// let mut entry = NewAuditEntry::new("role.granted");
    /// entry.actor = Some("admin-1".into());
    /// entry.object = Some("user:0190".into());
    /// chat.audit().record_audit(&entry)?;
    /// let by_admin = AuditFilter { actor: Some("admin-1".into()), ..AuditFilter::default() };
    /// let page = chat.audit().list_audit(&by_admin, 10, None)?;
    /// assert_eq!(page.entries[0].action, "role.granted");
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The entry.
    ///
    /// # Errors
    /// - `InvalidInput`: `action` is empty, or a value is too long.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn record_audit(&self, #[argument(flatten)] entry: &NewAuditEntry) -> Result<AuditEntry> {
        let run = || {
            entry.check()?;
            with_retry(&self.pool, |connection| audit::record(connection, entry))
        };
        run().map_err(|error| error.with_operation("record_audit"))
    }

    /// Returns a page of the matching entries, newest first.
    ///
    /// # Arguments
    /// - `limit`: Maximum number of entries to return (1–10,000).
    /// - `cursor`: The `next_cursor` of the previous page.
    ///
    /// # Returns
    /// The entries, and the position of the next page.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range, or `cursor` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_audit(
        &self,
        #[argument(flatten)] filter: &AuditFilter,
        #[argument(default = 100, named)] limit: i64,
        cursor: Option<&str>,
    ) -> Result<AuditPage> {
        let run = || {
            check_limit(limit)?;
            cursor.map(str::parse::<Cursor>).transpose()?;
            audit::list(&mut *self.pool.reader()?, filter, limit, cursor)
        };
        run().map_err(|error| error.with_operation("list_audit"))
    }

    /// Deletes the entries that are older than a number of days, in batches.
    ///
    /// # Arguments
    /// - `days`: Minimum age in days of 24 hours, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted entries.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some entries may be
    /// deleted. Call it again.
    #[operation(write)]
    pub fn prune_audit(&self, #[argument(positional)] days: i64) -> Result<u64> {
        let run = || {
            let cutoff = messages::retention_cutoff(days)?;
            in_batches(&self.pool, |connection, most| {
                audit::delete_batch_older_than(connection, cutoff, most)
            })
        };
        run().map_err(|error| error.with_operation("prune_audit"))
    }
}

impl fmt::Debug for AuditManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
