//! A user to create.

use super::identities::check_identity;
use super::key::{email_key, username_key};
use super::password::{PasswordScheme, check_password};
use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{Metadata, Secret, check_metadata, check_name, public_id};

/// Maximum length of a name to show, in characters.
const MAX_NAME: usize = 255;
/// Maximum length of the address of a picture, in characters.
const MAX_AVATAR_URL: usize = 2048;

/// A user to create. An e-mail address, a username or an identity is required.
#[derive(Debug, Clone, Default, Record)]
#[record(argument)]
pub struct NewUser {
    /// E-mail address. Two users cannot have addresses that differ only in letter case.
    pub email: Option<String>,
    /// Name to sign in with, at most 100 characters, without `@` and whitespace.
    pub username: Option<String>,
    /// Name to show, at most 255 characters.
    pub name: Option<String>,
    /// Password, 1 to 1,024 bytes.
    pub password: Option<Secret>,
    /// Address of a picture, at most 2,048 characters.
    pub avatar_url: Option<String>,
    /// Whether the user has already proved to own the e-mail address.
    #[record(default = false)]
    pub confirmed: bool,
    /// Additional data, as a JSON object.
    pub metadata: Option<Metadata>,
    /// Id outside of the backend, at most 64 characters. By default a UUID of version 7.
    pub public_id: Option<String>,
    /// Hash of the password from another program, instead of a password: bcrypt, Argon2 or
    /// Flask-Security.
    pub password_hash: Option<Secret>,
    /// Scheme of `password_hash`. Hashes of Flask-Security require `flask_security`; that of others
    /// is detected.
    pub password_scheme: Option<PasswordScheme>,
    /// Provider of an account that the user signs in with, at most 50 characters.
    pub identity_provider: Option<String>,
    /// The user's id at `identity_provider`, at most 255 characters.
    pub identity_subject: Option<String>,
}

/// A [`NewUser`] whose values are valid, with the keys by which it is unique.
#[derive(Debug)]
pub struct CheckedUser<'a> {
    pub(super) user: &'a NewUser,
    pub(super) email_key: Option<String>,
    pub(super) username_key: Option<String>,
    pub(super) identity: Option<(&'a str, &'a str)>,
}

impl NewUser {
    /// Creates a user with an e-mail address only.
    pub fn with_email(email: impl Into<String>) -> Self {
        Self { email: Some(email.into()), ..Self::default() }
    }

    /// Creates a user with a username only.
    pub fn with_username(username: impl Into<String>) -> Self {
        Self { username: Some(username.into()), ..Self::default() }
    }

    /// Sets the password.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Validates the values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<CheckedUser<'_>> {
        let identity = match (&self.identity_provider, &self.identity_subject) {
            (Some(provider), Some(subject)) => {
                check_identity(provider, subject).map_err(|error| match error.field() {
                    Some("provider") => error.with_field("identity_provider"),
                    _ => error.with_field("identity_subject"),
                })?;
                Some((provider.as_str(), subject.as_str()))
            }
            (None, None) => None,
            (Some(_), None) => return Err(needs("identity_subject", "identity_provider")),
            (None, Some(_)) => return Err(needs("identity_provider", "identity_subject")),
        };
        let email_key = self.email.as_deref().map(email_key).transpose()?;
        let username_key = self.username.as_deref().map(username_key).transpose()?;
        if email_key.is_none() && username_key.is_none() && identity.is_none() {
            return Err(Error::invalid_input(
                "email",
                "is required, unless a username or an identity is given",
            ));
        }
        check_profile(self.name.as_deref(), self.avatar_url.as_deref())?;
        check_metadata(self.metadata.as_ref())?;
        if let Some(id) = &self.public_id {
            public_id::check("public_id", id)?;
        }
        if let Some(password) = &self.password {
            check_password(password)?;
            if self.password_hash.is_some() {
                return Err(Error::invalid_input(
                    "password_hash",
                    "is not allowed together with a password",
                ));
            }
        }
        if self.password_scheme.is_some() && self.password_hash.is_none() {
            return Err(needs("password_hash", "password_scheme"));
        }
        if self.confirmed && email_key.is_none() {
            return Err(needs("email", "confirmed"));
        }
        Ok(CheckedUser { user: self, email_key, username_key, identity })
    }
}

/// Checks the values that are shown of a user.
pub(super) fn check_profile(name: Option<&str>, avatar_url: Option<&str>) -> Result<()> {
    if let Some(name) = name {
        check_name("name", name, MAX_NAME)?;
    }
    if let Some(url) = avatar_url {
        check_name("avatar_url", url, MAX_AVATAR_URL)?;
    }
    Ok(())
}

fn needs(missing: &'static str, given: &'static str) -> Error {
    Error::invalid_input(missing, format!("is required together with {given}"))
}
