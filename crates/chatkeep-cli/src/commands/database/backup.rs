//! `chatkeep db backup`

use std::io::{self, IsTerminal as _};

use chatkeep::Chatkeep;
use chatkeep_transfer::{backup, backup_sqlite, refuse_database_file, refuse_leftover_companion};
use serde_json::json;

use crate::args::database::{BackupFormat, BackupOptions};
use crate::context::Context;
use crate::export::destination::{Destination, Output};
use crate::export::partial_file::PartialFile;
use crate::failure::Failure;
use crate::numbers::{amount, bytes};
use crate::progress::Progress;

/// Endings by which a file would be taken for a SQLite file.
const SQLITE_ENDINGS: [&str; 3] = ["db", "sqlite", "sqlite3"];

pub(super) fn run(options: &BackupOptions, context: &Context) -> Result<(), Failure> {
    let ending = options.file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if options.format == BackupFormat::Portable && SQLITE_ENDINGS.contains(&ending) {
        let refusal = Failure::usage(format!(
            "{} would be an archive, not a SQLite file",
            options.file.display()
        ));
        return Err(refusal.with_hint("name it chat.tar.zst; or, on SQLite, say --format sqlite"));
    }
    let chatkeep = context.open()?;
    if options.format == BackupFormat::Sqlite && chatkeep.database().engine().is_server() {
        return Err(Failure::usage(
            "only SQLite can be written as a SQLite file; leave --format out",
        ));
    }
    let url = context.url()?;
    let (path, replace, mode) = (&*options.file, options.force, options.file_mode.0);
    let output = Output { path, replace, mode, database: &url };
    let (messages, tokens, size) = match options.format {
        BackupFormat::Portable => archive(&output, &chatkeep, context)?,
        BackupFormat::Sqlite => sqlite_file(&output, &chatkeep, context)?,
    };
    let rows = format!("wrote {} and {}", amount(messages, "message"), amount(tokens, "token"));
    if output.is_standard() {
        context.terminal.note(&format!("{rows} ({})", bytes(size)));
        return Ok(());
    }
    let name = options.file.display().to_string();
    let answer = json!({ "file": name, "messages": messages, "tokens": tokens, "bytes": size });
    context.terminal.answer(&answer, || format!("{rows} to {name} ({})\n", bytes(size)))
}

/// Writes an archive; returns messages, tokens and bytes.
fn archive(
    output: &Output<'_>,
    chatkeep: &Chatkeep,
    context: &Context,
) -> Result<(u64, u64, u64), Failure> {
    if output.is_standard() && io::stdout().is_terminal() {
        let refusal = Failure::usage("an archive is not for a terminal");
        return Err(
            refusal.with_hint("name a file, or write it into a pipe: chatkeep db backup - | …")
        );
    }
    let mut destination = Destination::open(output, &context.interruption, None)?;
    let progress = Progress::steps(&context.terminal);
    let written = backup(chatkeep, &mut destination, &mut |step| progress.step(step));
    drop(progress);
    let manifest = match written {
        Ok(manifest) => manifest,
        Err(error) => return Err(destination.failure().unwrap_or_else(|| error.into())),
    };
    let size = destination.bytes();
    destination.finish()?;
    Ok((manifest.content.messages.rows, manifest.content.api_tokens.rows, size))
}

/// Writes a SQLite file; returns messages, tokens and bytes.
fn sqlite_file(
    output: &Output<'_>,
    chatkeep: &Chatkeep,
    context: &Context,
) -> Result<(u64, u64, u64), Failure> {
    if output.is_descriptor() {
        let refusal = Failure::usage(
            "a SQLite file is not written from its beginning to its end, as a pipe wants it",
        );
        return Err(
            refusal.with_hint("name a file; or leave --format out, and an archive is written")
        );
    }
    refuse_database_file(output.database, output.path)?;
    refuse_leftover_companion(output.path)?;
    let file =
        PartialFile::create(output.path, output.replace, output.mode, &context.interruption)?;
    let report = backup_sqlite(chatkeep, file.path())?;
    let size = file.path().metadata().map_or(0, |about| about.len());
    // Another program may have come meanwhile.
    refuse_leftover_companion(output.path)?;
    file.finish()?;
    Ok((report.messages, report.tokens, size))
}
