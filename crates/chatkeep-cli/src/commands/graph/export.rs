//! `chatkeep graph export`: writes the checkpoints of a thread as JSON Lines.

use std::io::Write as _;

use chatkeep::{Chatkeep, Error, GraphCheckpoint};
use serde_json::json;

use super::{Pages, no_checkpoints};
use crate::args::graph::ExportOptions;
use crate::context::Context;
use crate::export::destination::{Destination, Output};
use crate::failure::Failure;
use crate::numbers::amount;
use crate::text::safe_json;

/// Maximum number of checkpoints that one call reads. A page ends before if its values are large.
const PAGE: i64 = 100;

pub(super) fn run(options: &ExportOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let url = context.url()?;
    let output = Output::new(&options.output, &options.output_file, &url);
    let mut destination = Destination::open(&output, &context.interrupts, None)?;
    let written = match write_all(&options.thread, &chatkeep, &mut destination) {
        // A file without checkpoints does not get its name.
        Ok(0) => return Err(no_checkpoints("thread", &options.thread, None)),
        Ok(written) => written,
        Err(failure) => return Err(destination.failure().unwrap_or(failure)),
    };
    destination.finish()?;

    let terminal = &context.terminal;
    let summary = format!("exported {}", amount(written, "checkpoint"));
    if output.is_standard() {
        terminal.note(&summary);
        return Ok(());
    }
    if terminal.json {
        let file = options.output.display().to_string();
        return terminal.print_json(&json!({ "exported": written, "file": file }));
    }
    if !terminal.quiet {
        terminal.print(&format!("{summary} to {}\n", options.output.display()))?;
    }
    Ok(())
}

/// Writes all checkpoints, and returns their number.
fn write_all(thread: &str, chatkeep: &Chatkeep, out: &mut Destination<'_>) -> Result<u64, Failure> {
    let (mut pages, mut written) = (Pages::new(thread, None), 0);
    loop {
        let page = pages.next(chatkeep, PAGE)?;
        if page.is_empty() {
            return Ok(written);
        }
        for checkpoint in &page {
            // The destination remembers the error.
            out.write_all(line(checkpoint)?.as_bytes())
                .map_err(|error| Failure::file("output", &error))?;
            written += 1;
        }
    }
}

fn line(checkpoint: &GraphCheckpoint) -> Result<String, Failure> {
    let json = serde_json::to_string(checkpoint).map_err(|error| {
        Error::internal("cannot serialize a checkpoint as JSON").with_source(error)
    })?;
    Ok(safe_json(json) + "\n")
}
