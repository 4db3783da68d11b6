//! Selection and validation of the migrations that a downgrade reverts.

use super::history::{Row, State};
use super::migration::Owner;
use super::runner::Task;
use super::script::Direction;
use super::set::{MigrationSet, Revision};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, SchemaState};

/// Target of a downgrade.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DowngradeTarget {
    /// Reverts this number of the last owner's migrations.
    By(usize),
    /// Reverts this owner's migrations after the version, or all of them without a version.
    To(Owner, Option<String>),
}

impl DowngradeTarget {
    /// Parses `-2`, `base`, or a revision.
    pub(super) fn parse(set: &MigrationSet, text: &str) -> Result<Self> {
        let text = text.trim();
        if let Some(number) = text.strip_prefix('-') {
            return match number.parse() {
                Ok(number) if number > 0 => Ok(Self::By(number)),
                _ => Err(Error::invalid_input(
                    "revision",
                    format!("{text:?} is not a number of migrations; use -1, -2 or a revision"),
                )),
            };
        }
        match Revision::parse(set, text)? {
            Revision::Head => Err(Error::invalid_input(
                "revision",
                "a downgrade to head is not possible; use a revision, -1 or base",
            )),
            Revision::Base => Ok(Self::To(set.last_owner(), None)),
            Revision::At(owner, version) => Ok(Self::To(owner, Some(version))),
        }
    }

    /// Returns the migrations to revert, newest first.
    pub(super) fn tasks<'a>(
        &self,
        set: &'a MigrationSet,
        rows: &[Row],
        engine: Engine,
    ) -> Result<Vec<Task<'a>>> {
        let owner = match self {
            Self::By(_) => set.last_owner(),
            Self::To(owner, _) => *owner,
        };
        let mut of_owner: Vec<_> =
            rows.iter().filter(|row| row.owner() == owner && row.state != State::Failed).collect();
        of_owner.reverse();
        if let Some(row) =
            of_owner.iter().find(|row| matches!(row.state, State::Up { .. } | State::Unknown))
        {
            return Err(Error::new(
                ErrorKind::Schema(SchemaState::Dirty),
                format!(
                    "{}_{} was interrupted; finish it with `chatkeep migrate upgrade` first",
                    row.key, row.name
                ),
            ));
        }
        let chosen: Vec<_> = match self {
            Self::By(number) => of_owner.into_iter().take(*number).collect(),
            Self::To(_, None) => of_owner,
            Self::To(_, Some(version)) => {
                if !of_owner.iter().any(|row| row.version() == version) {
                    return Err(Error::invalid_input(
                        "revision",
                        format!("cannot downgrade to {version}: it was not run"),
                    ));
                }
                of_owner.into_iter().filter(|row| row.version() > version.as_str()).collect()
            }
        };
        refuse_under_application(owner, &chosen, rows)?;
        chosen
            .into_iter()
            .filter_map(|row| set.of(owner).find(|migration| migration.version == row.version()))
            .map(|migration| Task::read(engine, migration, Direction::Down))
            .collect()
    }
}

/// Refuses to revert chatkeep's migrations if the application ran a migration after them: its
/// tables may refer to chatkeep's in their present form.
fn refuse_under_application(owner: Owner, chosen: &[&Row], rows: &[Row]) -> Result<()> {
    let Some(first) = chosen.iter().map(|row| row.started_at).min() else { return Ok(()) };
    let later = |row: &&Row| {
        owner == Owner::Chatkeep
            && row.owner() == Owner::Application
            && row.started_at >= first
            && row.state != State::Failed
    };
    match rows.iter().find(later) {
        None => Ok(()),
        Some(row) => Err(Error::invalid_input(
            "revision",
            format!(
                "the application's migration {}_{} was run later; \
                 revert it first, with the application's folder",
                row.key, row.name
            ),
        )),
    }
}
