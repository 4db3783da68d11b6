//! Every migration, one to a row.

use chatkeep::Timestamp;
use chatkeep::migrations::{HistoryEntry, MigrationState, MigrationStatus};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::visible_line;

/// So much of a checksum tells two files apart.
const CHECKSUM: usize = 12;

pub(super) fn history(
    status: &MigrationStatus,
    verbose: bool,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    if terminal.json {
        terminal.print_json(&status.entries.iter().map(object).collect::<Vec<_>>())?;
        return Ok(0);
    }
    let mut columns = vec![
        Column::fixed("Version"),
        Column::text("Name", 10),
        Column::fixed("State"),
        Column::fixed("Run at (UTC)"),
    ];
    if verbose {
        columns.extend([Column::fixed("Took"), Column::fixed("Checksum")]);
    }
    let mut table = Table::new(columns);
    let nothing = || style::dim(terminal.nothing());
    for entry in &status.entries {
        let mut cells = vec![
            visible_line(&entry.version, 60),
            visible_line(&entry.name, 100),
            shown(entry.state),
            entry.applied_at.or(entry.started_at).map_or_else(nothing, second),
        ];
        if verbose {
            cells.push(seconds(entry).map_or_else(nothing, |seconds| format!("{seconds:.3} s")));
            cells.push(entry.checksum.chars().take(CHECKSUM).collect());
        }
        table.add(cells);
    }
    let mut text = table.render(terminal);
    for entry in status.entries.iter().filter(|_| verbose) {
        // While a step runs, the history's word is no error's.
        if let Some(error) = entry.error.as_deref().filter(|_| is_failure(entry)) {
            let version = visible_line(&entry.version, 60);
            text.push_str(&format!(
                "\n{}: {}\n",
                style::strong(&version),
                visible_line(error, 2000)
            ));
        }
    }
    terminal.print(&text)?;
    Ok(0)
}

fn is_failure(entry: &HistoryEntry) -> bool {
    entry.recorded.as_deref().is_some_and(|word| word.contains("failed"))
}

fn shown(state: MigrationState) -> String {
    let word = word(state);
    match state {
        MigrationState::Applied => word.to_owned(),
        MigrationState::Pending => style::strong(word),
        _ => style::alarm(word),
    }
}

fn word(state: MigrationState) -> &'static str {
    match state {
        MigrationState::Applied => "applied",
        MigrationState::Pending => "pending",
        MigrationState::Changed => "changed",
        MigrationState::Missing => "missing",
        MigrationState::Newer => "newer",
        MigrationState::OutOfOrder => "out_of_order",
        _ => "dirty",
    }
}

fn object(entry: &HistoryEntry) -> Value {
    json!({
        "version": entry.version,
        "name": entry.name,
        "state": word(entry.state),
        "started_at": entry.started_at,
        "applied_at": entry.applied_at,
        "seconds": seconds(entry),
        "checksum": entry.checksum,
        "recorded": entry.recorded,
        "error": entry.error.as_deref().filter(|_| is_failure(entry)),
    })
}

/// How long it took.
fn seconds(entry: &HistoryEntry) -> Option<f64> {
    let (start, end) = (entry.started_at?, entry.applied_at?);
    Some((end.as_microsecond() - start.as_microsecond()) as f64 / 1e6)
}

/// `2023-09-23 21:02:11`
fn second(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).unwrap_or(&text).replace('T', " ")
}
