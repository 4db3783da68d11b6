//! Where a database stands among its migrations, and what was done about it.

use std::path::PathBuf;

use chatkeep::migrations::{HistoryEntry, MigrationState, MigrationStatus, SchemaDifference};
use chatkeep::{Error, MigrateAnswer};
use serde::Serialize;

use super::{Moment, text};
use crate::answer::Answer;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Applied {
    version: String,
    name: String,
    applied_at: Option<Moment>,
}

#[derive(Serialize)]
struct Pending {
    version: String,
    name: String,
}

#[derive(Serialize)]
struct Status {
    applied: Vec<Applied>,
    pending: Vec<Pending>,
    unknown: Vec<String>,
}

impl From<MigrationStatus> for Status {
    fn from(status: MigrationStatus) -> Self {
        let applied = status.applied.into_iter().map(|migration| Applied {
            version: migration.version,
            name: migration.name,
            applied_at: migration.applied_at.map(Into::into),
        });
        let pending = status.pending.into_iter().map(|(version, name)| Pending { version, name });
        Self { applied: applied.collect(), pending: pending.collect(), unknown: status.unknown }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    version: String,
    name: String,
    state: MigrationState,
    started_at: Option<Moment>,
    applied_at: Option<Moment>,
    checksum: String,
    recorded: Option<String>,
    error: Option<String>,
}

impl From<HistoryEntry> for Entry {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            version: entry.version,
            name: entry.name,
            state: entry.state,
            started_at: entry.started_at.map(Into::into),
            applied_at: entry.applied_at.map(Into::into),
            checksum: entry.checksum,
            recorded: entry.recorded,
            error: entry.error,
        }
    }
}

pub(crate) fn migration_status(status: MigrationStatus) -> Answer {
    text(&Status::from(status))
}

/// The same keys as in every language.
#[derive(Serialize)]
#[serde(untagged)]
enum Migrated {
    Upgraded {
        applied: Vec<String>,
    },
    Downgraded {
        reverted: Vec<String>,
    },
    Current {
        state: &'static str,
        #[serde(flatten)]
        status: Status,
    },
    History {
        migrations: Vec<Entry>,
    },
    Stamped {
        changed: Vec<String>,
    },
    Checked {
        matches: bool,
        state: &'static str,
        // Its keys are single words.
        differences: Vec<SchemaDifference>,
        messages: Vec<String>,
    },
    Script {
        sql: String,
    },
    Made {
        files: Vec<PathBuf>,
    },
}

pub(crate) fn migrated(answer: MigrateAnswer) -> Answer {
    text(&match answer {
        MigrateAnswer::Upgraded { applied } => Migrated::Upgraded { applied },
        MigrateAnswer::Downgraded { reverted } => Migrated::Downgraded { reverted },
        MigrateAnswer::Current { state, status } => {
            Migrated::Current { state, status: status.into() }
        }
        MigrateAnswer::History { migrations } => {
            Migrated::History { migrations: migrations.into_iter().map(Into::into).collect() }
        }
        MigrateAnswer::Stamped { changed } => Migrated::Stamped { changed },
        MigrateAnswer::Checked { matches, state, differences, messages } => {
            Migrated::Checked { matches, state, differences, messages }
        }
        MigrateAnswer::Script { sql } => Migrated::Script { sql },
        MigrateAnswer::Made { files } => Migrated::Made { files },
        _ => return Answer::Failed(Error::internal("the answer of this verb cannot be shown")),
    })
}
