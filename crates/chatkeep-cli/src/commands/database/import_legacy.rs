//! `chatkeep db import-legacy`

use std::path::PathBuf;

use chatkeep::Chatkeep;
use chatkeep_transfer::{
    Counts, ImportOptions, ImportReport, LegacyChatsReport, Problem, Step, UnknownColumn,
    default_files, has_legacy_log, import_legacy_chats, import_legacy_except,
};
use serde_json::json;

use super::legacy_chats;
use crate::args::database::ImportLegacyOptions;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::{amount, thousands};
use crate::progress::Progress;
use crate::text::visible_line;
use crate::{problem_list, style};

/// Files with users or conversations, and the rows imported from them.
type Chats = Vec<(PathBuf, LegacyChatsReport)>;

pub(super) fn run(options: ImportLegacyOptions, context: &Context) -> Result<u8, Failure> {
    let files = if options.files.is_empty() { default_files() } else { options.files };
    if files.is_empty() {
        return Err(Failure::usage(
            "neither chatbot.db nor db/tokens.db exists in the current folder; name the files",
        ));
    }
    let (dry_run, force) = (options.dry_run, options.force);
    let chatkeep = context.open()?;
    let (chats, report) = {
        let progress = Progress::steps(&context.terminal);
        import(&chatkeep, files, ImportOptions { dry_run, force }, &mut |step| progress.step(step))?
    };
    let is_log_refused = report.is_refused(force);
    let refused = is_log_refused || chats.iter().any(|(_, report)| report.is_refused(force));
    let answer = json!({
        "dry_run": dry_run,
        "stored": report.stored,
        "files": report.files,
        "bad_rows": report.bad_rows,
        "hopeless_rows": report.hopeless_rows,
        "problems": report.problems,
        "chats": chats.iter().map(|(file, report)| {
            json!({ "file": file.display().to_string(), "report": report })
        }).collect::<Vec<_>>(),
    });
    context.terminal.answer(&answer, || {
        let about = |(file, report): &(PathBuf, _)| {
            legacy_chats::describe(&file.display().to_string(), report, force)
        };
        let is_pending = dry_run || (!report.stored && !is_log_refused);
        chats.iter().map(about).collect::<String>() + &describe(&report, is_pending, force)
    })?;
    if is_log_refused && report.bad_rows > report.hopeless_rows && !force {
        context.terminal.note(
            "--force stores these rows, with the original values under \"legacy\" in the metadata",
        );
    }
    Ok(if refused { FAILED } else { 0 })
}

/// Imports the users and conversations of the files, and their messages and tokens: all or none of
/// the latter.
///
/// Nothing is stored if users or conversations of a file are refused. If they are refused because of
/// those that another file has stored, the other files are stored nevertheless.
fn import(
    chatkeep: &Chatkeep,
    files: Vec<PathBuf>,
    options: ImportOptions,
    progress: &mut dyn FnMut(Step),
) -> Result<(Chats, ImportReport), Failure> {
    let dry_run = ImportOptions { dry_run: true, ..options };
    let (mut chats, mut logs) = (Chats::new(), Vec::new());
    for file in files {
        let report = import_legacy_chats(chatkeep, &file, dry_run, progress)?;
        let imported = report.as_ref().map(|report| report.tables.clone()).unwrap_or_default();
        if report.is_none() || has_legacy_log(&file, &imported)? {
            logs.push((file.clone(), imported));
        }
        chats.extend(report.map(|report| (file, report)));
    }
    let is_refused = chats.iter().any(|(_, report)| report.is_refused(options.force));
    let log_options = if is_refused { dry_run } else { options };
    // Before the conversations, whose messages could take the ids of the log.
    let report = match logs.is_empty() {
        true => ImportReport::default(),
        false => import_legacy_except(chatkeep, &logs, log_options, progress)?,
    };
    if !log_options.dry_run && !report.is_refused(options.force) {
        for (file, about) in &mut chats {
            let stored = import_legacy_chats(chatkeep, file, options, progress)?;
            *about = stored.unwrap_or_else(|| about.clone());
        }
    }
    let report = without_imported(report, &chats);
    Ok((chats, report))
}

