//! Migration commands by name, for language bindings.

use std::path::PathBuf;

use chatkeep_core::described::{Described, Record, Type};
use chatkeep_core::migrations::{HistoryEntry, MigrationStatus, SchemaDifference, new_migration};
use chatkeep_core::{Error, Result};
use serde::Serialize;

use crate::database::DatabaseManager;

/// A request to [`DatabaseManager::migrate`]: a verb of `chatkeep migrate`, with its arguments.
#[derive(Debug, Clone, Default, Record)]
#[record(argument)]
pub struct MigrateRequest {
    /// `upgrade`, `downgrade`, `current`, `history`, `stamp`, `check`, `sql` or `new`.
    pub verb: String,
    /// Target revision. The default is `-1` for `downgrade` and `head` for other verbs; `stamp`
    /// requires it.
    #[record(positional)]
    pub revision: Option<String>,
    /// Folder of an application's migrations.
    #[record(named)]
    pub folder: Option<PathBuf>,
    /// First revision of a script. The default is the database's current revision.
    #[record(name = "from_revision", named)]
    pub from: Option<String>,
    /// Description of a new migration.
    #[record(named)]
    pub description: Option<String>,
    /// Whether to create a new migration for each engine.
    #[record(default = false, named)]
    pub per_engine: bool,
}

/// The response to a [`MigrateRequest`].
#[derive(Debug, Clone, Serialize)]
#[serde(untagged, rename_all = "snake_case")]
#[non_exhaustive]
pub enum MigrateResponse {
    /// The response to `upgrade`.
    Upgraded {
        /// Migrations that were run.
        applied: Vec<String>,
    },
    /// The response to `downgrade`.
    Downgraded {
        /// Migrations that were reverted.
        reverted: Vec<String>,
    },
    /// The response to `current`.
    Current {
        /// `head`, or the schema's mismatch.
        state: &'static str,
        /// Applied and pending migrations.
        #[serde(flatten)]
        status: MigrationStatus,
    },
    /// The response to `history`.
    History {
        /// All migrations.
        migrations: Vec<HistoryEntry>,
    },
    /// The response to `stamp`.
    Stamped {
        /// Changed history entries.
        changed: Vec<String>,
    },
    /// The response to `check`.
    Checked {
        /// Whether there are no differences.
        matches: bool,
        /// `head`, or the schema's mismatch.
        state: &'static str,
        /// Differences between the schema and its migrations.
        differences: Vec<SchemaDifference>,
        /// The differences as text.
        messages: Vec<String>,
    },
    /// The response to `sql`.
    Script {
        /// The script.
        sql: String,
    },
    /// The response to `new`.
    Made {
        /// Paths of the created files.
        files: Vec<PathBuf>,
    },
}

/// Its keys depend on the verb.
impl Described for MigrateResponse {
    const TYPE: Type = Type::Json;
}

impl DatabaseManager {
    pub(crate) fn run_verb(&self, request: &MigrateRequest) -> Result<MigrateResponse> {
        let mut migrations = self.migrations();
        if let Some(folder) = &request.folder {
            migrations = migrations.with_folder(folder);
        }
        let to = |default| request.revision.as_deref().unwrap_or(default);
        Ok(match request.verb.as_str() {
            "upgrade" => MigrateResponse::Upgraded { applied: migrations.upgrade(to("head"))? },
            "downgrade" => {
                MigrateResponse::Downgraded { reverted: migrations.downgrade(to("-1"))? }
            }
            "current" => {
                let status = migrations.status()?;
                MigrateResponse::Current { state: status.version().name(), status }
            }
            "history" => MigrateResponse::History { migrations: migrations.status()?.entries },
            "stamp" => {
                let revision = request.revision.as_deref().ok_or_else(|| missing("revision"))?;
                MigrateResponse::Stamped { changed: migrations.stamp(revision)? }
            }
            "check" => {
                let check = migrations.check()?;
                MigrateResponse::Checked {
                    matches: check.differences.is_empty(),
                    state: check.status.version().name(),
                    messages: check.differences.iter().map(ToString::to_string).collect(),
                    differences: check.differences,
                }
            }
            "sql" => {
                let script = migrations.sql(request.from.as_deref(), to("head"));
                let sql = script.map_err(|error| match error.field() {
                    Some("to") => error.with_field("revision"),
                    _ => error,
                })?;
                MigrateResponse::Script { sql }
            }
            "new" => {
                let description =
                    request.description.as_deref().ok_or_else(|| missing("description"))?;
                let folder = request.folder.as_ref().ok_or_else(|| missing("folder"))?;
                MigrateResponse::Made {
                    files: new_migration(folder, description, request.per_engine)?,
                }
            }
            other => {
                return Err(Error::invalid_input(
                    "verb",
                    format!(
                        "must be upgrade, downgrade, current, history, stamp, check, sql or new, \
                         not {other:?}"
                    ),
                ));
            }
        })
    }
}

fn missing(field: &'static str) -> Error {
    Error::invalid_input(field, "is required for this verb")
}
