//! `chatkeep db backup`

use std::io::{self, IsTerminal as _};

use chatkeep::Chatkeep;
use chatkeep_transfer::{
    RowCounts, backup, backup_sqlite, refuse_database_file, refuse_leftover_companion,
};
use serde_json::json;

use crate::args::database::{BackupFormat, BackupOptions};
use crate::context::Context;
use crate::export::destination::{Destination, Output};
use crate::export::partial_file::PartialFile;
use crate::failure::Failure;
use crate::numbers::{bytes, row_amounts};
use crate::progress::Progress;

/// File extensions of SQLite files.
const SQLITE_EXTENSIONS: [&str; 3] = ["db", "sqlite", "sqlite3"];

pub(super) fn run(options: &BackupOptions, context: &Context) -> Result<(), Failure> {
    let extension = options.file.extension().and_then(|name| name.to_str()).unwrap_or_default();
    if options.format == BackupFormat::Portable && SQLITE_EXTENSIONS.contains(&extension) {
        let refusal = Failure::usage(format!(
            "{} would be an archive, not a SQLite file",
            options.file.display()
        ));
        return Err(refusal.with_hint(
            "use a name such as chat.tar.zst, \
            or --format sqlite on SQLite",
        ));
    }
    let chatkeep = context.open()?;
    if options.format == BackupFormat::Sqlite && chatkeep.database().engine().is_server() {
        return Err(Failure::usage("--format sqlite requires a SQLite database; omit --format"));
    }
    let url = context.url()?;
    let output = Output::new(&options.file, &options.output_file, &url);
    let (counts, size) = match options.format {
        BackupFormat::Portable => archive(&output, &chatkeep, context)?,
        BackupFormat::Sqlite => sqlite_file(&output, &chatkeep, context)?,
    };
    let rows = format!("wrote {}", row_amounts(&counts));
    if output.is_standard() {
        context.terminal.note(&format!("{rows} ({})", bytes(size)));
        return Ok(());
    }
    let name = options.file.display().to_string();
    let answer = json!({
        "file": name,
        "messages": counts.of("messages"),
        "tokens": counts.of("api_tokens"),
        "rows": counts,
        "bytes": size,
    });
    context.terminal.answer(&answer, || format!("{rows} to {name} ({})\n", bytes(size)))
}

/// Writes an archive. Returns the numbers of rows and bytes.
fn archive(
    output: &Output<'_>,
    chatkeep: &Chatkeep,
    context: &Context,
) -> Result<(RowCounts, u64), Failure> {
    if output.is_standard() && io::stdout().is_terminal() {
        let refusal = Failure::usage("refusing to write an archive to a terminal");
        return Err(refusal.with_hint("name a file, or use a pipe: chatkeep db backup - | …"));
    }
    let mut destination = Destination::open(output, &context.interrupts, None)?;
    let progress = Progress::steps(&context.terminal);
    let written = backup(chatkeep, &mut destination, &mut |step| progress.step(step));
    drop(progress);
    let manifest = match written {
        Ok(manifest) => manifest,
        Err(error) => return Err(destination.failure().unwrap_or_else(|| error.into())),
    };
    let size = destination.bytes();
    destination.finish()?;
    Ok((manifest.content.row_counts(), size))
}

/// Writes a SQLite file. Returns the numbers of rows and bytes.
fn sqlite_file(
    output: &Output<'_>,
    chatkeep: &Chatkeep,
    context: &Context,
) -> Result<(RowCounts, u64), Failure> {
    if output.is_descriptor() {
        let refusal = Failure::usage("a SQLite file requires random access, not a stream");
        return Err(refusal.with_hint("name a file, or omit --format to write an archive"));
    }
    refuse_database_file(output.database, output.path)?;
    refuse_leftover_companion(output.path)?;
    let file = PartialFile::create(output.path, output.replace, output.mode, &context.interrupts)?;
    let report = backup_sqlite(chatkeep, file.path())?;
    let size = file.path().metadata().map_or(0, |about| about.len());
    // Checked again: another program may have created such a file during the backup.
    refuse_leftover_companion(output.path)?;
    file.finish()?;
    Ok((report.rows, size))
}
