//! Session records. Only [`CreatedSession`] and [`RotatedSession`] contain a secret.

use std::fmt;

use serde::Serialize;

use super::rotate::GRACE;
use super::secret::SessionSecret;
use super::touch::MIN_INTERVAL;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::user::User;
use crate::value::{Timestamp, check_name};

/// Maximum length of an IP address, in characters.
pub(super) const MAX_IP: usize = 45;
/// Maximum length of a stored user agent, in characters. Longer ones are cut.
pub(super) const MAX_USER_AGENT: usize = 255;
/// Maximum length of a label, in characters.
pub(super) const MAX_LABEL: usize = 100;
/// Maximum lifetime in seconds: 10 years.
const MAX_LIFETIME: i64 = 3_650 * 86_400;
const DEFAULT_LIFETIME: i64 = 30 * 86_400;

/// A new session.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewSession {
    /// Id of the signed-in user.
    pub user_id: String,
    /// Seconds until the session ends: 1 to 315,360,000; by default 30 days.
    #[record(default = 2592000)]
    pub lifetime_seconds: i64,
    /// Seconds without a use after which the session ends, with a precision of a minute. Without
    /// it, the session does not end by inactivity.
    pub idle_seconds: Option<i64>,
    /// IP address of the client, at most 45 characters.
    pub ip: Option<String>,
    /// User agent of the client. It is cut to 255 characters.
    pub user_agent: Option<String>,
    /// Name of the device, at most 100 characters.
    pub label: Option<String>,
    /// Field `stamp` of the user that `authenticate` returned. With it, no session is created if
    /// all sessions of the user ended since then, for example by a change of the password.
    pub user_stamp: Option<String>,
}

impl NewSession {
    /// Creates a session of this user with the default lifetime.
    pub fn new(user_id: impl Into<String>) -> Self {
        Self {
            user_id: user_id.into(),
            lifetime_seconds: DEFAULT_LIFETIME,
            idle_seconds: None,
            ip: None,
            user_agent: None,
            label: None,
            user_stamp: None,
        }
    }

    /// Creates a session of a user that has just signed in. It is rejected if all sessions of the
    /// user ended since then.
    pub fn of(user: &User) -> Self {
        Self { user_stamp: Some(user.stamp.clone()), ..Self::new(&user.public_id) }
    }

    /// Sets the lifetime in seconds.
    #[must_use]
    pub fn with_lifetime_seconds(mut self, seconds: i64) -> Self {
        self.lifetime_seconds = seconds;
        self
    }

    /// Sets the seconds without a use after which the session ends.
    #[must_use]
    pub fn with_idle_seconds(mut self, seconds: i64) -> Self {
        self.idle_seconds = Some(seconds);
        self
    }

    /// Sets the IP address of the client.
    #[must_use]
    pub fn with_ip(mut self, ip: impl Into<String>) -> Self {
        self.ip = Some(ip.into());
        self
    }

    /// Sets the user agent of the client.
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Sets the name of the device.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Validates everything except the user, which only the database knows.
    ///
    /// # Errors
    /// `InvalidInput` with the field's name.
    pub fn check(&self) -> Result<()> {
        let seconds = |field: &'static str, seconds: i64| {
            if (1..=MAX_LIFETIME).contains(&seconds) {
                return Ok(());
            }
            let message = format!("must be between 1 and {MAX_LIFETIME}, not {seconds}");
            Err(Error::invalid_input(field, message))
        };
        seconds("lifetime_seconds", self.lifetime_seconds)?;
        self.idle_seconds.map_or(Ok(()), |idle| seconds("idle_seconds", idle))?;
        let name = |field, text: Option<&str>, limit| {
            text.map_or(Ok(()), |text| check_name(field, text, limit))
        };
        name("ip", self.ip.as_deref(), MAX_IP)?;
        name("user_agent", self.user_agent(), MAX_USER_AGENT)?;
        name("label", self.label.as_deref(), MAX_LABEL)
    }

    /// Returns the user agent, cut to the stored length.
    pub(super) fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref().map(|text| {
            text.char_indices().nth(MAX_USER_AGENT).map_or(text, |(end, _)| &text[..end])
        })
    }
}

/// A stored session, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The session's id.
    pub id: String,
    /// Id of the user.
    pub user_id: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last use, with a precision of one minute.
    pub last_seen_at: Timestamp,
    /// Time at which the session ends without another use, with a precision of one minute. `None`
    /// means that it does not end by inactivity.
    pub idle_expires_at: Option<Timestamp>,
    /// Time from which the session is invalid.
    pub expires_at: Timestamp,
    /// Time of the last rotation.
    pub rotated_at: Option<Timestamp>,
    /// Time of the revocation.
    pub revoked_at: Option<Timestamp>,
    /// Cause of the revocation: `revoked`, `logout`, `revoked_all` or `reuse`.
    pub revoked_reason: Option<String>,
    /// IP address of the client when the session was created.
    pub ip: Option<String>,
    /// User agent of the client when the session was created, at most 255 characters.
    pub user_agent: Option<String>,
    /// Name of the device.
    pub label: Option<String>,
}

