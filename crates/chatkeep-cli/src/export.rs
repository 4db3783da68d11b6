//! `chatkeep messages export`: messages out as JSON Lines.

mod destination;
pub(crate) mod partial_file;
mod row;

use std::io::{self, IsTerminal as _, Write as _};

use chatkeep::{Chatkeep, FineTuningFormat, Order};
use serde_json::json;

use self::destination::Destination;
use self::row::Row;
use crate::args::messages::{ExportFormat, ExportOptions};
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::amount;
use crate::progress::Progress;

pub(crate) fn run(options: &ExportOptions, context: &Context) -> Result<(), Failure> {
    if options.format != ExportFormat::Jsonl && (options.newest_first || options.with_ids) {
        return Err(Failure::usage("--newest-first and --with-ids go with --format jsonl only"));
    }
    let chatkeep = context.open()?;
    let terminal = &context.terminal;
    let to_output = options.file.as_os_str() == "-";
    // On the terminal the lines themselves are the progress.
    let watched = terminal.watched && !(to_output && io::stdout().is_terminal());
    let total = if watched { chatkeep.messages().get_message_count(&options.filter.filter())? } else { 0 };
    let progress = watched.then(|| Progress::rows(terminal, total.unsigned_abs()));

    let mut destination = Destination::open(&options.file, options.force, &context.interruption, progress)?;
    let written = match write(options, &chatkeep, &mut destination) {
        Ok(written) => written,
        Err(failure) => return Err(destination.failure().unwrap_or(failure)),
    };
    destination.finish()?;

    let summary = || format!("exported {}", amount(written, "message"));
    if to_output {
        terminal.note(&if written == 0 { "no messages".to_owned() } else { summary() });
        return Ok(());
    }
    if terminal.json {
        return terminal
            .print_json(&json!({ "exported": written, "file": options.file.display().to_string() }));
    }
    if !terminal.quiet {
        terminal.print(&format!("{} to {}\n", summary(), options.file.display()))?;
    }
    Ok(())
}

fn write(options: &ExportOptions, chatkeep: &Chatkeep, out: &mut Destination<'_>) -> Result<u64, Failure> {
    let filter = options.filter.filter();
    let format = match options.format {
        ExportFormat::Jsonl => {
            let order = if options.newest_first { Order::NewestFirst } else { Order::OldestFirst };
            let mut written = 0;
            for message in chatkeep.messages().iter_messages(&filter, order) {
                let line = Row::new(&message?, options.with_ids).to_line()?;
                // What went wrong is known to the destination.
                out.write_all(line.as_bytes()).map_err(|error| Failure::file("output", &error))?;
                written += 1;
            }
            return Ok(written);
        }
        ExportFormat::Openai => FineTuningFormat::Jsonl,
        ExportFormat::Alpaca => FineTuningFormat::Alpaca,
        ExportFormat::Sharegpt => FineTuningFormat::ShareGpt,
    };
    Ok(chatkeep.messages().export_for_fine_tuning(format, &filter, out)?)
}

/// A message as a line with its line break, for fuzz targets.
#[cfg(feature = "fuzzing")]
pub(crate) fn line(message: &chatkeep::Message, with_id: bool) -> Result<String, chatkeep::Error> {
    Row::new(message, with_id).to_line()
}
