//! Stores the lines of an import in batches, and reports the exact progress when it stops.

use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, Error, ErrorKind, NewMessage};
use serde_json::json;

use super::{Source, row};
use crate::args::messages::ImportOptions;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::{amount, rate, seconds};
use crate::progress::Progress;

/// Maximum size of a batch, in bytes of its lines.
const MAX_BATCH_BYTES: u64 = 4 << 20;

/// Minimum duration for which a rate is shown.
const MIN_TIMED: Duration = Duration::from_millis(200);

pub(super) fn run(
    mut source: Source,
    options: &ImportOptions,
    context: &Context,
) -> Result<(), Failure> {
    let start = Instant::now();
    let (stored, dropped) = {
        let progress = Progress::bytes(&context.terminal, source.bytes);
        let mut import = Import::new(context.open()?, context, &source, options);
        let outcome = import.all(&mut source, options.batch as usize, &progress);
        // After this, an interrupt has no progress to report.
        context.interrupts.defer().message = None;
        outcome?;
        (import.stored, import.dropped)
    };
    let elapsed = start.elapsed();
    let terminal = &context.terminal;
    let answer = json!({
        "imported": stored,
        "seconds": elapsed.as_secs_f64(),
        "lines": source.lines.number(),
        "references_dropped": dropped,
    });
    if terminal.json {
        return terminal.print_json(&answer);
    }
    if dropped > 0 {
        terminal.note(&format!(
            "{} imported without conversation_id and user_id, which name rows of another database; \
             --keep-references keeps them",
            amount(dropped, "message")
        ));
    }
    if stored == 0 {
        terminal.note(&format!("no messages in {}", source.name));
    } else if !terminal.quiet {
        // The rate of a short import is not meaningful.
        let rate = if elapsed >= MIN_TIMED {
            format!(" ({})", rate(stored, elapsed))
        } else {
            String::new()
        };
        terminal.print(&format!(
            "imported {} in {}{rate}\n",
            amount(stored, "message"),
            seconds(elapsed)
        ))?;
    }
    Ok(())
}

struct Import<'a> {
    chatkeep: Chatkeep,
    context: &'a Context,
    name: String,
    batch: Vec<NewMessage>,
    /// Line number of each message of the batch.
    numbers: Vec<u64>,
    stored: u64,
    keeps_references: bool,
    /// Number of messages whose conversation or user was dropped.
    dropped: u64,
    /// Number of the first line that is not yet processed.
    next_line: u64,
}

impl<'a> Import<'a> {
    fn new(
        chatkeep: Chatkeep,
        context: &'a Context,
        source: &Source,
        options: &ImportOptions,
    ) -> Self {
        let name = source.name.clone();
        let import = Self {
            chatkeep,
            context,
            name,
            batch: Vec::new(),
            numbers: Vec::new(),
            stored: 0,
            keeps_references: options.keep_references,
            dropped: 0,
            next_line: options.from_line,
        };
        context.interrupts.defer().message = Some(import.interrupt_message());
        import
    }

    fn all(
        &mut self,
        source: &mut Source,
        rows: usize,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut batch_start = source.lines.bytes();
        while let Some((number, read)) = row::next(source)? {
            match read {
                Ok(None) => continue,
                Ok(Some(mut message)) => {
                    if !self.keeps_references {
                        self.drop_references(&mut message);
                    }
                    self.batch.push(message);
                    self.numbers.push(number);
                }
                Err(error) => {
                    self.flush()?;
                    return Err(self.stopped_at(error, source.location(number), number));
                }
            }
            if self.batch.len() >= rows || source.lines.bytes() - batch_start >= MAX_BATCH_BYTES {
                self.flush()?;
                batch_start = source.lines.bytes();
                progress.set_message(amount(self.stored, "message"));
            }
            progress.set(source.lines.bytes());
        }
        self.flush()
    }