/// A new session with its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct CreatedSession {
    /// The secret. Deliver it to the browser now; chatkeep does not store it.
    pub secret: SessionSecret,
    /// The session.
    pub session: SessionInfo,
}

/// A session with the secret after a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct RotatedSession {
    /// The secret to use from now on.
    pub secret: SessionSecret,
    /// Whether this call rotated the session. `false` if the last rotation was less than 60 seconds
    /// ago.
    pub rotated: bool,
    /// The session.
    pub session: SessionInfo,
}

/// A page of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<SessionInfo>,
    /// The `cursor` of the next page. `None` means that this is the last one.
    pub next_cursor: Option<String>,
}

/// The result of a session check. An unreachable database is an error, never a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct SessionCheck {
    /// Whether the session is valid now.
    pub valid: bool,
    /// The reason why the session is valid or invalid.
    pub reason: SessionReason,
    /// The session, if one was found.
    pub session: Option<SessionInfo>,
}

/// The reason why a session is valid or invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SessionReason {
    /// The session is valid.
    Valid,
    /// The text does not have the form of a secret.
    Malformed,
    /// The session does not exist.
    Unknown,
    /// The session was revoked; its `revoked_reason` is the cause.
    Revoked,
    /// The user has a new stamp, which ended all earlier sessions.
    Ended,
    /// The user is inactive.
    UserInactive,
    /// The session has expired.
    Expired,
    /// The session was not used for its `idle_seconds`.
    Idle,
    /// A rotation replaced the secret more than 60 seconds ago, so it may have been stolen. The
    /// session is revoked.
    Rotated,
}

impl SessionReason {
    /// Returns the reason's stable name, such as `valid` or `user_inactive`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Ended => "ended",
            Self::UserInactive => "user_inactive",
            Self::Expired => "expired",
            Self::Idle => "idle",
            Self::Rotated => "rotated",
        }
    }
}

/// Which of a session's secrets was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// The current one.
    Current,
    /// The one that the last rotation replaced.
    Previous,
    /// One that an earlier rotation replaced.
    Earlier,
}

/// A session found by a secret, with the user's state. `Debug` shows neither its hash nor its salt.
#[derive(Clone, PartialEq, Eq)]
pub struct FoundSession {
    /// Id of the row.
    pub id: i64,
    /// The session.
    pub info: SessionInfo,
    /// Which secret was presented.
    pub presented: Presented,
    /// Whether the user is active.
    pub user_is_active: bool,
    /// Whether the user has the same stamp as at the session's creation.
    pub has_user_stamp: bool,
    pub(super) rotation_salt: Option<String>,
    /// The current hash.
    pub(super) token_hash: String,
}

impl fmt::Debug for FoundSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundSession").field("info", &self.info).finish_non_exhaustive()
    }
}

impl FoundSession {
    /// Returns why the session is valid or invalid at `now`, if its last use was at `last_seen`.
    ///
    /// At `expires_at`, it is already invalid. Uses within a minute are not all recorded, so a
    /// session ends by inactivity up to a minute late, never early.
    pub fn reason(&self, last_seen: Timestamp, now: Timestamp) -> SessionReason {
        if self.info.revoked_at.is_some() {
            SessionReason::Revoked
        } else if !self.user_is_active {
            SessionReason::UserInactive
        } else if !self.has_user_stamp {
            SessionReason::Ended
        } else if now >= self.info.expires_at {
            SessionReason::Expired
        } else if self.is_idle(last_seen, now) {
            SessionReason::Idle
        } else if self.presented == Presented::Current || self.is_in_grace(now) {
            SessionReason::Valid
        } else {
            SessionReason::Rotated
        }
    }

    /// Returns whether the salt of the last rotation is stored.
    pub fn has_salt(&self) -> bool {
        self.rotation_salt.is_some()
    }

    /// Returns whether the last rotation was less than 60 seconds before `now`, and the presented
    /// secret is at most one rotation old.
    pub(super) fn is_in_grace(&self, now: Timestamp) -> bool {
        self.presented != Presented::Earlier
            && self
                .info
                .rotated_at
                .and_then(|rotated| rotated.checked_add_microseconds(GRACE))
                .is_some_and(|end| now < end)
    }

    fn is_idle(&self, last_seen: Timestamp, now: Timestamp) -> bool {
        let end = self.idle_end(last_seen);
        end.and_then(|end| end.checked_add_microseconds(MIN_INTERVAL)).is_some_and(|end| now >= end)
    }

    /// Returns the time at which the session ends without a use after `last_seen`.
    pub fn idle_end(&self, last_seen: Timestamp) -> Option<Timestamp> {
        let idle =
            self.info.idle_expires_at?.as_microsecond() - self.info.last_seen_at.as_microsecond();
        Some(last_seen.checked_add_microseconds(idle).unwrap_or(Timestamp::MAX))
    }
}

impl SessionCheck {
    /// Creates the result for an invalid session without a record.
    pub fn without_record(reason: SessionReason) -> Self {
        Self { valid: false, reason, session: None }
    }

    /// Creates the result for a session that was found.
    pub fn of_found(found: &FoundSession, reason: SessionReason) -> Self {
        let session = Some(found.info.clone());
        Self { valid: reason == SessionReason::Valid, reason, session }
    }
}