/// Removes the tables that were imported as users and conversations from the ignored ones.
fn without_imported(
    mut report: ImportReport,
    chats: &[(PathBuf, LegacyChatsReport)],
) -> ImportReport {
    for file in &mut report.files {
        let imported = chats.iter().find(|(path, _)| path.display().to_string() == file.file);
        file.other_tables
            .retain(|table| !imported.is_some_and(|(_, report)| report.tables.contains(table)));
    }
    report
}

fn describe(report: &ImportReport, dry_run: bool, force: bool) -> String {
    let is_refused = report.is_refused(force);
    let mut out = problem_list::list(&report.problems, line);
    for file in &report.files {
        let name = visible_line(&file.file, usize::MAX);
        for (noun, counts) in [("message", &file.messages), ("token", &file.tokens)] {
            if counts.found > 0 || (noun == "message" && file.tokens.found == 0) {
                let outcome = if report.stored || (dry_run && !is_refused) {
                    outcome_of(counts, dry_run)
                } else {
                    String::new()
                };
                out.push_str(&format!("{name}: {}{outcome}\n", amount(counts.found, noun)));
            }
        }
        if file.times_are_unknown && file.messages.found > 0 {
            out.push_str(&format!(
                "{name}: messages without a timestamp get the file's modification time\n"
            ));
        }
        for column in &file.unknown_columns {
            out.push_str(&about_column(&name, column, is_refused));
        }
        if !file.other_tables.is_empty() {
            let tables = visible_line(&file.other_tables.join(", "), 400);
            out.push_str(&format!("{name}: ignored tables: {tables}\n"));
        }
    }
    if is_refused {
        if report.bad_rows > 0 {
            let fatal = match report.hopeless_rows {
                0 => String::new(),
                rows => format!(" ({} even with --force)", thousands(rows)),
            };
            let verb = if report.bad_rows == 1 { "is" } else { "are" };
            out.push_str(&format!("{} {verb} invalid{fatal}: ", amount(report.bad_rows, "row")));
        }
        out.push_str(if dry_run { "nothing would be stored\n" } else { "nothing was stored\n" });
    }
    out
}

/// Describes an unknown column and how it is handled.
fn about_column(file: &str, column: &UnknownColumn, is_refused: bool) -> String {
    let text = if is_refused {
        format!("{column}; {}", column.remedy())
    } else if column.rows == 0 && column.table != "messages" {
        format!("{column}, and is omitted: it is NULL in every row")
    } else {
        format!("{column}, and is kept under \"legacy\" in the metadata")
    };
    let text = visible_line(&text, 600);
    format!("{file}: {text} ({} a value)\n", rows_have(column.rows))
}

fn rows_have(rows: u64) -> String {
    format!("{} {}", amount(rows, "row"), if rows == 1 { "has" } else { "have" })
}

fn line(problem: &Problem) -> String {
    let Problem { file, table, row, field, message, .. } = problem;
    let location = visible_line(&format!("{file}, {table}, row {row}:"), 400);
    format!("{} {}\n", style::alarm(&location), visible_line(&format!("{field}: {message}"), 400))
}

/// Describes what happened to a file's rows.
fn outcome_of(counts: &Counts, dry_run: bool) -> String {
    let mut parts = vec![format!(
        "{} {}",
        thousands(counts.stored),
        if dry_run { "to be stored" } else { "stored" }
    )];
    let more = [
        (counts.with_new_id, "with a new id"),
        (counts.forced, "modified"),
        (counts.already_there, "already stored"),
    ];
    parts.extend(
        more.iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, label)| format!("{} {label}", thousands(*count))),
    );
    format!(", {}", parts.join(", "))
}
