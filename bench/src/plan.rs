//! The steps of a run in order, and the selection of some of them.

use chatkeep_bench_protocol::{Engine, Path, Result};

use crate::participants::{ANY, Language, ONE, PARTICIPANTS, Participant, Role};
use crate::studies::{Study, moving};

/// A benchmark that competitors run in turns: one table of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) engine: Engine,
    pub(crate) path: Path,
    pub(crate) callers: usize,
}

/// The selected part of a run. Terms of the same kind are combined with OR, different kinds with
/// AND: `sqlite,64,python,sqlx` selects all participants in Python and sqlx, with 64 callers, on
/// SQLite.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    quick: bool,
    engines: Vec<Engine>,
    paths: Vec<Path>,
    studies: Vec<Study>,
    /// Whether the study that copies a log between engines is selected.
    moving: bool,
    callers: Vec<usize>,
    names: Vec<&'static str>,
    languages: Vec<&'static str>,
}

impl Selection {
    /// Parses the terms of a selection.
    ///
    /// # Errors
    /// Names the unknown term.
    pub(crate) fn parse(terms: &[String], quick: bool) -> Result<Self> {
        let mut selection = Self { quick, ..Self::default() };
        for term in terms.iter().map(|term| term.trim()).filter(|term| !term.is_empty()) {
            if let Some(engine) = Engine::ALL.into_iter().find(|engine| engine.name() == term) {
                selection.engines.push(engine);
            } else if let Some(path) = Path::ALL.into_iter().find(|path| path.name() == term) {
                selection.paths.push(path);
            } else if let Some(study) = Study::ALL.into_iter().find(|study| study.name() == term) {
                selection.studies.push(study);
            } else if term == moving::NAME {
                selection.moving = true;
            } else if let Some(callers) = ANY.iter().find(|callers| callers.to_string() == term) {
                selection.callers.push(*callers);
            } else if let Some(participant) =
                PARTICIPANTS.iter().find(|participant| participant.name == term)
            {
                selection.names.push(participant.name);
            } else if let Some(name) =
                ["Rust", "Python", "Node"].into_iter().find(|name| name.eq_ignore_ascii_case(term))
            {
                selection.languages.push(name);
            } else {
                return Err(format!(
                    "ONLY: {term:?} is not an engine, path, study, number of callers, competitor \
                     or language; \
                                    competitors are {}",
                    names().join(", ")
                )
                .into());
            }
        }
        Ok(selection)
    }

    /// Returns the cells of an engine, in order.
    pub(crate) fn cells(&self, engine: Engine) -> Vec<Cell> {
        // A quick run excludes 16 callers unless they are selected.
        let includes_engine = self.includes_engine(engine);
        // Selecting a study excludes the paths.
        let any_path = self.paths.is_empty() && self.studies.is_empty() && !self.moving;
        let mut cells = Vec::new();
        for path in Path::ALL {
            let callers = if path.is_concurrent() { ANY } else { ONE };
            for &callers in callers {
                let includes_callers = if self.callers.is_empty() {
                    !self.quick || callers != 16
                } else {
                    self.callers.contains(&callers)
                };
                let includes_path = any_path || self.paths.contains(&path);
                if includes_engine && includes_callers && includes_path {
                    cells.push(Cell { engine, path, callers });
                }
            }
        }
        cells
    }

    /// Returns the studies of chatkeep on an engine.
    pub(crate) fn studies(&self, engine: Engine) -> Vec<Study> {
        let is_in = |study: &Study| self.all_studies() || self.studies.contains(study);
        Study::ALL
            .into_iter()
            .filter(|study| self.includes_engine(engine) && is_in(study))
            .collect()
    }

    /// Returns the engines between which a log is copied, if that is selected.
    pub(crate) fn engines_to_copy(&self) -> Option<Vec<Engine>> {
        let engines =
            Engine::ALL.into_iter().filter(|engine| self.includes_engine(*engine)).collect();
        (self.moving || self.all_studies()).then_some(engines)
    }

    /// A full run includes all studies; a quick one includes only selected ones.
    fn all_studies(&self) -> bool {
        let Self { quick, paths, studies, moving, callers, names, languages, .. } = self;
        let nothing_else =
            paths.is_empty() && callers.is_empty() && names.is_empty() && languages.is_empty();
        !quick && nothing_else && studies.is_empty() && !moving
    }

