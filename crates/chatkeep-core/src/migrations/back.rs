//! What is to be taken back, and whether it may be.

use super::history::{Row, State};
use super::migration::Line;
use super::runner::Task;
use super::script::Way;
use super::set::{MigrationSet, Revision};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, SchemaState};

/// How far to go back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Back {
    /// So many migrations of the last line.
    By(usize),
    /// Everything of this line that lies after the version; all of it without one.
    To(Line, Option<String>),
}

impl Back {
    /// `-2`, `base`, or a revision.
    pub(super) fn parse(set: &MigrationSet, text: &str) -> Result<Self> {
        let text = text.trim();
        if let Some(number) = text.strip_prefix('-') {
            return match number.parse() {
                Ok(number) if number > 0 => Ok(Self::By(number)),
                _ => Err(Error::invalid_input(
                    "revision",
                    format!("{text:?} is no number of migrations; write -1, -2 or a revision"),
                )),
            };
        }
        match Revision::parse(set, text)? {
            Revision::Head => Err(Error::invalid_input(
                "revision",
                "head lies ahead; name the revision to go back to, -1, or base",
            )),
            Revision::Base => Ok(Self::To(set.last_line(), None)),
            Revision::At(line, version) => Ok(Self::To(line, Some(version))),
        }
    }

    /// The migrations to take back, newest first.
    pub(super) fn tasks<'a>(
        &self,
        set: &'a MigrationSet,
        rows: &[Row],
        engine: Engine,
    ) -> Result<Vec<Task<'a>>> {
        let line = match self {
            Self::By(_) => set.last_line(),
            Self::To(line, _) => *line,
        };
        let mut of_line: Vec<_> =
            rows.iter().filter(|row| row.line() == line && row.state != State::Failed).collect();
        of_line.reverse();
        if let Some(row) =
            of_line.iter().find(|row| matches!(row.state, State::Up { .. } | State::Unknown))
        {
            return Err(Error::new(
                ErrorKind::Schema(SchemaState::Dirty),
                format!(
                    "{}_{} was cut off before its end; finish it with `chatkeep migrate upgrade` first",
                    row.key, row.name
                ),
            ));
        }
        let chosen: Vec<_> = match self {
            Self::By(number) => of_line.into_iter().take(*number).collect(),
            Self::To(_, None) => of_line,
            Self::To(_, Some(version)) => {
                if !of_line.iter().any(|row| row.version() == version) {
                    return Err(Error::invalid_input(
                        "revision",
                        format!("{version} was not run, so nothing can go back to it"),
                    ));
                }
                of_line.into_iter().filter(|row| row.version() > version.as_str()).collect()
            }
        };
        refuse_under_application(line, &chosen, rows)?;
        chosen
            .into_iter()
            .filter_map(|row| set.of(line).find(|migration| migration.version == row.version()))
            .map(|migration| Task::read(engine, migration, Way::Down))
            .collect()
    }
}

/// An application's tables may point to chatkeep's, as these were when they were made.
fn refuse_under_application(line: Line, chosen: &[&Row], rows: &[Row]) -> Result<()> {
    let Some(first) = chosen.iter().map(|row| row.started_at).min() else { return Ok(()) };
    let later = |row: &&Row| {
        line == Line::Chatkeep
            && row.line() == Line::Application
            && row.started_at >= first
            && row.state != State::Failed
    };
    match rows.iter().find(later) {
        None => Ok(()),
        Some(row) => Err(Error::invalid_input(
            "revision",
            format!(
                "{}_{} of the application was run after what is to be taken back; take it back first, with the application's folder",
                row.key, row.name
            ),
        )),
    }
}
