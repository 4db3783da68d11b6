//! `chatkeep conversations import`

use std::io::{self, Read};

use chatkeep::{Chatkeep, ErrorKind};
use chatkeep_transfer::{ChatImportOptions, ChatImportReport, import_chats};
use serde_json::json;

use crate::args::conversations::ImportOptions;
use crate::commands::lookup::find_user_id;
use crate::context::Context;
use crate::failure::{FAILED, Failure, USAGE};
use crate::import::InputFile;
use crate::numbers::{amount, thousands};
use crate::progress::Progress;
use crate::terminal::Terminal;
use crate::text::visible_line;
use crate::{problem_list, style};

pub(super) fn run(options: &ImportOptions, context: &Context) -> Result<u8, Failure> {
    let chatkeep = context.open()?;
    let user = find_user_id(&chatkeep, options.user.as_deref())
        .map_err(|failure| failure.with_argument_name(crate::argument_names::CONVERSATIONS))?;
    let import = ChatImportOptions { user_id: user.as_deref(), dry_run: options.dry_run };
    // A file that does not exist is reported before another one is imported.
    let files = options.files.iter().map(|path| InputFile::open(path));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let (mut reports, mut text, mut is_invalid) = (Vec::new(), String::new(), false);
    let mut outcome = Ok(());
    for file in files {
        let name = file.name.clone();
        match import_file(file, import, &chatkeep, &context.terminal) {
            Ok(report) => {
                is_invalid |= report.invalid > 0;
                let shown = visible_line(&name, usize::MAX);
                text.push_str(&describe(&shown, &report, options.dry_run));
                reports.push(json!({ "file": name, "report": report }));
            }
            Err(failure) => {
                outcome = Err(failure);
                break;
            }
        }
    }
    // The results of files before an error are reported, too.
    if outcome.is_ok() || !reports.is_empty() {
        let answer = json!({ "dry_run": options.dry_run, "files": reports });
        context.terminal.answer(&answer, || text)?;
    }
    outcome.map(|()| if is_invalid { FAILED } else { 0 })
}

fn import_file(
    file: InputFile,
    import: ChatImportOptions<'_>,
    chatkeep: &Chatkeep,
    terminal: &Terminal,
) -> Result<ChatImportReport, Failure> {
    let InputFile { name, bytes, reader } = file;
    let progress = Progress::bytes(terminal, bytes);
    let reader = Counted { reader, progress: &progress, read: 0 };
    let mut stored = 0;
    let report = import_chats(chatkeep, reader, import, &mut |report| {
        stored = report.stored;
        progress.set_message(amount(stored, "conversation"));
    });
    report.map_err(|error| {
        let is_file = matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Configuration);
        let failure = Failure::from(error).replace_code(USAGE, FAILED).at(&name);
        let failure = failure.with_detail("stored", stored);
        let stored = amount(stored, "conversation");
        match import.dry_run {
            true => failure,
            false if is_file => failure.with_hint(format!("stored before this position: {stored}")),
            false => failure
                .with_hint(format!("stored: {stored}; run the command again to import the others")),
        }
    })
}

/// A reader that reports its position to the progress bar.
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
    let mut out = problem_list::list(&report.problems, |problem| {
        let id = problem.id.as_deref().map(|id| format!(" ({})", visible_line(id, 64)));
        let at =
            format!("{name}, conversation {}{}:", problem.conversation, id.unwrap_or_default());
        let field = problem.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
        let reason = visible_line(&format!("{field}{}", problem.message), 400);
        format!("{} {reason}\n", style::alarm(&at))
    });
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
