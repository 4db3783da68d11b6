//! Credential records. Only [`RevealedCredential`] contains a secret.

use serde::Serialize;

use crate::described::Record;
use crate::error::{Error, Result};
use crate::token::join_scopes;
use crate::value::{Secret, Timestamp, check_bytes, check_name, check_nonempty_name};

/// Maximum length of a name, in characters.
const MAX_NAME: usize = 100;
/// Maximum length of the account that added a credential, in characters.
pub(super) const MAX_CREATED_BY: usize = 255;
/// Maximum size of a secret, in bytes.
pub(super) const MAX_SECRET: u64 = 65_536;
/// Maximum time for which a credential cools down, in seconds: a year.
const MAX_COOLDOWN: i64 = 31_536_000;
/// Number of characters of a secret that are shown, and the minimum length of a secret for it.
const HINT: usize = 4;
const MIN_LENGTH_FOR_HINT: usize = 16;

/// A credential to store.
///
/// ```
/// use chatkeep_core::NewCredential;
///
/// let new = NewCredential::new("api_key", "sk-0123456789abcdef").with_provider("openai");
/// assert_eq!(new.hint().as_deref(), Some("cdef"));
/// assert!(!format!("{new:?}").contains("cdef"));
/// ```
#[derive(Debug, Clone, Record)]
#[record(argument)]
pub struct NewCredential {
    /// Name of the credential, such as `api_key`, at most 100 characters.
    pub name: String,
    /// The secret, 1 to 65,536 bytes.
    pub secret: Secret,
    /// Name of the provider for which the credential is. It is deleted with the provider.
    pub provider: Option<String>,
    /// Id of the user that owns the credential. It is deleted with the user.
    pub user_id: Option<String>,
    /// What the credential may be used for, such as `chat`; at most 100 scopes of up to 100
    /// characters.
    pub scopes: Option<Vec<String>>,
    /// Time from which the credential is not found any more.
    pub expires_at: Option<Timestamp>,
    /// The account that adds the credential, at most 255 characters.
    pub created_by: Option<String>,
}

impl NewCredential {
    /// Creates a credential of the application.
    pub fn new(name: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self {
            name: name.into(),
            secret: secret.into(),
            provider: None,
            user_id: None,
            scopes: None,
            expires_at: None,
            created_by: None,
        }
    }

    /// Sets the name of the provider.
    #[must_use]
    pub fn with_provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Sets the id of the user.
    #[must_use]
    pub fn with_user_id(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// Sets the scopes.
    #[must_use]
    pub fn with_scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the time of the expiry.
    #[must_use]
    pub fn with_expires_at(mut self, expires_at: Timestamp) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// Sets the account that adds the credential.
    #[must_use]
    pub fn with_created_by(mut self, created_by: impl Into<String>) -> Self {
        self.created_by = Some(created_by.into());
        self
    }

    /// Validates everything except the provider and the user, which only the database knows.
    ///
    /// # Errors
    /// `InvalidInput` with the field's name. The message never has the secret.
    pub fn check(&self) -> Result<()> {
        check_credential_name(&self.name)?;
        let secret = self.secret.expose();
        if secret.is_empty() {
            return Err(Error::invalid_input("secret", "is empty"));
        }
        check_bytes("secret", secret, MAX_SECRET)?;
        join_scopes(self.scopes.as_deref().unwrap_or_default())?;
        if self.expires_at.is_some_and(|end| end <= Timestamp::now()) {
            return Err(Error::invalid_input("expires_at", "must be in the future"));
        }
        let created_by = self.created_by.as_deref().unwrap_or_default();
        check_name("created_by", created_by, MAX_CREATED_BY)
    }

    /// Returns the last 4 characters of a secret that has at least 16, all of them visible.
    pub fn hint(&self) -> Option<String> {
        let secret = self.secret.expose();
        let (start, _) = secret.char_indices().nth_back(HINT - 1)?;
        let hint = &secret[start..];
        let is_visible = |character: char| !character.is_control() && !character.is_whitespace();
        (secret.chars().count() >= MIN_LENGTH_FOR_HINT && hint.chars().all(is_visible))
            .then(|| hint.to_owned())
    }
}

/// Validates the name of a credential.
pub(super) fn check_credential_name(name: &str) -> Result<()> {
    check_nonempty_name("name", name, MAX_NAME)
}

/// Validates the time for which a credential cools down.
///
/// # Errors
/// `InvalidInput` with the field `seconds` unless it is between 0 and 31,536,000.
pub fn check_cooldown(seconds: i64) -> Result<()> {
    if (0..=MAX_COOLDOWN).contains(&seconds) {
        return Ok(());
    }
    let message = format!("must be between 0 and {MAX_COOLDOWN}, not {seconds}");
    Err(Error::invalid_input("seconds", message))
}

/// A stored credential, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct Credential {
    /// The credential's id.
    pub id: String,
    /// Name of the provider for which the credential is.
    pub provider: Option<String>,
    /// Id of the user that owns the credential. Without a provider and a user, it is the
    /// application's.
    pub user_id: Option<String>,
    /// Name of the credential.
    pub name: String,
    /// Number of the credential among those with the same owner and name. The newest has the
    /// highest.
    pub version: i32,
    /// Id of the key with which the secret is encrypted.
    pub key_id: String,
    /// The last 4 characters of the secret, to recognize it. `None` if it has less than 16.
    pub hint: Option<String>,
    /// What the credential may be used for.
    pub scopes: Vec<String>,
    /// State of the credential.
    pub status: CredentialStatus,
    /// Time from which the credential is not found any more. `None` means that it does not expire.
    pub expires_at: Option<Timestamp>,
    /// Time until which the credential is not found, for example because of a rate limit.
    pub cooldown_until: Option<Timestamp>,
    /// Time of the last use, with a precision of one minute.
    pub last_used_at: Option<Timestamp>,
    /// Time of the revocation.
    pub revoked_at: Option<Timestamp>,
    /// The account that added the credential.
    pub created_by: Option<String>,
    /// Creation time.
    pub created_at: Timestamp,
}

