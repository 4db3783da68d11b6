//! What is done in which order, and which part of it is wanted.

use chatkeep_contest::{Engine, Path, Result};

use crate::participants::{ANY, EVERYBODY, Language, ONE, Participant, Role};
use crate::studies::{Study, moving};

/// What is done in turns: one row of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) engine: Engine,
    pub(crate) path: Path,
    pub(crate) callers: usize,
}

/// What of all this is wanted. Words of a kind add up, kinds limit each other: `sqlite,64,python,sqlx` is
/// everybody in Python and sqlx, with 64 callers, on SQLite.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    quick: bool,
    engines: Vec<Engine>,
    paths: Vec<Path>,
    studies: Vec<Study>,
    /// Whether the study is wanted that goes from engine to engine.
    moving: bool,
    callers: Vec<usize>,
    names: Vec<&'static str>,
    languages: Vec<&'static str>,
}

impl Selection {
    /// # Errors
    /// Names the word that is none of them.
    pub(crate) fn parse(words: &[String], quick: bool) -> Result<Self> {
        let mut selection = Self { quick, ..Self::default() };
        for word in words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()) {
            if let Some(engine) = Engine::ALL.into_iter().find(|engine| engine.name() == word) {
                selection.engines.push(engine);
            } else if let Some(path) = Path::ALL.into_iter().find(|path| path.name() == word) {
                selection.paths.push(path);
            } else if let Some(study) = Study::ALL.into_iter().find(|study| study.name() == word) {
                selection.studies.push(study);
            } else if word == moving::NAME {
                selection.moving = true;
            } else if let Some(callers) = ANY.iter().find(|callers| callers.to_string() == word) {
                selection.callers.push(*callers);
            } else if let Some(somebody) = EVERYBODY.iter().find(|somebody| somebody.name == word) {
                selection.names.push(somebody.name);
            } else if let Some(name) =
                ["Rust", "Python", "Node"].into_iter().find(|name| name.eq_ignore_ascii_case(word))
            {
                selection.languages.push(name);
            } else {
                return Err(format!(
                    "ONLY: {word:?} is no engine, path, study, number of callers, contestant or language; \
                                    contestants are {}",
                    names().join(", ")
                )
                .into());
            }
        }
        Ok(selection)
    }

    /// What is done on an engine, in order.
    pub(crate) fn cells(&self, engine: Engine) -> Vec<Cell> {
        let wanted = |chosen: bool, quick: bool| chosen || quick;
        // A quick run is without 16 callers, unless asked for.
        let engine_is_in = self.engine_is_in(engine);
        // A study is a path of its own.
        let any_path = self.paths.is_empty() && self.studies.is_empty() && !self.moving;
        let mut cells = Vec::new();
        for path in Path::ALL {
            let callers = if path == Path::Log { ANY } else { ONE };
            for &callers in callers {
                let callers_are_in = if self.callers.is_empty() {
                    wanted(!self.quick, callers != 16)
                } else {
                    self.callers.contains(&callers)
                };
                let path_is_in = any_path || self.paths.contains(&path);
                if engine_is_in && callers_are_in && path_is_in {
                    cells.push(Cell { engine, path, callers });
                }
            }
        }
        cells
    }

    /// What chatkeep is studied for on an engine, by itself.
    pub(crate) fn studies(&self, engine: Engine) -> Vec<Study> {
        let is_in = |study: &Study| self.all_studies() || self.studies.contains(study);
        Study::ALL.into_iter().filter(|study| self.engine_is_in(engine) && is_in(study)).collect()
    }

    /// Which engines a log is moved between, where that is wanted.
    pub(crate) fn journey(&self) -> Option<Vec<Engine>> {
        let engines = Engine::ALL.into_iter().filter(|engine| self.engine_is_in(*engine)).collect();
        (self.moving || self.all_studies()).then_some(engines)
    }

    /// A whole run has them all; a quick one has no time for any that was not asked for.
    fn all_studies(&self) -> bool {
        let Self { quick, paths, studies, moving, callers, names, languages, .. } = self;
        let nothing_else =
            paths.is_empty() && callers.is_empty() && names.is_empty() && languages.is_empty();
        !quick && nothing_else && studies.is_empty() && !moving
    }

    fn engine_is_in(&self, engine: Engine) -> bool {
        // A quick run is without MySQL, whose driver and dialect MariaDB has as well, unless asked for.
        if self.engines.is_empty() {
            !self.quick || engine != Engine::MySql
        } else {
            self.engines.contains(&engine)
        }
    }

    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }

    /// Who takes part in it. chatkeep in Rust always does, and in each language that somebody is chosen of: the others are
    /// compared with it.
    pub(crate) fn participants(&self, cell: Cell) -> Vec<&'static Participant> {
        let anybody = self.names.is_empty() && self.languages.is_empty();
        let is_chosen = |somebody: &Participant| {
            if anybody {
                !self.quick || somebody.quick
            } else {
                self.names.contains(&somebody.name)
                    || self.languages.contains(&somebody.language.name())
            }
        };
        let has_chosen = |language: Language| {
            let speaks_it = |somebody: &&Participant| somebody.language.name() == language.name();
            language == Language::Rust || EVERYBODY.iter().filter(speaks_it).any(is_chosen)
        };
        let is_in = |somebody: &&Participant| {
            let wanted = is_chosen(somebody)
                || somebody.role == Role::Subject && has_chosen(somebody.language);
            wanted && somebody.takes_part(cell)
        };
        EVERYBODY.iter().filter(is_in).collect()
    }
}

