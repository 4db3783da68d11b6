//! The migrations of a run: chatkeep's own, followed by an application's.

use std::path::Path;

use super::embedded::all;
use super::folder;
use super::migration::{Migration, Owner};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Chatkeep's migrations for one engine, followed by the application's if a folder was given.
#[derive(Debug, Clone)]
pub struct MigrationSet {
    engine: Engine,
    list: Vec<Migration>,
    has_application: bool,
}

impl MigrationSet {
    /// Returns chatkeep's own migrations. History rows of an application are ignored.
    pub fn embedded(engine: Engine) -> Self {
        Self { engine, list: all(engine).to_vec(), has_application: false }
    }

    /// Returns chatkeep's own migrations, followed by those of this folder.
    ///
    /// The folder contains `NAME/up.sql` and `NAME/down.sql`, or for a single engine
    /// `postgresql/NAME/up.sql` and so on. `NAME` is a timestamp and a description, such as
    /// `20261121143000_add_users`.
    ///
    /// # Errors
    /// `InvalidInput`, with the path, if the folder or a file in it is invalid.
    pub fn with_folder(engine: Engine, folder: &Path) -> Result<Self> {
        let mut set = Self::embedded(engine);
        set.list.extend(folder::read(engine, folder)?);
        set.has_application = true;
        Ok(set)
    }

    /// Returns all migrations in the order in which they run.
    pub fn list(&self) -> &[Migration] {
        &self.list
    }

    /// Returns the engine of the migrations.
    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    /// Returns the owners of the migrations, in order.
    pub(super) fn owners(&self) -> &'static [Owner] {
        if self.has_application {
            &[Owner::Chatkeep, Owner::Application]
        } else {
            &[Owner::Chatkeep]
        }
    }

    /// Returns the owner whose migrations a downgrade reverts: the application, if it has any.
    pub(super) fn last_owner(&self) -> Owner {
        if self.has_application { Owner::Application } else { Owner::Chatkeep }
    }

    pub(super) fn of(&self, owner: Owner) -> impl DoubleEndedIterator<Item = &Migration> {
        self.list.iter().filter(move |migration| migration.owner == owner)
    }

    /// Returns the migration with this version, beginning of a version, name, or version and name;
    /// with or without `app:`.
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
        let has_prefix = |migration: &&Migration| {
            text.len() >= 4
                && (migration.title().starts_with(text) || migration.version.starts_with(text))
        };
        let mut found: Vec<_> = self.list.iter().filter(is_exact).collect();
        if found.is_empty() {
            found = self.list.iter().filter(has_prefix).collect();
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
                    format!("{text:?} is ambiguous; it matches {}", titles.join(", ")),
                ))
            }
        }
    }
}

/// Target of an upgrade, or an end of a range of migrations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Revision {
    /// After the newest migration.
    Head,
    /// Before the first migration.
    Base,
    /// After this migration.
    At(Owner, String),
}

impl Revision {
    pub(super) fn parse(set: &MigrationSet, text: &str) -> Result<Self> {
        match text.trim() {
            "head" => Ok(Self::Head),
            "base" => Ok(Self::Base),
            text => set
                .find(text)
                .map(|migration| Self::At(migration.owner, migration.version.to_string())),
        }
    }

    /// Returns whether the migration is applied at this revision.
    pub(super) fn reaches(&self, migration: &Migration) -> bool {
        match self {
            Self::Head => true,
            Self::Base => false,
            Self::At(owner, version) => {
                (migration.owner, migration.version.as_ref()) <= (*owner, version.as_str())
            }
        }
    }
}
