//! Lines into the database: batches that are stored whole or not at all, and an exact account of how far it came.

use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, Error, ErrorKind, NewMessage};
use serde_json::json;

use super::{Source, row};
use crate::args::messages::ImportOptions;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::{amount, rate, seconds};
use crate::progress::Progress;

/// A batch ends here even when it has few rows.
const MOST_BATCH_BYTES: u64 = 4 << 20;

/// What took less has no speed.
const LEAST_TIMED: Duration = Duration::from_millis(200);

pub(super) fn run(
    mut source: Source,
    options: &ImportOptions,
    context: &Context,
) -> Result<(), Failure> {
    let start = Instant::now();
    let stored = {
        let progress = Progress::bytes(&context.terminal, source.bytes);
        let mut import = Import::new(context.open()?, context, &source, options.from_line);
        let outcome = import.all(&mut source, options.batch as usize, &progress);
        // From here on a signal has nothing to report.
        context.interruption.hold().words = None;
        outcome?;
        import.stored
    };
    let passed = start.elapsed();
    let terminal = &context.terminal;
    let answer = json!({ "imported": stored, "seconds": passed.as_secs_f64(), "lines": source.lines.number() });
    if terminal.json {
        return terminal.print_json(&answer);
    }
    if stored == 0 {
        terminal.note(&format!("no messages in {}", source.name));
    } else if !terminal.quiet {
        // The speed of a handful says nothing.
        let speed = if passed >= LEAST_TIMED {
            format!(" ({})", rate(stored, passed))
        } else {
            String::new()
        };
        terminal.print(&format!(
            "imported {} in {}{speed}\n",
            amount(stored, "message"),
            seconds(passed)
        ))?;
    }
    Ok(())
}

struct Import<'a> {
    chatkeep: Chatkeep,
    context: &'a Context,
    name: String,
    batch: Vec<NewMessage>,
    /// The line of each message of the batch.
    numbers: Vec<u64>,
    stored: u64,
    /// The first line that is not dealt with.
    next_line: u64,
}

impl<'a> Import<'a> {
    fn new(chatkeep: Chatkeep, context: &'a Context, source: &Source, from_line: u64) -> Self {
        let name = source.name.clone();
        let import = Self {
            chatkeep,
            context,
            name,
            batch: Vec::new(),
            numbers: Vec::new(),
            stored: 0,
            next_line: from_line,
        };
        context.interruption.hold().words = Some(import.last_words());
        import
    }

    fn all(
        &mut self,
        source: &mut Source,
        rows: usize,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut batch_began = source.lines.bytes();
        while let Some((number, read)) = row::next(source)? {
            match read {
                Ok(None) => continue,
                Ok(Some(message)) => {
                    self.batch.push(message);
                    self.numbers.push(number);
                }
                Err(error) => {
                    self.flush()?;
                    return Err(self.stopped_at(error, source.place(number), number));
                }
            }
            if self.batch.len() >= rows || source.lines.bytes() - batch_began >= MOST_BATCH_BYTES {
                self.flush()?;
                batch_began = source.lines.bytes();
                progress.say(amount(self.stored, "message"));
            }
            progress.set(source.lines.bytes());
        }
        self.flush()
    }

    /// Stores the batch. A signal waits until it is committed, and then knows what to say.
    fn flush(&mut self) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        let numbers = std::mem::take(&mut self.numbers);
        let (Some(first), Some(last)) = (numbers.first().copied(), numbers.last().copied()) else {
            return Ok(());
        };
        let mut farewell = self.context.interruption.hold();
        match self.chatkeep.messages().log_messages(&batch) {
            Ok(_) => {
                self.stored += batch.len() as u64;
                self.next_line = last + 1;
            }
            // One of them cannot be stored, so none was. Alone, all before that one can, and it shows which it is.
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                for (message, number) in batch.iter().zip(&numbers) {
                    if let Err(error) =
                        self.chatkeep.messages().log_messages(std::slice::from_ref(message))
                    {
                        drop(farewell);
                        return Err(if error.kind() == ErrorKind::InvalidInput {
                            self.stopped_at(error, format!("{}, line {number}", self.name), *number)
                        } else {
                            self.stopped_by_database(error, *number, *number)
                        });
                    }
                    self.stored += 1;
                    self.next_line = number + 1;
                    farewell.words = Some(self.last_words());
                }
            }
            Err(error) => {
                drop(farewell);
                return Err(self.stopped_by_database(error, first, last));
            }
        }
        farewell.words = Some(self.last_words());
        Ok(())
    }

    /// How far it came, and how to go on.
    fn account(&self) -> String {
        let continued = format!("go on with --from-line {}", self.next_line);
        match self.stored {
            0 if self.next_line == 1 => "nothing was stored".to_owned(),
            0 => format!("nothing was stored this time; {continued}"),
            stored => {
                format!("{} stored, up to line {}; {continued}", were(stored), self.next_line - 1)
            }
        }
    }

    fn with_account(&self, failure: Failure) -> Failure {
        failure.with_detail("stored", self.stored).with_detail("continue_from", self.next_line)
    }

    /// A line that cannot be stored, after everything before it has been.
    fn stopped_at(&self, error: Error, place: String, line: u64) -> Failure {
        let mut failure = Failure::rejected(error.message())
            .with_field(error.field().map(str::to_owned))
            .at(place);
        failure = failure
            .with_detail("line", line)
            .with_detail("stored", self.stored)
            .with_detail("continue_from", line);
        failure.with_hint(match self.stored {
            0 if line == 1 => "nothing was stored; mend the line, then import again".to_owned(),
            0 => format!("nothing was stored; mend the line, then go on with --from-line {line}"),
            stored => format!(
                "{} stored before it; mend the line, then go on with --from-line {line}",
                were(stored)
            ),
        })
    }

    fn stopped_by_database(&self, error: Error, first: u64, last: u64) -> Failure {
        let hint = if error.kind() == ErrorKind::OutcomeUnknown {
            let next = last + 1;
            format!(
                "{} stored for certain; whether lines {first} to {last} were is not known: look at \
                 `chatkeep messages count`,\nthen go on with --from-line {first} (they were not) or {next} (they were)",
                were(self.stored)
            )
        } else {
            self.account()
        };
        self.with_account(Failure::from(error)).with_hint(hint)
    }

    /// What a signal says before the process ends.
    fn last_words(&self) -> String {
        if self.context.terminal.json {
            return self
                .with_account(Failure::interrupted("the import was interrupted"))
                .for_programs()
                .unwrap_or_default();
        }
        // On a terminal the progress bar stands where the words go.
        let over_progress = if self.context.terminal.watched { "\r\u{1b}[2K" } else { "" };
        format!("{over_progress}interrupted: {}", self.account())
    }
}

fn were(stored: u64) -> String {
    format!("{} {}", amount(stored, "message"), if stored == 1 { "was" } else { "were" })
}
