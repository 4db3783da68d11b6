//! The migrations that a run is about: chatkeep's own, and those of an application behind them.

use std::path::Path;

use super::embedded::all;
use super::folder;
use super::migration::{Line, Migration};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Chatkeep's migrations for one engine and, where a folder was given, the application's, in the order in which they run.
#[derive(Debug, Clone)]
pub struct MigrationSet {
    engine: Engine,
    list: Vec<Migration>,
    has_application: bool,
}

impl MigrationSet {
    /// Chatkeep's own. What an application has in the history is not looked at.
    pub fn embedded(engine: Engine) -> Self {
        Self { engine, list: all(engine).to_vec(), has_application: false }
    }

    /// Chatkeep's own, and behind them those of this folder: `NAME/up.sql` and `NAME/down.sql`, or for one engine
    /// `postgresql/NAME/up.sql` and so on, where `NAME` is a moment and a few words: `20261121143000_add_users`.
    ///
    /// # Errors
    /// `InvalidInput` naming the file that is not as it should be.
    pub fn with_folder(engine: Engine, folder: &Path) -> Result<Self> {
        let mut set = Self::embedded(engine);
        set.list.extend(folder::read(engine, folder)?);
        set.has_application = true;
        Ok(set)
    }

    /// All of them, in the order in which they run.
    pub fn list(&self) -> &[Migration] {
        &self.list
    }

    /// The engine that they are for.
    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    /// The lines that it covers, in their order.
    pub(super) fn lines(&self) -> &'static [Line] {
        if self.has_application { &[Line::Chatkeep, Line::Application] } else { &[Line::Chatkeep] }
    }

    /// The line that going back is about: the application's, where there is one.
    pub(super) fn last_line(&self) -> Line {
        if self.has_application { Line::Application } else { Line::Chatkeep }
    }

    pub(super) fn of(&self, line: Line) -> impl DoubleEndedIterator<Item = &Migration> {
        self.list.iter().filter(move |migration| migration.line == line)
    }

    /// The migration that this text means: its version, the beginning of its version, its name, or both; with `app:` or
    /// without.
    pub(super) fn find(&self, revision: &str) -> Result<&Migration> {
        let text = revision.trim();
        let is_exact = |migration: &&Migration| {
            [
                migration.key(),
                migration.version.to_string(),
                migration.title(),
                migration.name.to_string(),
            ]
            .iter()
            .chain([&format!("{}_{}", migration.version, migration.name)])
            .any(|name| name == text)
        };
        let begins = |migration: &&Migration| {
            text.len() >= 4
                && (migration.title().starts_with(text) || migration.version.starts_with(text))
        };
        let mut found: Vec<_> = self.list.iter().filter(is_exact).collect();
        if found.is_empty() {
            found = self.list.iter().filter(begins).collect();
        }
        match found[..] {
            [one] => Ok(one),
            [] => Err(Error::invalid_input(
                "revision",
                format!("there is no migration {text:?}; `chatkeep migrate history` lists them"),
            )),
            _ => {
                let titles: Vec<_> = found.iter().map(|migration| migration.title()).collect();
                Err(Error::invalid_input(
                    "revision",
                    format!("{text:?} may be any of {}; write more of it", titles.join(", ")),
                ))
            }
        }
    }
}

/// How far to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Revision {
    /// Up to the newest.
    Head,
    /// Before the first.
    Base,
    /// Up to this one, which is included.
    At(Line, String),
}

impl Revision {
    pub(super) fn parse(set: &MigrationSet, text: &str) -> Result<Self> {
        match text.trim() {
            "head" => Ok(Self::Head),
            "base" => Ok(Self::Base),
            text => set
                .find(text)
                .map(|migration| Self::At(migration.line, migration.version.to_string())),
        }
    }

    /// Whether a migration lies within it.
    pub(super) fn reaches(&self, migration: &Migration) -> bool {
        match self {
            Self::Head => true,
            Self::Base => false,
            Self::At(line, version) => {
                (migration.line, migration.version.as_ref()) <= (*line, version.as_str())
            }
        }
    }
}
