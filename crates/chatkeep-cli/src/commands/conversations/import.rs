//! `chatkeep conversations import`

use std::io::{self, Read};

use chatkeep::ErrorKind;
use chatkeep_transfer::{ChatImportOptions, ChatImportReport, import_chats};
use serde_json::json;

use crate::args::conversations::ImportOptions;
use crate::commands::lookup::find_optional_user;
use crate::context::Context;
use crate::failure::{FAILED, Failure, USAGE};
use crate::import::Source;
use crate::numbers::{amount, thousands};
use crate::progress::Progress;
use crate::style;
use crate::text::visible_line;

/// Maximum number of invalid conversations shown as text. JSON output lists more.
const MAX_SHOWN: usize = 20;

pub(super) fn run(options: &ImportOptions, context: &Context) -> Result<u8, Failure> {
    let chatkeep = context.open()?;
    let user = find_optional_user(&chatkeep, options.user.as_deref())
        .map_err(|failure| failure.with_argument_name(crate::argument_names::CONVERSATIONS))?;
    let user_id = user.as_ref().map(|user| user.public_id.as_str());
    let terminal = &context.terminal;
    let (mut reports, mut text, mut is_invalid) = (Vec::new(), String::new(), false);
    for path in &options.files {
        let (name, bytes, reader) = Source::open_reader(path)?;
        let progress = Progress::bytes(terminal, bytes);
        let reader = Counted { reader, progress: &progress, read: 0 };
        let import = ChatImportOptions { user_id, dry_run: options.dry_run };
        let mut stored = 0;
        let report = import_chats(&chatkeep, reader, import, &mut |report| {
            stored = report.stored;
            progress.set_message(amount(stored, "conversation"));
        });
        let report = report.map_err(|error| {
            let is_file =
                matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Configuration);
            let failure = Failure::from(error).replace_code(USAGE, FAILED).at(&name);
            let failure = failure.with_detail("stored", stored);
            let stored = amount(stored, "conversation");
            match options.dry_run {
                true => failure,
                false if is_file => {
                    failure.with_hint(format!("stored before this position: {stored}"))
                }
                false => failure.with_hint(format!(
                    "stored: {stored}; run the command again to import the others"
                )),
            }
        })?;
        drop(progress);
        is_invalid |= report.invalid > 0;
        text.push_str(&describe(&visible_line(&name, usize::MAX), &report, options.dry_run));
        reports.push(json!({ "file": name, "report": report }));
    }
    let answer = json!({ "dry_run": options.dry_run, "files": reports });
    terminal.answer(&answer, || text)?;
    Ok(if is_invalid { FAILED } else { 0 })
}

/// A reader that shows its position.
struct Counted<'a> {
    reader: Box<dyn Read>,
    progress: &'a Progress,
    read: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.read += read as u64;
        self.progress.set(self.read);
        Ok(read)
    }
}

fn describe(name: &str, report: &ChatImportReport, dry_run: bool) -> String {
    let mut out = String::new();
    for problem in report.problems.iter().take(MAX_SHOWN) {
        let id = problem.id.as_deref().map(|id| format!(" ({})", visible_line(id, 64)));
        let at =
            format!("{name}, conversation {}{}:", problem.conversation, id.unwrap_or_default());
        let field = problem.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
        let reason = visible_line(&format!("{field}{}", problem.message), 400);
        out.push_str(&format!("{} {reason}\n", style::alarm(&at)));
    }
    if report.invalid > MAX_SHOWN as u64 {
        let more = report.invalid - MAX_SHOWN as u64;
        out.push_str(&format!("{} more; use --json to list them\n", thousands(more)));
    }
    let verb = if dry_run { "to be stored" } else { "stored" };
    let mut parts = vec![format!(
        "{} {verb} with {} and {}",
        thousands(report.stored),
        amount(report.turns, "turn"),
        amount(report.items, "item")
    )];
    let counts = [(report.already_there, "already stored"), (report.invalid, "invalid")];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    parts.extend(counts.map(|(count, label)| format!("{} {label}", thousands(*count))));
    let found = amount(report.found, "conversation");
    out.push_str(&format!("{name}: {found}, {}\n", parts.join(", ")));
    if report.other_branches > 0 {
        let branches = match report.other_branches {
            1 => "1 other branch was".to_owned(),
            count => format!("{} other branches were", thousands(count)),
        };
        out.push_str(&format!("{name}: {branches} omitted\n"));
    }
    out
}
