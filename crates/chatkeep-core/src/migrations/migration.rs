//! A migration and its owner.

use std::borrow::Cow;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::token::hex;

/// Prefix of the version of an application's migration in the history.
const APPLICATION: &str = "app:";

/// Owner of a migration. Each owner's migrations have their own order; an application's run after
/// chatkeep's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Owner {
    /// Chatkeep. Its migrations are built into the library.
    Chatkeep,
    /// The application. Its migrations are read from a folder.
    Application,
}

impl Owner {
    /// Returns the owner of the migration with this history key.
    pub(super) fn of(key: &str) -> Self {
        if key.starts_with(APPLICATION) { Self::Application } else { Self::Chatkeep }
    }
}

/// A migration: one step of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Owner of the migration.
    pub owner: Owner,
    /// Version, such as `20261120120000`. It determines the order among the owner's migrations.
    pub version: Cow<'static, str>,
    /// Descriptive name, such as `create_messages`.
    pub name: Cow<'static, str>,
    /// SQL that applies the migration.
    pub up: Cow<'static, str>,
    /// SQL that reverts the migration; empty if it is irreversible.
    pub down: Cow<'static, str>,
}

impl Migration {
    pub(super) const fn embedded(
        version: &'static str,
        name: &'static str,
        up: &'static str,
        down: &'static str,
    ) -> Self {
        Self {
            owner: Owner::Chatkeep,
            version: Cow::Borrowed(version),
            name: Cow::Borrowed(name),
            up: Cow::Borrowed(up),
            down: Cow::Borrowed(down),
        }
    }

    /// Returns the SHA-256 of [`Migration::up`], in lowercase hexadecimal digits. Owner endings are
    /// normalized first.
    pub fn checksum(&self) -> String {
        if self.up.contains('\r') {
            return hex(&Sha256::digest(self.up.replace("\r\n", "\n")));
        }
        hex(&Sha256::digest(self.up.as_ref()))
    }

    /// Returns the history key: `20261120120000`, or `app:20261120120000` for an application's.
    ///
    /// Chatkeep's own have no prefix, because releases without application migrations look for
    /// those keys. Digits sort before letters in every collation, so that the history lists them
    /// first.
    pub fn key(&self) -> String {
        match self.owner {
            Owner::Chatkeep => self.version.to_string(),
            Owner::Application => format!("{APPLICATION}{}", self.version),
        }
    }

    /// Returns the title for messages, such as `20261120120000_create_messages`.
    pub fn title(&self) -> String {
        format!("{}_{}", self.key(), self.name)
    }
}
