//! Migrations asked for by the name of the verb, for language bindings.

use std::path::PathBuf;

use chatkeep_core::migrations::{HistoryEntry, MigrationStatus, SchemaDifference, new_migration};
use chatkeep_core::{Error, Result};
use serde::Serialize;

use crate::database::DatabaseManager;

/// What is asked of [`DatabaseManager::migrate`]: the verbs of `chatkeep migrate`, with their arguments.
#[derive(Debug, Clone, Default)]
pub struct MigrateCall {
    /// `upgrade`, `downgrade`, `current`, `history`, `stamp`, `check`, `sql`, `new`.
    pub verb: String,
    /// How far, or where to; without it `head`, and `-1` for `downgrade`. `stamp` has to be told.
    pub revision: Option<String>,
    /// The folder of an application's migrations.
    pub folder: Option<PathBuf>,
    /// Where a script begins; without it, at what the database has.
    pub from: Option<String>,
    /// What a new migration does.
    pub description: Option<String>,
    /// Whether there is a new migration for each engine.
    pub per_engine: bool,
}

/// The answer to a [`MigrateCall`]. It serialises with these keys.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged, rename_all = "snake_case")]
#[non_exhaustive]
pub enum MigrateAnswer {
    /// To `upgrade`.
    Upgraded {
        /// What was run.
        applied: Vec<String>,
    },
    /// To `downgrade`.
    Downgraded {
        /// What was taken back.
        reverted: Vec<String>,
    },
    /// To `current`.
    Current {
        /// `head`, or in what way it does not fit.
        state: &'static str,
        /// Where it stands.
        #[serde(flatten)]
        status: MigrationStatus,
    },
    /// To `history`.
    History {
        /// Every migration.
        migrations: Vec<HistoryEntry>,
    },
    /// To `stamp`.
    Stamped {
        /// What the history now says that it did not.
        changed: Vec<String>,
    },
    /// To `check`.
    Checked {
        /// Whether there are no differences.
        matches: bool,
        /// `head`, or in what way it does not fit.
        state: &'static str,
        /// What differs.
        differences: Vec<SchemaDifference>,
        /// The same in words.
        messages: Vec<String>,
    },
    /// To `sql`.
    Script {
        /// The script.
        sql: String,
    },
    /// To `new`.
    Made {
        /// The files.
        files: Vec<PathBuf>,
    },
}

impl DatabaseManager {
    /// Does what a verb of `chatkeep migrate` does.
    ///
    /// ```
    /// use chatkeep::MigrateCall;
    ///
    /// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let call = MigrateCall { verb: "check".to_owned(), ..MigrateCall::default() };
    /// let answer = serde_json::to_value(chat.database().migrate(&call)?).unwrap();
    /// assert_eq!(answer["matches"], true);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the verb; `InvalidInput` when there is no such verb, or it lacks an argument.
    pub fn migrate(&self, call: &MigrateCall) -> Result<MigrateAnswer> {
        self.answer(call).map_err(|error| error.with_operation("migrate"))
    }

    fn answer(&self, call: &MigrateCall) -> Result<MigrateAnswer> {
        let mut migrations = self.migrations();
        if let Some(folder) = &call.folder {
            migrations = migrations.with_folder(folder);
        }
        let to = |usual| call.revision.as_deref().unwrap_or(usual);
        Ok(match call.verb.as_str() {
            "upgrade" => MigrateAnswer::Upgraded { applied: migrations.upgrade(to("head"))? },
            "downgrade" => MigrateAnswer::Downgraded { reverted: migrations.downgrade(to("-1"))? },
            "current" => {
                let status = migrations.status()?;
                MigrateAnswer::Current { state: status.version().name(), status }
            }
            "history" => MigrateAnswer::History { migrations: migrations.status()?.entries },
            "stamp" => {
                let revision = call.revision.as_deref().ok_or_else(|| missing("revision"))?;
                MigrateAnswer::Stamped { changed: migrations.stamp(revision)? }
            }
            "check" => {
                let check = migrations.check()?;
                MigrateAnswer::Checked {
                    matches: check.differences.is_empty(),
                    state: check.status.version().name(),
                    messages: check.differences.iter().map(ToString::to_string).collect(),
                    differences: check.differences,
                }
            }
            "sql" => {
                MigrateAnswer::Script { sql: migrations.sql(call.from.as_deref(), to("head"))? }
            }
            "new" => {
                let description =
                    call.description.as_deref().ok_or_else(|| missing("description"))?;
                let folder = call.folder.as_ref().ok_or_else(|| missing("folder"))?;
                MigrateAnswer::Made { files: new_migration(folder, description, call.per_engine)? }
            }
            other => {
                return Err(Error::invalid_input(
                    "verb",
                    format!(
                        "must be upgrade, downgrade, current, history, stamp, check, sql or new, not {other:?}"
                    ),
                ));
            }
        })
    }
}

fn missing(field: &'static str) -> Error {
    Error::invalid_input(field, "has to be given for this verb")
}
