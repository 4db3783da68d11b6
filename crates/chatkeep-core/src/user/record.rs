//! The records of users, identities, roles and one-time secrets that callers receive.

use diesel::Queryable;
use serde::Serialize;

use crate::described::Record;
use crate::schema::Characters;
use crate::token::PlainToken;
use crate::value::{Metadata, Timestamp};

/// A user, without password and sessions.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize, Record)]
#[non_exhaustive]
pub struct User {
    /// Id inside the database.
    pub id: i64,
    /// Id to use outside of the backend. Calls take it as `user_id`.
    pub public_id: String,
    /// E-mail address, spelled as the caller passed it.
    pub email: Option<String>,
    /// Name to sign in with.
    pub username: Option<String>,
    /// Name to show.
    pub name: Option<String>,
    /// Address of a picture.
    pub avatar_url: Option<String>,
    /// Whether the user may sign in.
    pub active: bool,
    /// Text that changes when all sessions of the user end. `create_session` takes it as
    /// `user_stamp`.
    #[diesel(deserialize_as = Characters<String>)]
    pub stamp: String,
    /// Time at which the user proved to own the e-mail address.
    pub confirmed_at: Option<Timestamp>,
    /// Additional data.
    pub metadata: Option<Metadata>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change. Signing in is not a change.
    pub updated_at: Timestamp,
    /// Time of the last sign-in.
    pub last_login_at: Option<Timestamp>,
}

/// A page of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct UserPage {
    /// The users, newest first.
    pub users: Vec<User>,
    /// Position after the last user, for the next page. `None` at the end.
    pub next_cursor: Option<String>,
}

/// An account of a user at another provider.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize, Record)]
#[non_exhaustive]
pub struct UserIdentity {
    /// Id inside the database.
    pub id: i64,
    /// The provider, such as `google`.
    pub provider: String,
    /// The user's id at the provider, such as the claim `sub`.
    pub subject: String,
    /// E-mail address at the provider.
    pub email: Option<String>,
    /// Time at which the account was linked.
    pub linked_at: Timestamp,
    /// Time of the last sign-in with this account.
    pub last_used_at: Option<Timestamp>,
}

/// A role of a user.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize, Record)]
#[non_exhaustive]
pub struct UserRole {
    /// Name of the role.
    pub role: String,
    /// The account that granted the role, as the caller stated it.
    pub granted_by: Option<String>,
    /// Time of the grant.
    pub granted_at: Timestamp,
    /// Time from which the user does not have the role. `None` means that it does not expire.
    pub expires_at: Option<Timestamp>,
}

/// A new secret that is valid once. This is the only record that contains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct OneTimeSecret {
    /// The secret. Deliver it now; chatkeep does not store it.
    pub secret: PlainToken,
    /// Purpose, which must be the same when the secret is used.
    pub purpose: String,
    /// The subject that the use of the secret returns.
    pub subject: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time from which the secret is invalid.
    pub expires_at: Timestamp,
}
