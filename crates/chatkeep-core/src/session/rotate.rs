//! Rotation: a session gets a new secret, and the previous one stays valid for a minute.
//!
//! A browser sends several requests at a time, and a response may be lost. So within the minute,
//! every caller that presents the previous or the new secret gets the new one: it is derived from
//! the previous one and a stored random salt. Neither is sufficient alone. The salt is deleted at
//! the first recorded use after the minute.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::end::{End, end};
use super::find::find;
use super::record::{FoundSession, Presented, RotatedSession, SessionReason};
use super::secret::SessionSecret;
use crate::connection::{Connection, on_engine};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Characters, user_sessions};
use crate::token::{hex, random_bytes};
use crate::value::Timestamp;

/// Time for which the previous secret stays valid, in microseconds. A session is rotated at most
/// once in this time.
pub const GRACE: i64 = 60_000_000;

/// The outcome of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The session is valid.
    Rotated {
        /// Id of the row.
        id: i64,
        /// The session and its secret.
        rotated: Box<RotatedSession>,
    },
    /// The session is not valid for this reason.
    Invalid(SessionReason, Option<Box<FoundSession>>),
}

/// Replaces the secret of a session at `now`. A session whose replaced secret is presented ends.
///
/// # Errors
/// `Conflict` when the session was changed in the meantime, or another error of the database.
pub fn rotate(connection: &mut Connection, secret: &str, now: Timestamp) -> Result<Rotation> {
    let Some(secret) = SessionSecret::parse(secret) else {
        return Ok(Rotation::Invalid(SessionReason::Malformed, None));
    };
    let Some(found) = find(connection, secret.expose())? else {
        return Ok(Rotation::Invalid(SessionReason::Unknown, None));
    };
    let reason = found.reason(found.info.last_seen_at, now);
    if reason != SessionReason::Valid {
        end_if_reused(connection, &found, reason, now)?;
        return Ok(Rotation::Invalid(reason, Some(Box::new(found))));
    }
    let (id, is_in_grace) = (found.id, found.is_in_grace(now));
    let answer = |secret, rotated, session| Rotation::Rotated {
        id,
        rotated: Box::new(RotatedSession { secret, rotated, session }),
    };
    match (found.presented, &found.rotation_salt) {
        (Presented::Current, _) if is_in_grace => return Ok(answer(secret, false, found.info)),
        (Presented::Current, _) => {}
        (_, Some(salt)) => return Ok(answer(secret.successor(salt), false, found.info)),
        // A use with a later clock deleted the salt, because the minute was over.
        (_, None) => return Ok(Rotation::Invalid(SessionReason::Rotated, None)),
    }
    let salt = hex(&random_bytes::<16>()?);
    let next = secret.successor(&salt);
    let mut session = found.info.clone();
    session.idle_expires_at = found.idle_end(now);
    session.last_seen_at = now;
    session.rotated_at = Some(now);
    let (hash, previous) = (next.hash().to_hex(), secret.hash().to_hex());
    let changed = on_engine!(connection, c => {
        let unchanged = user_sessions::table
            .filter(user_sessions::id.eq(id))
            .filter(user_sessions::token_hash.eq(Characters(&previous)))
            .filter(user_sessions::revoked_at.is_null());
        diesel::update(unchanged)
            .set((
                user_sessions::token_hash.eq(Characters(&hash)),
                user_sessions::previous_hash.eq(Some(Characters(&previous))),
                user_sessions::rotated_at.eq(Some(now)),
                user_sessions::rotation_salt.eq(Some(Characters(&salt))),
                user_sessions::last_seen_at.eq(now),
                user_sessions::idle_expires_at.eq(session.idle_expires_at),
            ))
            .execute(c)
    });
    if changed.map_err(|error| connection.write_error(error))? == 0 {
        return Err(changed_meanwhile());
    }
    Ok(answer(next, true, session))
}

/// Returns the session to which a secret belongs, and the reason why it is valid or invalid at
/// `now`. A session whose replaced secret is presented ends.
///
/// # Errors
/// `Conflict` when the session was changed in the meantime, or another error of the database.
pub fn find_and_end_reused(
    connection: &mut Connection,
    secret: &str,
    now: Timestamp,
) -> Result<Option<(SessionReason, FoundSession)>> {
    let Some(found) = find(connection, secret)? else { return Ok(None) };
    let reason = found.reason(found.info.last_seen_at, now);
    end_if_reused(connection, &found, reason, now)?;
    Ok(Some((reason, found)))
}

/// Ends a session if one of its replaced secrets was presented. A read-only database is not an
/// error: the secret is invalid all the same.
fn end_if_reused(
    connection: &mut Connection,
    found: &FoundSession,
    reason: SessionReason,
    now: Timestamp,
) -> Result<()> {
    if reason != SessionReason::Rotated {
        return Ok(());
    }
    // A node of a Galera cluster may read a state before a rotation, in which the new secret is not
    // known. So the session ends only if it still has the secret that was read.
    match end(connection, found.id, Some(&found.token_hash), End::Reuse, now) {
        Ok(true) => Ok(()),
        Ok(false) => Err(changed_meanwhile()),
        Err(error) if error.kind() == ErrorKind::ReadOnly => Ok(()),
        Err(error) => Err(error),
    }
}

/// Another caller rotated or ended the session. The next attempt finds its result.
fn changed_meanwhile() -> Error {
    Error::new(ErrorKind::Conflict, "the session was changed by another call in the meantime")
}
