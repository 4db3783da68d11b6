//! Secrets that are valid once: confirmations of addresses, password resets, OAuth states.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl};

use super::key::check_label;
use super::record::OneTimeSecret;
use crate::connection::{Connection, Session, all_stored, on_engine};
use crate::delete_rows::delete_rows;
use crate::error::{Error, Result};
use crate::schema::{Characters, one_time_secrets};
use crate::token::{PlainToken, TokenHash};
use crate::value::{Timestamp, check_name};

/// Maximum length of a purpose, in characters.
const MAX_PURPOSE: usize = 50;
/// Maximum length of a subject, in characters.
const MAX_SUBJECT: usize = 255;
/// Maximum lifetime, in seconds: 366 days.
const MAX_LIFETIME: i64 = 366 * 86_400;

/// Checks the purpose of a secret.
///
/// # Errors
/// `InvalidInput` with the field `purpose` when it is empty, has more than 50 characters, or
/// contains control characters.
pub fn check_purpose(purpose: &str) -> Result<()> {
    check_label("purpose", purpose, MAX_PURPOSE)
}

/// Checks the subject of a secret.
///
/// # Errors
/// `InvalidInput` with the field `subject` when it has more than 255 characters, or contains a NUL
/// character.
pub fn check_subject(subject: &str) -> Result<()> {
    check_name("subject", subject, MAX_SUBJECT)
}

/// Returns the time from which a secret that is created at `now` is invalid.
///
/// # Errors
/// `InvalidInput` with the field `lifetime_seconds` unless it is between 1 and 31,622,400 (366
/// days).
pub fn secret_expiry(now: Timestamp, lifetime_seconds: i64) -> Result<Timestamp> {
    let end = (1..=MAX_LIFETIME)
        .contains(&lifetime_seconds)
        .then(|| now.checked_add_microseconds(lifetime_seconds * 1_000_000));
    end.flatten().ok_or_else(|| {
        Error::invalid_input(
            "lifetime_seconds",
            format!("must be between 1 and {MAX_LIFETIME} (366 days), not {lifetime_seconds}"),
        )
    })
}

/// Creates a secret and stores its hash.
///
/// # Errors
/// `InvalidInput` with the field of an invalid value; or an error of the database.
pub fn create_secret(
    connection: &mut Connection,
    purpose: &str,
    subject: &str,
    lifetime_seconds: i64,
) -> Result<OneTimeSecret> {
    check_purpose(purpose)?;
    check_subject(subject)?;
    let created_at = Timestamp::now();
    let expires_at = secret_expiry(created_at, lifetime_seconds)?;
    let secret = PlainToken::generate()?;
    let digest = secret.hash().to_hex();
    let row = (
        one_time_secrets::digest.eq(Characters(&digest)),
        one_time_secrets::purpose.eq(purpose),
        one_time_secrets::subject.eq(subject),
        one_time_secrets::created_at.eq(created_at),
        one_time_secrets::expires_at.eq(expires_at),
    );
    let stored = on_engine!(connection, c => {
        diesel::insert_into(one_time_secrets::table).values(row).execute(c)
    });
    all_stored(stored, 1).map_err(|error| connection.insert_error(error))?;
    Ok(OneTimeSecret {
        secret,
        purpose: purpose.to_owned(),
        subject: subject.to_owned(),
        created_at,
        expires_at,
    })
}

/// Deletes a valid secret and returns its subject. `None` means that it does not exist, has another
/// purpose, has expired, or was used before. Of concurrent calls, exactly one gets the subject.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn consume(
    connection: &mut Connection,
    presented: &str,
    purpose: &str,
) -> Result<Option<String>> {
    if !PlainToken::may_be_token(presented) || check_purpose(purpose).is_err() {
        return Ok(None);
    }
    let (digest, now) = (TokenHash::of(presented).to_hex(), Timestamp::now());
    macro_rules! secret {
        () => {
            one_time_secrets::table
                .filter(one_time_secrets::digest.eq(Characters(&digest)))
                .filter(one_time_secrets::purpose.eq(purpose))
                .filter(one_time_secrets::expires_at.gt(now))
        };
    }
    let first =
        |subjects: QueryResult<Vec<String>>| subjects.map(|subjects| subjects.into_iter().next());
    let subject = match &mut connection.session {
        Session::Sqlite(c) => {
            first(diesel::delete(secret!()).returning(one_time_secrets::subject).get_results(c))
        }
        Session::PostgreSql(c) => first(
            diesel::delete(secret!()).returning(one_time_secrets::subject).get_results(c.as_mut()),
        ),
        // MySQL returns no deleted rows. The call that deletes the row owns the subject.
        Session::MySql(c) => secret!()
            .select(one_time_secrets::subject)
            .get_result::<String>(c.as_mut())
            .optional()
            .and_then(|subject| match subject {
                None => Ok(None),
                Some(subject) => diesel::delete(secret!())
                    .execute(c.as_mut())
                    .map(|deleted| (deleted > 0).then_some(subject)),
            }),
    };
    subject.map_err(|error| connection.write_error(error))
}

/// Deletes the unused secrets of a purpose and subject, and returns their number.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_secrets(connection: &mut Connection, purpose: &str, subject: &str) -> Result<u64> {
    check_purpose(purpose)?;
    check_subject(subject)?;
    let deleted = on_engine!(connection, c => {
        let secrets = one_time_secrets::table
            .filter(one_time_secrets::purpose.eq(purpose))
            .filter(one_time_secrets::subject.eq(subject));
        diesel::delete(secrets).execute(c)
    });
    deleted.map(|count| count as u64).map_err(|error| connection.write_error(error))
}

/// Deletes up to `limit` secrets that have expired at `now`, and returns their number. `None` means
/// that none is left.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_expired_secrets_batch(
    connection: &mut Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    let filter = one_time_secrets::expires_at.le(now);
    let oldest = one_time_secrets::expires_at.asc();
    delete_rows!(connection, one_time_secrets, filter; oldest, limit)
}
