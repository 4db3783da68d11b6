//! Token records. Only [`CreatedToken`] contains the plain-text token.

use serde::Serialize;

use super::plain::PlainToken;
use crate::described::Record;
use crate::value::Timestamp;

/// A stored token, without its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct TokenInfo {
    /// The token's id.
    pub id: i64,
    /// The same id, for code that uses the old name.
    pub token_id: i64,
    /// The purpose of the token.
    pub description: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time from which the token is invalid. `None` means that it does not expire.
    pub expires_at: Option<Timestamp>,
    /// Whether the token has not been revoked.
    pub is_active: bool,
    /// Time of the last use, with a precision of one minute.
    pub last_used_at: Option<Timestamp>,
    /// The token's first characters, to identify it.
    pub token_start: Option<String>,
}

/// The fields of a stored token that determine whether it is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenState {
    /// The token's id.
    pub id: i64,
    /// Time from which the token is invalid. `None` means that it does not expire.
    pub expires_at: Option<Timestamp>,
    /// Whether the token has not been revoked.
    pub is_active: bool,
    /// Time of the last use, with a precision of one minute.
    pub last_used_at: Option<Timestamp>,
}

impl From<&TokenInfo> for TokenState {
    fn from(token: &TokenInfo) -> Self {
        let TokenInfo { id, expires_at, is_active, last_used_at, .. } = *token;
        Self { id, expires_at, is_active, last_used_at }
    }
}

impl From<&Self> for TokenState {
    fn from(state: &Self) -> Self {
        *state
    }
}

/// A newly created token. This is the only record that contains the plain-text token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct CreatedToken {
    /// The plain-text token. Deliver it to its owner now; chatkeep does not store it.
    pub token: PlainToken,
    /// The token's id.
    pub id: i64,
    /// The same id, for code that uses the old name.
    pub token_id: i64,
    /// The purpose of the token.
    pub description: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time from which the token is invalid. `None` means that it does not expire.
    pub expires_at: Option<Timestamp>,
}

/// The result of a token check. An unreachable database is an error, never a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct TokenCheck {
    /// Whether the token is valid now.
    pub valid: bool,
    /// The reason why the token is valid or invalid.
    pub reason: TokenReason,
    /// The token's record, if one was found.
    pub token: Option<TokenInfo>,
}

/// The reason why a token is valid or invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenReason {
    /// The token is valid.
    Valid,
    /// The text is not a token: it is empty or too long, or contains whitespace or a typo.
    Malformed,
    /// The token does not exist.
    Unknown,
    /// The token was revoked.
    Revoked,
    /// The token has expired.
    Expired,
}

impl TokenReason {
    /// Determines whether a stored token is valid at `now`. At `expires_at`, the token is already
    /// invalid.
    pub fn of(token: impl Into<TokenState>, now: Timestamp) -> Self {
        let token = token.into();
        if !token.is_active {
            Self::Revoked
        } else if token.expires_at.is_some_and(|end| now >= end) {
            Self::Expired
        } else {
            Self::Valid
        }
    }

    /// Returns the reason's stable name: `valid`, `malformed`, `unknown`, `revoked` or `expired`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

impl TokenCheck {
    /// Creates the result for an invalid token without a record.
    pub fn without_record(reason: TokenReason) -> Self {
        Self { valid: false, reason, token: None }
    }

    /// Checks a stored token at `now`.
    pub fn of(token: TokenInfo, now: Timestamp) -> Self {
        let reason = TokenReason::of(&token, now);
        Self { valid: reason == TokenReason::Valid, reason, token: Some(token) }
    }
}