/// The state of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[record(argument)]
pub enum CredentialStatus {
    /// The credential can be found.
    Active,
    /// The credential is not found until it is active again.
    Disabled,
    /// The credential is never found again. This state is final.
    Revoked,
}

impl CredentialStatus {
    /// Returns the stable name: `active`, `disabled` or `revoked`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
        }
    }

    /// Parses a stored state.
    pub(super) fn from_stored(name: &str) -> Result<Self> {
        match name {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            "revoked" => Ok(Self::Revoked),
            _ => Err(Error::internal(format!("{name:?} is not a state of a credential"))),
        }
    }
}

/// A credential with its secret.
#[derive(Debug, Clone, Serialize, Record)]
#[non_exhaustive]
pub struct RevealedCredential {
    /// The credential.
    pub credential: Credential,
    /// The secret.
    pub secret: Secret,
}

/// A page of credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct CredentialPage {
    /// The credentials, newest first.
    pub credentials: Vec<Credential>,
    /// The `cursor` of the next page. `None` means that this is the last one.
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> NewCredential {
        NewCredential::new("a", text)
    }

    #[test]
    fn hints_show_at_most_a_quarter_of_a_secret() {
        for (text, hint) in [
            ("0123456789abcde", None),
            ("0123456789abcdef", Some("cdef")),
            ("ééééééééééééééÀÉ", Some("ééÀÉ")),
            ("éééééééé", None),
            ("0123456789abcde\n", None),
            ("0123456789ab de\0", None),
        ] {
            assert_eq!(secret(text).hint().as_deref(), hint, "{text:?}");
        }
    }

    #[test]
    fn invalid_values_are_refused_by_name() {
        let field = |new: &NewCredential| {
            let error = new.check().expect_err("it is invalid");
            assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
            error.field().map(str::to_owned).expect("a field")
        };
        assert_eq!(field(&NewCredential::new("", "s3cret")), "name");
        assert_eq!(field(&NewCredential::new("a\0", "s3cret")), "name");
        assert_eq!(field(&NewCredential::new("é".repeat(101), "s3cret")), "name");
        assert_eq!(field(&secret("")), "secret");
        assert_eq!(field(&secret(&format!("s3cret{}", "a".repeat(65_531)))), "secret");
        assert_eq!(field(&secret("s3cret").with_scopes(["a b"])), "scopes");
        assert_eq!(field(&secret("s3cret").with_expires_at(Timestamp::now())), "expires_at");
        assert_eq!(field(&secret("s3cret").with_created_by("a".repeat(256))), "created_by");
        // A secret is stored as bytes, so it may have any character.
        assert!(secret("a\0'\"\u{10ffff}").check().is_ok());
        assert!(secret(&"a".repeat(65_536)).check().is_ok());
        for seconds in [-1, 31_536_001, i64::MAX] {
            assert_eq!(check_cooldown(seconds).unwrap_err().field(), Some("seconds"));
        }
    }

    #[test]
    fn debug_output_has_no_secret() {
        let new = secret("s3cret-0123456789");
        assert!(!format!("{new:?}").contains("s3cret"));
    }
}
