//! The last use of a session.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::rotate::GRACE;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::{Characters, user_sessions};
use crate::value::Timestamp;

/// Minimum time between two recorded uses of a session or token: one minute, in microseconds.
pub const MIN_INTERVAL: i64 = 60_000_000;

/// A use of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionUse {
    /// Time of the use.
    pub used_at: Timestamp,
    /// Time at which the session ends without another use.
    pub idle_expires_at: Option<Timestamp>,
    /// Whether the salt of a rotation may be left.
    pub has_salt: bool,
}

/// Records a use, unless a recorded one is less than a minute older. Returns whether it was
/// recorded.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn touch(connection: &mut Connection, id: i64, used: SessionUse) -> Result<bool> {
    let before = |microseconds: i64| {
        used.used_at.checked_add_microseconds(-microseconds).unwrap_or(Timestamp::MIN)
    };
    if used.has_salt {
        // The previous secret is no longer valid, so its successor is not derived any more.
        let cleared = on_engine!(connection, c => {
            let over = user_sessions::table
                .filter(user_sessions::id.eq(id))
                .filter(user_sessions::rotated_at.le(before(GRACE)))
                .filter(user_sessions::rotation_salt.is_not_null());
            diesel::update(over)
                .set(user_sessions::rotation_salt.eq(None::<Characters<&str>>))
                .execute(c)
        });
        cleared.map_err(|error| connection.write_error(error))?;
    }
    let changed = on_engine!(connection, c => {
        let due = user_sessions::table
            .filter(user_sessions::id.eq(id))
            .filter(user_sessions::last_seen_at.le(before(MIN_INTERVAL)))
            .filter(user_sessions::revoked_at.is_null());
        diesel::update(due)
            .set((
                user_sessions::last_seen_at.eq(used.used_at),
                user_sessions::idle_expires_at.eq(used.idle_expires_at),
            ))
            .execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}
