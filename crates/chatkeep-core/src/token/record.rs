//! Token records. Only [`CreatedToken`] contains the plain-text token.

use serde::Serialize;

use super::plain::PlainToken;
use super::scopes::{has_scopes, join_scopes};
use super::store::{check_description, expiry};
use crate::described::Record;
use crate::error::Result;
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
    /// Id of the user that owns the token.
    pub user_id: Option<String>,
    /// The scopes that the token has.
    pub scopes: Vec<String>,
}

/// A new token.
///
/// ```
/// use chatkeep_core::NewToken;
///
/// let token = NewToken::new("for the web app").with_expires_days(90).with_scopes(["read"]);
/// assert_eq!(token.scopes.as_deref(), Some(&["read".to_owned()][..]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewToken {
    /// Purpose of the token, at most 255 characters.
    #[record(default = "API Token")]
    pub description: String,
    /// Days until the token expires, 1 or more; without it, it does not expire.
    pub expires_days: Option<i64>,
    /// Scopes that the token has, such as `read`; at most 100 of up to 100 characters.
    pub scopes: Option<Vec<String>>,
    /// Id of the user that owns the token. The token is invalid while the user is inactive, and is
    /// deleted with the user.
    pub user_id: Option<String>,
}

impl NewToken {
    /// Creates a token with this purpose, which does not expire.
    pub fn new(description: impl Into<String>) -> Self {
        Self { description: description.into(), expires_days: None, scopes: None, user_id: None }
    }

    /// Sets the days until the token expires.
    #[must_use]
    pub fn with_expires_days(mut self, days: i64) -> Self {
        self.expires_days = Some(days);
        self
    }

    /// Sets the scopes.
    #[must_use]
    pub fn with_scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the owner.
    #[must_use]
    pub fn with_user_id(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// Validates everything except the owner, which only the database knows.
    ///
    /// # Errors
    /// `InvalidInput` with the field `description`, `expires_days` or `scopes`.
    pub fn check(&self) -> Result<()> {
        check_description(&self.description)?;
        self.expires_days.map(|days| expiry(Timestamp::now(), days)).transpose()?;
        join_scopes(self.scopes.as_deref().unwrap_or_default()).map(drop)
    }
}

/// A token found by the secret that a client presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundToken {
    /// The token's record.
    pub info: TokenInfo,
    /// If a rotation replaced the presented secret: the time from which it is invalid.
    pub replaced_at: Option<Timestamp>,
    /// Whether the owner is active. True without an owner.
    pub owner_is_active: bool,
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
    /// If a rotation replaced the presented secret: the time from which it is invalid.
    pub replaced_at: Option<Timestamp>,
    /// Whether the owner is active. True without an owner.
    pub owner_is_active: bool,
}

impl From<&TokenInfo> for TokenState {
    fn from(token: &TokenInfo) -> Self {
        let TokenInfo { id, expires_at, is_active, last_used_at, .. } = *token;
        Self { id, expires_at, is_active, last_used_at, replaced_at: None, owner_is_active: true }
    }
}

impl From<&FoundToken> for TokenState {
    fn from(found: &FoundToken) -> Self {
        let FoundToken { info, replaced_at, owner_is_active } = found;
        Self { replaced_at: *replaced_at, owner_is_active: *owner_is_active, ..Self::from(info) }
    }
}

impl From<&Self> for TokenState {
    fn from(state: &Self) -> Self {
        *state
    }
}

/// A token that was created or rotated. This is the only record that contains the plain-text token.
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
    /// Id of the user that owns the token.
    pub user_id: Option<String>,
    /// The scopes that the token has.
    pub scopes: Vec<String>,
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
    /// A rotation replaced the token, and its grace period is over.
    Rotated,
    /// The token's owner is inactive.
    UserInactive,
    /// The token is valid, but does not have the required scope.
    MissingScope,
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
        } else if token.replaced_at.is_some_and(|end| now >= end) {
            Self::Rotated
        } else if !token.owner_is_active {
            Self::UserInactive
        } else {
            Self::Valid
        }
    }

    /// Returns the reason's stable name: `valid`, `malformed`, `unknown`, `revoked`, `expired`,
    /// `rotated`, `user_inactive` or `missing_scope`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Rotated => "rotated",
            Self::UserInactive => "user_inactive",
            Self::MissingScope => "missing_scope",
        }
    }
}

impl TokenCheck {
    /// Creates the result for an invalid token without a record.
    pub fn without_record(reason: TokenReason) -> Self {
        Self { valid: false, reason, token: None }
    }

    /// Checks a token that a client presented at `now`, for a use that may require scopes, which
    /// are separated by spaces.
    pub fn of_found(found: &FoundToken, scope: Option<&str>, now: Timestamp) -> Self {
        let mut reason = TokenReason::of(found, now);
        if reason == TokenReason::Valid
            && scope.is_some_and(|scope| !has_scopes(&found.info.scopes, scope))
        {
            reason = TokenReason::MissingScope;
        }
        let token = Some(found.info.clone());
        Self { valid: reason == TokenReason::Valid, reason, token }
    }
}