fn names() -> Vec<&'static str> {
    EVERYBODY.iter().map(|somebody| somebody.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(words: &str, quick: bool) -> Selection {
        let words: Vec<String> = words.split(',').map(str::to_owned).collect();
        Selection::parse(&words, quick).unwrap()
    }

    #[test]
    fn words_choose_what_is_done() {
        let all = selection("", false);
        assert_eq!(all.cells(Engine::MySql).len(), 6);
        let few = selection("sqlite, 64,1", false);
        assert!(few.cells(Engine::PostgreSql).is_empty());
        let cells = few.cells(Engine::Sqlite);
        assert_eq!(cells.len(), 5, "16 callers are out");
        assert_eq!(selection("log,16", false).cells(Engine::MariaDb).len(), 1);
        let wrong = Selection::parse(&["oracle".to_owned()], false).unwrap_err().to_string();
        assert!(wrong.contains("\"oracle\"") && wrong.contains("tokio-postgres"), "{wrong}");
    }

    #[test]
    fn a_quick_run_leaves_out_what_was_not_asked_for() {
        assert!(selection("", true).cells(Engine::MySql).is_empty());
        assert_eq!(selection("", true).cells(Engine::Sqlite).len(), 5);
        assert_eq!(selection("mysql", true).cells(Engine::MySql).len(), 5);
        assert_eq!(selection("16", true).cells(Engine::Sqlite).len(), 1);
    }

    #[test]
    fn chatkeep_is_always_there() {
        let cell = Cell { engine: Engine::Sqlite, path: Path::Verify, callers: 1 };
        let names = |words: &str| -> Vec<&str> {
            selection(words, false)
                .participants(cell)
                .iter()
                .map(|somebody| somebody.name)
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
        for words in ["", "python", "sqlalchemy-orm"] {
            assert!(python.iter().all(|name| names(words).contains(name)), "{words}");
        }
        assert!(!names("sqlalchemy-orm").contains(&"sqlalchemy-core"));
    }

    #[test]
    fn studies_are_made_in_whole_runs_and_when_they_are_asked_for() {
        assert_eq!(selection("", false).studies(Engine::Sqlite), Study::ALL);
        assert_eq!(
            selection("", true).studies(Engine::Sqlite),
            [],
            "a quick run has no time for them"
        );
        assert_eq!(selection("mysql", false).studies(Engine::Sqlite), []);
        assert_eq!(selection("sqlite,64", false).studies(Engine::Sqlite), []);
        let one = selection("deletion,sqlite", false);
        assert_eq!(one.studies(Engine::Sqlite), [Study::Deletion]);
        assert!(one.cells(Engine::Sqlite).is_empty());
        assert_eq!(one.journey(), None);
    }

    #[test]
    fn a_log_is_moved_between_the_engines_that_are_in() {
        assert_eq!(selection("", false).journey(), Some(Engine::ALL.to_vec()));
        assert_eq!(selection("", true).journey(), None);
        let two = selection("moving,postgresql,sqlite", true);
        assert_eq!(two.journey(), Some(vec![Engine::Sqlite, Engine::PostgreSql]));
        assert!(two.cells(Engine::Sqlite).is_empty() && two.studies(Engine::Sqlite).is_empty());
    }

    #[test]
    fn names_are_not_given_twice() {
        let mut names = names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), EVERYBODY.len());
    }
}
