//! Tokens as they are shown: never the token itself, but for the one who just made it.

use serde::Serialize;

use super::plain::PlainToken;
use crate::value::Timestamp;

/// A stored token, as a list shows it. The hash stays in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TokenInfo {
    /// Its number.
    pub id: i64,
    /// The same number, under the name that older code uses.
    pub token_id: i64,
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this moment on it is invalid; `None` means never.
    pub expires_at: Option<Timestamp>,
    /// False once it was revoked.
    pub is_active: bool,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Its first characters, to tell it from others.
    pub token_start: Option<String>,
}

/// What of a stored token decides whether it may be used, without what is only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenState {
    /// Its number.
    pub id: i64,
    /// From this moment on it is invalid; `None` means never.
    pub expires_at: Option<Timestamp>,
    /// False once it was revoked.
    pub is_active: bool,
    /// When it was last used, to the minute.
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

/// A token that was just made. This is the only place where it is ever whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CreatedToken {
    /// The token: give it to its owner now, it cannot be shown again.
    pub token: PlainToken,
    /// Its number.
    pub id: i64,
    /// The same number, under the name that older code uses.
    pub token_id: i64,
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this moment on it is invalid; `None` means never.
    pub expires_at: Option<Timestamp>,
}

/// What a check found. A database that does not answer is an error, never one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TokenCheck {
    /// Whether the token may be used now.
    pub valid: bool,
    /// Why, or why not.
    pub reason: TokenReason,
    /// The token's record, where there is one.
    pub token: Option<TokenInfo>,
}

/// Why a token is valid or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenReason {
    /// It may be used.
    Valid,
    /// The text cannot be a token: empty, blanks, too long, or a typo.
    Malformed,
    /// No such token.
    Unknown,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
}

impl TokenReason {
    /// The verdict on a stored token at this moment. Expiry is exclusive: at `expires_at` the token is invalid.
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

    /// The reason as programs see it: `valid`, `malformed`, `unknown`, `revoked`, `expired`.
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
    /// Invalid, with no record to show.
    pub fn without_record(reason: TokenReason) -> Self {
        Self { valid: false, reason, token: None }
    }

    /// The verdict on a stored token at this moment.
    pub fn of(token: TokenInfo, now: Timestamp) -> Self {
        let reason = TokenReason::of(&token, now);
        Self { valid: reason == TokenReason::Valid, reason, token: Some(token) }
    }
}
