//! The audit log: which account changed which object. Entries are inserted, deleted after a
//! time, and anonymised when a user is erased.

mod record;
mod redaction;
mod rows;
mod store;

pub use record::{AuditEntry, AuditFilter, AuditPage, NewAuditEntry};
pub(crate) use rows::chat_audit_log;
pub use store::{delete_batch_older_than, list, record};