    /// Removes the conversation and the user. Their ids are those of the exported database, and may
    /// be those of unrelated rows in this one.
    fn drop_references(&mut self, message: &mut NewMessage) {
        let references = (message.conversation_id.take(), message.user_id.take());
        self.dropped += u64::from(references != (None, None));
    }

    /// Stores the batch. Interrupts are deferred until it is committed, so that they report it.
    fn flush(&mut self) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        let numbers = std::mem::take(&mut self.numbers);
        let (Some(first), Some(last)) = (numbers.first().copied(), numbers.last().copied()) else {
            return Ok(());
        };
        let mut cleanup = self.context.interrupts.defer();
        match self.chatkeep.messages().log_messages(&batch) {
            Ok(_) => {
                self.stored += batch.len() as u64;
                self.next_line = last + 1;
            }
            // An invalid message rolled the batch back. Storing messages one by one finds it.
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                for (message, number) in batch.iter().zip(&numbers) {
                    if let Err(error) =
                        self.chatkeep.messages().log_messages(std::slice::from_ref(message))
                    {
                        drop(cleanup);
                        return Err(if error.kind() == ErrorKind::InvalidInput {
                            self.stopped_at(error, format!("{}, line {number}", self.name), *number)
                        } else {
                            self.stopped_by_database(error, *number, *number)
                        });
                    }
                    self.stored += 1;
                    self.next_line = number + 1;
                    cleanup.message = Some(self.interrupt_message());
                }
            }
            Err(error) => {
                drop(cleanup);
                return Err(self.stopped_by_database(error, first, last));
            }
        }
        cleanup.message = Some(self.interrupt_message());
        Ok(())
    }

    /// Describes the progress and how to continue.
    fn progress_text(&self) -> String {
        let advice = format!("continue with --from-line {}", self.next_line);
        match self.stored {
            0 if self.next_line == 1 => "nothing was stored".to_owned(),
            0 => format!("this run stored nothing; {advice}"),
            stored => {
                format!("{} stored, up to line {}; {advice}", were(stored), self.next_line - 1)
            }
        }
    }

    fn with_progress(&self, failure: Failure) -> Failure {
        failure.with_detail("stored", self.stored).with_detail("continue_from", self.next_line)
    }

    /// Creates the error of an invalid line, after the lines before it have been stored.
    fn stopped_at(&self, error: Error, location: String, line: u64) -> Failure {
        let mut failure = Failure::rejected(error.message())
            .with_field(error.field().map(str::to_owned))
            .at(location);
        failure = failure
            .with_detail("line", line)
            .with_detail("stored", self.stored)
            .with_detail("continue_from", line);
        failure.with_hint(match self.stored {
            0 if line == 1 => "nothing was stored; fix the line, then import again".to_owned(),
            0 => format!("nothing was stored; fix the line, then continue with --from-line {line}"),
            stored => format!(
                "{} stored before it; fix the line, then continue with --from-line {line}",
                were(stored)
            ),
        })
    }

    fn stopped_by_database(&self, error: Error, first: u64, last: u64) -> Failure {
        let hint = if error.kind() == ErrorKind::OutcomeUnknown {
            let next = last + 1;
            format!(
                "{} stored; it is unknown whether lines {first} to {last} are stored, too. Check \
                 `chatkeep messages count`,\nthen continue with --from-line {first} if they are \
                 not, or {next} if they are",
                were(self.stored)
            )
        } else {
            self.progress_text()
        };
        self.with_progress(Failure::from(error)).with_hint(hint)
    }

    /// Returns the message that an interrupt prints.
    fn interrupt_message(&self) -> String {
        if self.context.terminal.json {
            return self
                .with_progress(Failure::interrupted("the import was interrupted"))
                .to_json()
                .unwrap_or_default();
        }
        // Overwrite the progress bar.
        let clear_line = if self.context.terminal.shows_progress { "\r\u{1b}[2K" } else { "" };
        format!("{clear_line}interrupted: {}", self.progress_text())
    }
}

fn were(stored: u64) -> String {
    format!("{} {}", amount(stored, "message"), if stored == 1 { "was" } else { "were" })
}
