//! Entries of the audit log.

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::rows::chat_audit_log;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{Metadata, Timestamp, check_name};

/// Maximum length of an action, in characters.
const MAX_ACTION: usize = 100;
/// Maximum length of an actor and of an object, in characters.
const MAX_NAME: usize = 255;
/// Maximum length of an IP address, in characters.
const MAX_IP: usize = 45;
/// Maximum size of the values before and of those after, in bytes.
const MAX_VALUES: usize = 65_536;

/// An action to record.
///
/// ```
/// use chatkeep_core::{Metadata, NewAuditEntry};
///
/// let mut entry = NewAuditEntry::new("role.granted");
/// entry.actor = Some("admin-1".into());
/// entry.after = Some(Metadata::parse(r#"{"role": "editor"}"#)?);
/// entry.check()?;
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewAuditEntry {
    /// The action, such as `role.granted`, at most 100 characters.
    pub action: String,
    /// The account that acted, such as a user's public id, at most 255 characters.
    pub actor: Option<String>,
    /// The object of the action, such as `user:` and a public id, at most 255 characters.
    pub object: Option<String>,
    /// Values before the action, at most 65,536 bytes. Values of keys such as `password` are not
    /// stored.
    pub before: Option<Metadata>,
    /// Values after the action, like `before`.
    pub after: Option<Metadata>,
    /// IP address of the client, at most 45 characters.
    pub ip: Option<String>,
}

impl NewAuditEntry {
    /// Creates an entry of an action.
    pub fn new(action: impl Into<String>) -> Self {
        Self { action: action.into(), ..Self::default() }
    }

    /// Validates the values.
    ///
    /// # Errors
    /// `InvalidInput` with the field's name.
    pub fn check(&self) -> Result<()> {
        check_action(&self.action)?;
        let texts = [
            ("actor", &self.actor, MAX_NAME),
            ("object", &self.object, MAX_NAME),
            ("ip", &self.ip, MAX_IP),
        ];
        for (field, text, limit) in texts {
            text.as_deref().map_or(Ok(()), |text| check_name(field, text, limit))?;
        }
        [("before", &self.before), ("after", &self.after)].into_iter().try_for_each(
            |(field, values)| match values.as_ref().map(|values| values.as_json().len()) {
                Some(bytes) if bytes > MAX_VALUES => Err(Error::invalid_input(
                    field,
                    format!("has {bytes} bytes; at most {MAX_VALUES} can be stored"),
                )),
                _ => Ok(()),
            },
        )
    }
}

fn check_action(action: &str) -> Result<()> {
    check_name("action", action, MAX_ACTION)?;
    if action.is_empty() {
        return Err(Error::invalid_input("action", "must not be empty"));
    }
    Ok(())
}

/// Conditions on entries, combined with AND. An empty filter matches all entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct AuditFilter {
    /// The account that acted, compared exactly.
    pub actor: Option<String>,
    /// The object, compared exactly.
    pub object: Option<String>,
    /// The action, compared exactly.
    pub action: Option<String>,
    /// Earliest time, inclusive.
    #[record(name = "start_date")]
    pub start: Option<Timestamp>,
    /// Latest time, inclusive.
    #[record(name = "end_date")]
    pub end: Option<Timestamp>,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize, Record)]
#[diesel(table_name = chat_audit_log)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Id of the entry. Ids may have gaps.
    pub id: i64,
    /// Time of the action.
    pub created_at: Timestamp,
    /// The action.
    pub action: String,
    /// The account that acted.
    pub actor: Option<String>,
    /// The object of the action.
    pub object: Option<String>,
    /// Values before the action.
    #[diesel(column_name = before_values)]
    pub before: Option<Metadata>,
    /// Values after the action.
    #[diesel(column_name = after_values)]
    pub after: Option<Metadata>,
    /// IP address of the client.
    pub ip: Option<String>,
}

impl AuditEntry {
    /// Returns the approximate size in bytes.
    pub(super) fn size(&self) -> usize {
        let values = [&self.before, &self.after].into_iter().flatten();
        2_000 + values.map(|values| values.as_json().len()).sum::<usize>()
    }

    /// Validates an entry from another source.
    ///
    /// # Errors
    /// `InvalidInput` with the field's name.
    pub fn check(&self) -> Result<()> {
        NewAuditEntry {
            action: self.action.clone(),
            actor: self.actor.clone(),
            object: self.object.clone(),
            before: self.before.clone(),
            after: self.after.clone(),
            ip: self.ip.clone(),
        }
        .check()
    }
}

/// A page of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// Position after the last entry, for the next page. `None` at the end.
    pub next_cursor: Option<String>,
}
