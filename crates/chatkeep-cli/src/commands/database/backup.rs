//! `chatkeep db backup`

use std::io::BufWriter;

use chatkeep_transfer::{backup, backup_sqlite};
use serde_json::json;

use crate::args::database::{BackupFormat, BackupOptions};
use crate::context::Context;
use crate::export::partial_file::PartialFile;
use crate::failure::Failure;
use crate::numbers::{amount, bytes};
use crate::progress::Progress;

/// Endings by which a file would be taken for a SQLite file.
const SQLITE_ENDINGS: [&str; 3] = ["db", "sqlite", "sqlite3"];

pub(super) fn run(options: &BackupOptions, context: &Context) -> Result<(), Failure> {
    let ending = options.file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if options.format == BackupFormat::Portable && SQLITE_ENDINGS.contains(&ending) {
        let refusal =
            Failure::usage(format!("{} would be an archive, not a SQLite file", options.file.display()));
        return Err(refusal.with_hint("name it chat.tar.zst; or, on SQLite, say --format sqlite"));
    }
    let chatkeep = context.open()?;
    if options.format == BackupFormat::Sqlite && chatkeep.database().engine().is_server() {
        return Err(Failure::usage("only SQLite can be written as a SQLite file; leave --format out"));
    }
    let mut file = PartialFile::create_private(&options.file, options.force, &context.interruption)?;
    let (messages, tokens) = match options.format {
        BackupFormat::Portable => {
            let progress = Progress::steps(&context.terminal);
            let manifest = backup(&chatkeep, BufWriter::new(&mut file), &mut |step| progress.step(step))?;
            (manifest.content.messages.rows, manifest.content.api_tokens.rows)
        }
        BackupFormat::Sqlite => {
            let report = backup_sqlite(&chatkeep, file.path())?;
            (report.messages, report.tokens)
        }
    };
    let size = file.path().metadata().map_or(0, |about| about.len());
    file.finish()?;
    let name = options.file.display().to_string();
    let answer = json!({ "file": name, "messages": messages, "tokens": tokens, "bytes": size });
    context.terminal.answer(&answer, || {
        format!(
            "wrote {} and {} to {name} ({})\n",
            amount(messages, "message"),
            amount(tokens, "token"),
            bytes(size)
        )
    })
}
