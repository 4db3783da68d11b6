//! Encryption of stored credentials with another key.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use serde::Serialize;

use super::cipher::{FORMAT, decrypt, encrypt};
use super::keys::CredentialKeys;
use super::rows::{StoredCredential, chat_credentials};
use crate::connection::{Connection, on_engine};
use crate::described::Record;
use crate::error::Result;

/// Maximum number of credentials in one transaction. Each may have 64 KiB.
const MAX_ROWS: u32 = 100;

/// The result of encrypting all credentials with the first key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct CredentialRotation {
    /// Id of the first key, with which credentials are encrypted now.
    pub key_id: String,
    /// Number of credentials that this call encrypted with the first key.
    pub rotated: u64,
    /// Number of credentials that could not be decrypted, and were not changed. `check_credentials`
    /// reports their keys.
    pub unreadable: u64,
}

impl CredentialRotation {
    /// Creates the report of a rotation to the first of these keys.
    pub fn new(keys: &CredentialKeys, rotated: u64, unreadable: u64) -> Self {
        Self { key_id: keys.current_id().to_owned(), rotated, unreadable }
    }
}

/// A batch of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationStep {
    /// Number of credentials that were encrypted with the first key.
    pub rotated: u64,
    /// Number of credentials that could not be decrypted.
    pub unreadable: u64,
    /// Id of the last row, after which the next batch begins. `None` at the end.
    pub last_id: Option<i64>,
}

/// Encrypts up to `limit` credentials after a row with the first key, in one transaction. Those
/// that another call changes concurrently are left unchanged.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn rotate_batch(
    connection: &mut Connection,
    keys: &CredentialKeys,
    after_id: i64,
    limit: u32,
) -> Result<RotationStep> {
    let rows = on_engine!(connection, c => chat_credentials::table
        .filter(chat_credentials::id.gt(after_id))
        .filter(chat_credentials::key_id.ne(keys.current_id()))
        .order(chat_credentials::id.asc())
        .limit(i64::from(limit.min(MAX_ROWS)))
        .load::<StoredCredential>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    let mut step =
        RotationStep { rotated: 0, unreadable: 0, last_id: rows.last().map(|row| row.id) };
    let mut new = Vec::with_capacity(rows.len());
    for row in &rows {
        match decrypt(keys, row) {
            Ok(secret) => new.push((row, encrypt(keys, row.binding(), &secret)?)),
            Err(_) => step.unreadable += 1,
        }
    }
    if new.is_empty() {
        return Ok(step);
    }
    step.rotated = connection.transaction(|connection| {
        let mut rotated = 0;
        for (row, ciphertext) in &new {
            rotated += replace(connection, row, keys.current_id(), ciphertext)?;
        }
        Ok(rotated)
    })?;
    Ok(step)
}

/// Replaces the ciphertext of a row that has not changed. Returns the number of changed rows.
fn replace(
    connection: &mut Connection,
    row: &StoredCredential,
    key_id: &str,
    ciphertext: &[u8],
) -> Result<u64> {
    let changed = on_engine!(connection, c => {
        let unchanged = chat_credentials::table
            .filter(chat_credentials::id.eq(row.id))
            .filter(chat_credentials::key_id.eq(&row.key_id))
            .filter(chat_credentials::ciphertext.eq(&row.ciphertext));
        diesel::update(unchanged)
            .set((
                chat_credentials::key_id.eq(key_id),
                chat_credentials::format.eq(FORMAT),
                chat_credentials::ciphertext.eq(ciphertext),
            ))
            .execute(c)
    });
    changed.map(|count| count as u64).map_err(|error| connection.write_error(error))
}
