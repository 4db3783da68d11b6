//! `chatkeep messages export`: writes messages as JSON Lines.

mod descriptor;
pub(crate) mod destination;
pub(crate) mod partial_file;
pub(crate) mod row;

use std::io::{self, IsTerminal as _, Write as _};

use chatkeep::{Chatkeep, FineTuningFormat, Order};
use serde_json::json;

use self::destination::{Destination, Output};
use self::row::Row;
use crate::args::messages::{ExportFormat, ExportOptions};
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::amount;
use crate::progress::Progress;
use crate::text;

pub(crate) fn run(options: &ExportOptions, context: &Context) -> Result<(), Failure> {
    if options.format != ExportFormat::Jsonl && (options.newest_first || options.with_ids) {
        return Err(Failure::usage("--newest-first and --with-ids require --format jsonl"));
    }
    let chatkeep = context.open()?;
    let terminal = &context.terminal;
    let url = context.url()?;
    let output = Output::new(&options.file, &options.output_file, &url);
    let to_output = output.is_standard();
    // If the lines are printed to the terminal, they would interfere with a progress bar.
    let shows_progress = terminal.shows_progress && !(to_output && io::stdout().is_terminal());
    let total = if shows_progress {
        chatkeep.messages().get_message_count(&options.filter.filter())?
    } else {
        0
    };
    let progress = shows_progress.then(|| Progress::rows(terminal, total.unsigned_abs()));

    let mut destination = Destination::open(&output, &context.interrupts, progress)?;
    let written = match write(options, &chatkeep, &mut destination) {
        Ok(written) => written,
        Err(failure) => return Err(destination.failure().unwrap_or(failure)),
    };
    destination.finish()?;

    let Written { written, left_out } = written;
    let summary = || format!("exported {}", amount(written, "message"));
    if left_out > 0 {
        terminal.note(&format!(
            "omitted {} with an empty text or \
            response",
            amount(left_out, "message")
        ));
    }
    if to_output {
        terminal.note(&if written == 0 { "no messages".to_owned() } else { summary() });
        return Ok(());
    }
    if terminal.json {
        let mut answer = json!({ "exported": written, "file": options.file.display().to_string() });
        if options.format != ExportFormat::Jsonl {
            answer["left_out"] = left_out.into();
        }
        return terminal.print_json(&answer);
    }
    if !terminal.quiet {
        terminal.print(&format!("{} to {}\n", summary(), options.file.display()))?;
    }
    Ok(())
}

/// Numbers of messages written, and omitted because the text or response is empty.
#[derive(Default)]
struct Written {
    written: u64,
    left_out: u64,
}

fn write(
    options: &ExportOptions,
    chatkeep: &Chatkeep,
    out: &mut Destination<'_>,
) -> Result<Written, Failure> {
    let format = match options.format {
        ExportFormat::Jsonl => None,
        ExportFormat::Openai => Some(FineTuningFormat::Jsonl),
        ExportFormat::Alpaca => Some(FineTuningFormat::Alpaca),
        ExportFormat::Sharegpt => Some(FineTuningFormat::ShareGpt),
    };
    let order = if options.newest_first { Order::NewestFirst } else { Order::OldestFirst };
    let mut counts = Written::default();
    for message in chatkeep.messages().iter_messages(&options.filter.filter(), order) {
        let message = message?;
        let line = match format {
            None => Row::new(&message, options.with_ids).to_line()?,
            Some(format) => match format.line(&message) {
                Some(line) => format!("{}\n", text::safe_json(line)),
                None => {
                    counts.left_out += 1;
                    continue;
                }
            },
        };
        // The destination remembers the error.
        out.write_all(line.as_bytes()).map_err(|error| Failure::file("output", &error))?;
        counts.written += 1;
    }
    Ok(counts)
}

/// Formats a message as a line with its line break, for fuzz targets.
#[cfg(feature = "fuzzing")]
pub(crate) fn line(message: &chatkeep::Message, with_id: bool) -> Result<String, chatkeep::Error> {
    Row::new(message, with_id).to_line()
}
