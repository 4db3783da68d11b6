//! `chatkeep migrate …`

use chatkeep::Timestamp;
use chatkeep::migrations::MigrationStatus;
use serde_json::json;

use crate::args::migrate::MigrateCommand;
use crate::context::Context;
use crate::failure::{Failure, SCHEMA};
use crate::numbers::amount;
use crate::style;
use crate::table::{Column, Table, facts};
use crate::terminal::Terminal;
use crate::text::visible_line;

pub(super) fn run(command: MigrateCommand, context: &Context) -> Result<u8, Failure> {
    let chatkeep = context.open_untouched()?;
    let terminal = &context.terminal;
    match command {
        MigrateCommand::Upgrade => {
            let applied = chatkeep.database().upgrade()?;
            terminal.answer(&json!({ "applied": applied }), || upgraded(&applied))?;
            Ok(0)
        }
        MigrateCommand::Current => current(&chatkeep.database().migration_status()?, terminal),
        MigrateCommand::History => history(&chatkeep.database().migration_status()?, terminal),
    }
}

fn upgraded(applied: &[String]) -> String {
    if applied.is_empty() {
        return "the schema is up to date, nothing to do\n".to_owned();
    }
    let lines: String = applied.iter().map(|name| format!("  {}\n", visible_line(name, 200))).collect();
    format!("ran {}:\n{lines}", amount(applied.len() as u64, "migration"))
}

/// Where a schema stands, in the one word that programs get.
pub(super) fn state(status: &MigrationStatus) -> &'static str {
    if !status.unknown.is_empty() {
        "newer"
    } else if !status.pending.is_empty() {
        "behind"
    } else {
        "head"
    }
}

/// The same for people.
pub(super) fn described(status: &MigrationStatus) -> String {
    match state(status) {
        "newer" => {
            format!("newer than this program, by {}", amount(status.unknown.len() as u64, "migration"))
        }
        "behind" if status.applied.is_empty() => "not there yet".to_owned(),
        "behind" => format!("behind, by {}", amount(status.pending.len() as u64, "migration")),
        _ => "up to date".to_owned(),
    }
}

fn current(status: &MigrationStatus, terminal: &Terminal) -> Result<u8, Failure> {
    let state = state(status);
    let last = status.applied.last();
    let answer = json!({
        "state": state,
        "version": last.map(|migration| &migration.version),
        "name": last.map(|migration| &migration.name),
        "pending": status.pending.len(),
        "unknown": status.unknown,
    });
    terminal.answer(&answer, || {
        let version = last.map_or_else(
            || terminal.nothing().to_owned(),
            |migration| {
                format!("{} {}", visible_line(&migration.version, 60), visible_line(&migration.name, 100))
            },
        );
        facts(&[("Schema", described(status)), ("Version", version)])
    })?;
    if state == "behind" {
        terminal.note("`chatkeep migrate upgrade` brings it up to date");
    }
    Ok(if state == "head" { 0 } else { SCHEMA })
}

fn history(status: &MigrationStatus, terminal: &Terminal) -> Result<u8, Failure> {
    if terminal.json {
        let applied = status.applied.iter().map(|migration| {
            json!({ "version": migration.version, "name": migration.name, "state": "applied", "applied_at": migration.applied_at })
        });
        let pending = status
            .pending
            .iter()
            .map(|(version, name)| json!({ "version": version, "name": name, "state": "pending", "applied_at": null }));
        let unknown = status.unknown.iter().map(
            |version| json!({ "version": version, "name": null, "state": "unknown", "applied_at": null }),
        );
        terminal.print_json(&applied.chain(pending).chain(unknown).collect::<Vec<_>>())?;
        return Ok(0);
    }
    let mut table = Table::new(vec![
        Column::fixed("Version"),
        Column::text("Name", 10),
        Column::fixed("State"),
        Column::fixed("Run at (UTC)"),
    ]);
    let nothing = || style::dim(terminal.nothing());
    for migration in &status.applied {
        let at = migration.applied_at.map_or_else(nothing, second);
        table.add([
            visible_line(&migration.version, 60),
            visible_line(&migration.name, 100),
            "applied".to_owned(),
            at,
        ]);
    }
    for (version, name) in &status.pending {
        table.add([visible_line(version, 60), visible_line(name, 100), style::strong("pending"), nothing()]);
    }
    for version in &status.unknown {
        table.add([visible_line(version, 60), nothing(), style::alarm("unknown"), nothing()]);
    }
    terminal.print(&table.render(terminal))?;
    Ok(0)
}

/// `2023-09-23 21:02:11`
fn second(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).unwrap_or(&text).replace('T', " ")
}