    fn includes_engine(&self, engine: Engine) -> bool {
        // A quick run excludes MySQL unless it is selected, because MariaDB uses the same driver
        // and dialect.
        if self.engines.is_empty() {
            !self.quick || engine != Engine::MySql
        } else {
            self.engines.contains(&engine)
        }
    }

    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }

    /// Returns the participants of a cell. chatkeep in Rust is always included, and chatkeep in the
    /// language of each selected participant, because the others are compared with it.
    pub(crate) fn participants(&self, cell: Cell) -> Vec<&'static Participant> {
        let selects_all = self.names.is_empty() && self.languages.is_empty();
        let is_selected = |participant: &Participant| {
            if selects_all {
                !self.quick || participant.quick
            } else {
                self.names.contains(&participant.name)
                    || self.languages.contains(&participant.language.name())
            }
        };
        let has_selected = |language: Language| {
            let has_language =
                |participant: &&Participant| participant.language.name() == language.name();
            language == Language::Rust || PARTICIPANTS.iter().filter(has_language).any(is_selected)
        };
        let is_in = |participant: &&Participant| {
            let included = is_selected(participant)
                || participant.role == Role::Subject && has_selected(participant.language);
            included && participant.supports(cell)
        };
        PARTICIPANTS.iter().filter(is_in).collect()
    }
}

fn names() -> Vec<&'static str> {
    PARTICIPANTS.iter().map(|participant| participant.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(terms: &str, quick: bool) -> Selection {
        let terms: Vec<String> = terms.split(',').map(str::to_owned).collect();
        Selection::parse(&terms, quick).unwrap()
    }

    #[test]
    fn terms_select_cells() {
        let all = selection("", false);
        assert_eq!(all.cells(Engine::MySql).len(), 10);
        let few = selection("sqlite, 64,1", false);
        assert!(few.cells(Engine::PostgreSql).is_empty());
        let cells = few.cells(Engine::Sqlite);
        assert_eq!(cells.len(), 8, "16 callers are excluded");
        assert_eq!(selection("log,16", false).cells(Engine::MariaDb).len(), 1);
        let wrong = Selection::parse(&["oracle".to_owned()], false).unwrap_err().to_string();
        assert!(wrong.contains("\"oracle\"") && wrong.contains("tokio-postgres"), "{wrong}");
    }

    #[test]
    fn a_quick_run_excludes_unselected_cells() {
        assert!(selection("", true).cells(Engine::MySql).is_empty());
        assert_eq!(selection("", true).cells(Engine::Sqlite).len(), 8);
        assert_eq!(selection("mysql", true).cells(Engine::MySql).len(), 8);
        assert_eq!(selection("16", true).cells(Engine::Sqlite).len(), 2);
    }

    #[test]
    fn chatkeep_is_always_included() {
        let cell = Cell { engine: Engine::Sqlite, path: Path::Verify, callers: 1 };
        let names = |terms: &str| -> Vec<&str> {
            selection(terms, false)
                .participants(cell)
                .iter()
                .map(|participant| participant.name)
                .collect()
        };
        assert_eq!(names("sqlx"), ["chatkeep", "chatkeep-uncached", "sqlx"]);
        assert!(names("").contains(&"rusqlite") && !names("").contains(&"tokio-postgres"));
        assert_eq!(
            names("node"),
            [
                "chatkeep",
                "chatkeep-uncached",
                "chatkeep-node",
                "chatkeep-node-uncached",
                "better-sqlite3",
                "drizzle",
                "prisma"
            ]
        );
        assert!(names("node,sqlx").contains(&"sqlx"));
        assert!(names("node,rust").contains(&"rusqlite"));
        let python = ["chatkeep-python", "chatkeep-python-uncached", "chatkeep-asyncio"];
        for terms in ["", "python", "sqlalchemy-orm"] {
            assert!(python.iter().all(|name| names(terms).contains(name)), "{terms}");
        }
        assert!(!names("sqlalchemy-orm").contains(&"sqlalchemy-core"));
    }

    #[test]
    fn studies_run_in_full_runs_or_when_selected() {
        assert_eq!(selection("", false).studies(Engine::Sqlite), Study::ALL);
        assert_eq!(selection("", true).studies(Engine::Sqlite), [], "a quick run excludes studies");
        assert_eq!(selection("mysql", false).studies(Engine::Sqlite), []);
        assert_eq!(selection("sqlite,64", false).studies(Engine::Sqlite), []);
        let one = selection("deletion,sqlite", false);
        assert_eq!(one.studies(Engine::Sqlite), [Study::Deletion]);
        assert!(one.cells(Engine::Sqlite).is_empty());
        assert_eq!(one.engines_to_copy(), None);
    }

    #[test]
    fn a_log_is_copied_between_the_selected_engines() {
        assert_eq!(selection("", false).engines_to_copy(), Some(Engine::ALL.to_vec()));
        assert_eq!(selection("", true).engines_to_copy(), None);
        let two = selection("moving,postgresql,sqlite", true);
        assert_eq!(two.engines_to_copy(), Some(vec![Engine::Sqlite, Engine::PostgreSql]));
        assert!(two.cells(Engine::Sqlite).is_empty() && two.studies(Engine::Sqlite).is_empty());
    }

    #[test]
    fn names_are_unique() {
        let mut names = names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PARTICIPANTS.len());
    }
}
