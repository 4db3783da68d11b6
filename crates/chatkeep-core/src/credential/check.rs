//! Which keys encrypt the stored credentials, and whether these can be decrypted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cipher::decrypt;
use super::keys::CredentialKeys;
use super::rows::StoredCredential;
use crate::connection::Connection;
use crate::described::Record;
use crate::error::Result;
use crate::transfer::StoredRow as _;

/// The state of all stored credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct CredentialCheck {
    /// Number of credentials.
    pub credentials: u64,
    /// Number of unreadable credentials.
    pub unreadable: u64,
    /// The keys: first those of this process, then those that it does not have.
    pub keys: Vec<CredentialKeyCheck>,
}

/// A key, and the credentials that are encrypted with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct CredentialKeyCheck {
    /// Id of the key.
    pub key_id: String,
    /// Whether this process has the key.
    pub present: bool,
    /// Whether new credentials are encrypted with the key.
    pub current: bool,
    /// Number of credentials that are encrypted with the key.
    pub credentials: u64,
    /// Number of these credentials that are unreadable: all of them if the key is missing,
    /// otherwise those that were changed.
    pub unreadable: u64,
}

/// Numbers of credentials by the id of their key: all, and the unreadable ones.
#[derive(Debug, Clone, Default)]
pub struct KeyCounts(BTreeMap<String, (u64, u64)>);

impl KeyCounts {
    /// Returns the report, for a process with these keys.
    pub fn into_check(mut self, keys: Option<&CredentialKeys>) -> CredentialCheck {
        let present: Vec<_> = keys.into_iter().flat_map(CredentialKeys::ids).collect();
        let mut reports: Vec<_> = present
            .iter()
            .enumerate()
            .map(|(index, id)| {
                let counts = self.0.remove(*id).unwrap_or_default();
                report((*id).to_owned(), counts, true, index == 0)
            })
            .collect();
        reports.extend(self.0.into_iter().map(|(id, counts)| report(id, counts, false, false)));
        CredentialCheck {
            credentials: reports.iter().map(|key| key.credentials).sum(),
            unreadable: reports.iter().map(|key| key.unreadable).sum(),
            keys: reports,
        }
    }
}

fn report(
    key_id: String,
    (credentials, unreadable): (u64, u64),
    present: bool,
    current: bool,
) -> CredentialKeyCheck {
    CredentialKeyCheck { key_id, present, current, credentials, unreadable }
}

/// Adds the next credentials after a row to the numbers. Returns the id of the last one; `None` at
/// the end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count_batch(
    connection: &mut Connection,
    keys: Option<&CredentialKeys>,
    after_id: i64,
    counts: &mut KeyCounts,
) -> Result<Option<i64>> {
    let rows = StoredCredential::list_after_id(connection, after_id)?;
    for row in &rows {
        let is_readable = keys.is_some_and(|keys| decrypt(keys, row).is_ok());
        let (all, unreadable) = counts.0.entry(row.key_id.clone()).or_default();
        *all += 1;
        *unreadable += u64::from(!is_readable);
    }
    Ok(rows.last().map(|row| row.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_have_all_keys_in_their_order_and_the_missing_ones() {
        let (one, two) = (CredentialKeys::generate(Some("b")), CredentialKeys::generate(Some("a")));
        let text = format!("{},{}", one.unwrap().expose(), two.unwrap().expose());
        let keys = CredentialKeys::parse("keys", &text).unwrap();
        let counts = [("gone", (2, 2)), ("a", (5, 1))].map(|(id, counts)| (id.to_owned(), counts));
        let check = KeyCounts(BTreeMap::from(counts.clone())).into_check(Some(&keys));
        let shown: Vec<_> = check
            .keys
            .iter()
            .map(|key| {
                let id = key.key_id.as_str();
                (id, key.present, key.current, key.credentials, key.unreadable)
            })
            .collect();
        assert_eq!(
            shown,
            [("b", true, true, 0, 0), ("a", true, false, 5, 1), ("gone", false, false, 2, 2)]
        );
        assert_eq!((check.credentials, check.unreadable), (7, 3));
        let without = KeyCounts(BTreeMap::from(counts)).into_check(None);
        assert!(without.keys.iter().all(|key| !key.present && !key.current));
    }
}
