//! Where a schema stands.

use chatkeep::migrations::{MigrationState, MigrationStatus, SchemaVersion};
use serde_json::json;

use crate::failure::{CHANGED, DIRTY, Failure, MISSING, NEWER, OUT_OF_ORDER, SCHEMA};
use crate::numbers::amount;
use crate::table::facts;
use crate::terminal::Terminal;
use crate::text::visible_line;

/// Where a schema stands, in the one word that programs get.
pub(in crate::commands) fn state(status: &MigrationStatus) -> &'static str {
    status.version().name()
}

/// That word as an exit code.
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

/// The same for people.
pub(in crate::commands) fn described(status: &MigrationStatus) -> String {
    let count = |state| {
        let found = status.entries.iter().filter(|entry| entry.state == state).count();
        amount(found as u64, "migration")
    };
    match status.version() {
        SchemaVersion::Head => "up to date".to_owned(),
        SchemaVersion::Newer => {
            format!("newer than this program, by {}", count(MigrationState::Newer))
        }
        SchemaVersion::Changed => {
            format!("of a past that was changed in {}", count(MigrationState::Changed))
        }
        SchemaVersion::Missing => {
            format!("of a past of which {} are not there any more", count(MigrationState::Missing))
        }
        SchemaVersion::OutOfOrder => {
            format!("past {} that came too late", count(MigrationState::OutOfOrder))
        }
        SchemaVersion::Dirty => {
            "in the middle of a migration, which runs just now or was cut off".to_owned()
        }
        SchemaVersion::Behind(_) if status.applied.is_empty() => "not there yet".to_owned(),
        _ => format!("behind, by {}", amount(status.pending.len() as u64, "migration")),
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
            || terminal.nothing().to_owned(),
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
            terminal.note("`chatkeep migrate upgrade` brings it up to date")
        }
        SchemaVersion::Dirty => {
            terminal.note("`chatkeep migrate upgrade` waits for it, or goes on with it")
        }
        SchemaVersion::Head => {}
        _ => terminal.note("`chatkeep migrate history --verbose` shows which"),
    }
    Ok(code_of(state(status)))
}
