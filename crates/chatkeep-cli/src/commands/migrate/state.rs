//! State of a schema.

use chatkeep::migrations::{MigrationState, MigrationStatus, SchemaVersion};
use serde_json::json;

use crate::failure::{CHANGED, DIRTY, Failure, MISSING, NEWER, OUT_OF_ORDER, SCHEMA};
use crate::numbers::amount;
use crate::table::facts;
use crate::terminal::Terminal;
use crate::text::visible_line;

/// Returns the name of a schema's state, as in JSON output.
pub(in crate::commands) fn state(status: &MigrationStatus) -> &'static str {
    status.version().name()
}

/// Returns the exit code of a state.
pub(in crate::commands) fn code_of(state: &str) -> u8 {
    match state {
        "head" => 0,
        "newer" => NEWER,
        "changed" => CHANGED,
        "missing" => MISSING,
        "out_of_order" => OUT_OF_ORDER,
        "dirty" => DIRTY,
        _ => SCHEMA,
    }
}

/// Describes a schema's state.
pub(in crate::commands) fn described(status: &MigrationStatus) -> String {
    let count = |state| {
        let found = status.entries.iter().filter(|entry| entry.state == state).count();
        amount(found as u64, "migration")
    };
    match status.version() {
        SchemaVersion::Head => "up to date".to_owned(),
        SchemaVersion::Newer => {
            format!("newer than this version by {}", count(MigrationState::Newer))
        }
        SchemaVersion::Changed => {
            format!("invalid: {} changed after being applied", count(MigrationState::Changed))
        }
        SchemaVersion::Missing => {
            format!("invalid: {} applied but missing", count(MigrationState::Missing))
        }
        SchemaVersion::OutOfOrder => {
            format!("invalid: {} out of order", count(MigrationState::OutOfOrder))
        }
        SchemaVersion::Dirty => "incomplete: a migration is running or was interrupted".to_owned(),
        SchemaVersion::Behind(_) if status.applied.is_empty() => "not created yet".to_owned(),
        _ => format!("outdated by {}", amount(status.pending.len() as u64, "migration")),
    }
}

pub(super) fn current(status: &MigrationStatus, terminal: &Terminal) -> Result<u8, Failure> {
    let last = status.applied.last();
    let answer = json!({
        "state": state(status),
        "version": last.map(|migration| &migration.version),
        "name": last.map(|migration| &migration.name),
        "pending": status.pending.len(),
        "unknown": status.unknown,
    });
    terminal.answer(&answer, || {
        let version = last.map_or_else(
            || terminal.placeholder().to_owned(),
            |migration| {
                format!(
                    "{} {}",
                    visible_line(&migration.version, 60),
                    visible_line(&migration.name, 100)
                )
            },
        );
        facts(&[("Schema", described(status)), ("Version", version)])
    })?;
    match status.version() {
        SchemaVersion::Behind(_) => {
            terminal.note("run `chatkeep migrate upgrade` to bring it up to date")
        }
        SchemaVersion::Dirty => {
            terminal.note("run `chatkeep migrate upgrade` to wait for it or to resume it")
        }
        SchemaVersion::Head => {}
        _ => terminal.note("run `chatkeep migrate history --verbose` for details"),
    }
    Ok(code_of(state(status)))
}
