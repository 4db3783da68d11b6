//! One step of a schema, and where it comes from.

use std::borrow::Cow;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::token::hex;

/// Before the version of an application's migration, wherever it stands beside chatkeep's own.
const APPLICATION: &str = "app:";

/// Whose migration it is. Each line has its own order; an application's migrations come after chatkeep's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Line {
    /// Chatkeep's own, built into the program.
    Chatkeep,
    /// The application's, from a folder.
    Application,
}

impl Line {
    /// Whose the migration with this key in the history is.
    pub(super) fn of(key: &str) -> Self {
        if key.starts_with(APPLICATION) { Self::Application } else { Self::Chatkeep }
    }
}

/// One step of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Whose it is.
    pub line: Line,
    /// Its place in the order of its line: `20261120120000`.
    pub version: Cow<'static, str>,
    /// What it does: `create_messages`.
    pub name: Cow<'static, str>,
    /// The SQL that goes one step forward.
    pub up: Cow<'static, str>,
    /// The SQL that goes one step back; empty where there is no way back.
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
            line: Line::Chatkeep,
            version: Cow::Borrowed(version),
            name: Cow::Borrowed(name),
            up: Cow::Borrowed(up),
            down: Cow::Borrowed(down),
        }
    }

    /// SHA-256 of [`Migration::up`], in lower-case hexadecimal digits. How lines end does not count.
    pub fn checksum(&self) -> String {
        if self.up.contains('\r') {
            return hex(&Sha256::digest(self.up.replace("\r\n", "\n")));
        }
        hex(&Sha256::digest(self.up.as_ref()))
    }

    /// Its key in the history: `20261120120000`, or `app:20261120120000` for an application's.
    ///
    /// Chatkeep's own have no prefix, because programs that know of no other line look for those keys. Digits sort before
    /// letters in every collation, so that the history lists them first.
    pub fn key(&self) -> String {
        match self.line {
            Line::Chatkeep => self.version.to_string(),
            Line::Application => format!("{APPLICATION}{}", self.version),
        }
    }

    /// As people see it: `20261120120000_create_messages`.
    pub fn title(&self) -> String {
        format!("{}_{}", self.key(), self.name)
    }
}
