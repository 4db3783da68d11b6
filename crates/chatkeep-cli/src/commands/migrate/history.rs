//! `chatkeep migrate history`

use chatkeep::Timestamp;
use chatkeep::migrations::{HistoryEntry, MigrationState, MigrationStatus};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::visible_line;

/// Number of checksum digits shown, enough to distinguish files.
const CHECKSUM_DIGITS: usize = 12;

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
        Column::fixed("Applied (UTC)"),
    ];
    if verbose {
        columns.extend([Column::fixed("Duration"), Column::fixed("Checksum")]);
    }
    let mut table = Table::new(columns);
    let nothing = || style::dim(terminal.placeholder());
    for entry in &status.entries {
        let mut cells = vec![
            visible_line(&entry.version, 60),
            visible_line(&entry.name, 100),
            styled(entry.state),
            entry.applied_at.or(entry.started_at).map_or_else(nothing, second),
        ];
        if verbose {
            cells.push(seconds(entry).map_or_else(nothing, |seconds| format!("{seconds:.3} s")));
            cells.push(entry.checksum.chars().take(CHECKSUM_DIGITS).collect());
        }
        table.add(cells);
    }
    let mut text = table.render(terminal);
    for entry in status.entries.iter().filter(|_| verbose) {
        // While a step runs, the column holds its progress instead of an error.
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
    entry.recorded.as_deref().is_some_and(|state| state.contains("failed"))
}

fn styled(state: MigrationState) -> String {
    let name = state_name(state);
    match state {
        MigrationState::Applied => name.to_owned(),
        MigrationState::Pending => style::strong(name),
        _ => style::alarm(name),
    }
}

fn state_name(state: MigrationState) -> &'static str {
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
        "state": state_name(entry.state),
        "started_at": entry.started_at,
        "applied_at": entry.applied_at,
        "seconds": seconds(entry),
        "checksum": entry.checksum,
        "recorded": entry.recorded,
        "error": entry.error.as_deref().filter(|_| is_failure(entry)),
    })
}

/// Returns the duration of a migration in seconds.
fn seconds(entry: &HistoryEntry) -> Option<f64> {
    let (start, end) = (entry.started_at?, entry.applied_at?);
    Some((end.as_microsecond() - start.as_microsecond()) as f64 / 1e6)
}

/// Formats a time as `2023-09-23 21:02:11`.
fn second(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).unwrap_or(&text).replace('T', " ")
}
