//! Migration status and the results of `migrate`.

use std::path::PathBuf;

use chatkeep::migrations::{HistoryEntry, MigrationState, MigrationStatus, SchemaDifference};
use chatkeep::{Error, MigrateResponse};
use serde::Serialize;

use super::{EpochMillis, json};
use crate::response::Response;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Applied {
    version: String,
    name: String,
    applied_at: Option<EpochMillis>,
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
        let pending = status
            .pending
            .into_iter()
            .map(|migration| Pending { version: migration.version, name: migration.name });
        Self { applied: applied.collect(), pending: pending.collect(), unknown: status.unknown }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HistoryJson {
    version: String,
    name: String,
    state: MigrationState,
    started_at: Option<EpochMillis>,
    applied_at: Option<EpochMillis>,
    checksum: String,
    recorded: Option<String>,
    error: Option<String>,
}

impl From<HistoryEntry> for HistoryJson {
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

pub(crate) fn migration_status(status: MigrationStatus) -> Response {
    json(&Status::from(status))
}

/// The result of `migrate`, with the same keys as in every language.
#[derive(Serialize)]
#[serde(untagged)]
enum MigrateJson {
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
        migrations: Vec<HistoryJson>,
    },
    Stamped {
        changed: Vec<String>,
    },
    Checked {
        matches: bool,
        state: &'static str,
        // Its keys are single words, so they need no conversion to camel case.
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

pub(crate) fn migrate_response(response: MigrateResponse) -> Response {
    json(&match response {
        MigrateResponse::Upgraded { applied } => MigrateJson::Upgraded { applied },
        MigrateResponse::Downgraded { reverted } => MigrateJson::Downgraded { reverted },
        MigrateResponse::Current { state, status } => {
            MigrateJson::Current { state, status: status.into() }
        }
        MigrateResponse::History { migrations } => {
            MigrateJson::History { migrations: migrations.into_iter().map(Into::into).collect() }
        }
        MigrateResponse::Stamped { changed } => MigrateJson::Stamped { changed },
        MigrateResponse::Checked { matches, state, differences, messages } => {
            MigrateJson::Checked { matches, state, differences, messages }
        }
        MigrateResponse::Script { sql } => MigrateJson::Script { sql },
        MigrateResponse::Made { files } => MigrateJson::Made { files },
        _ => return Response::Failed(Error::internal("this migrate response has no JSON form")),
    })
}
