//! `chatkeep db import-legacy`

use chatkeep_transfer::{
    Counts, ImportOptions, ImportReport, Problem, UnknownColumn, default_files, import_legacy,
};
use serde_json::json;

use crate::args::database::ImportLegacyOptions;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::{amount, thousands};
use crate::progress::Progress;
use crate::style;
use crate::text::visible_line;

/// Problems that are shown to people; programs get more.
const MOST_SHOWN: usize = 20;

pub(super) fn run(options: ImportLegacyOptions, context: &Context) -> Result<u8, Failure> {
    let files = if options.files.is_empty() { default_files() } else { options.files };
    if files.is_empty() {
        return Err(Failure::usage(
            "there is neither chatbot.db nor db/tokens.db in this folder; name the files",
        ));
    }
    let (dry_run, force) = (options.dry_run, options.force);
    let chatkeep = context.open()?;
    let report = {
        let progress = Progress::steps(&context.terminal);
        import_legacy(&chatkeep, &files, ImportOptions { dry_run, force }, &mut |step| {
            progress.step(step)
        })?
    };
    let refused = report.is_refused(force);
    let answer = json!({
        "dry_run": dry_run,
        "stored": report.stored,
        "files": report.files,
        "bad_rows": report.bad_rows,
        "hopeless_rows": report.hopeless_rows,
        "problems": report.problems,
    });
    context.terminal.answer(&answer, || describe(&report, dry_run, force))?;
    if refused && report.bad_rows > report.hopeless_rows && !force {
        context.terminal.note(
            "--force stores such rows, with the originals under \"legacy\" in their metadata",
        );
    }
    Ok(if refused { FAILED } else { 0 })
}

fn describe(report: &ImportReport, dry_run: bool, force: bool) -> String {
    let is_refused = report.is_refused(force);
    let mut out: String = report.problems.iter().take(MOST_SHOWN).map(line).collect();
    let more = report.problems.len().saturating_sub(MOST_SHOWN);
    if more > 0 {
        out.push_str(&format!("{} more (--json lists them)\n", thousands(more as u64)));
    }
    for file in &report.files {
        let name = visible_line(&file.file, usize::MAX);
        for (what, counts) in [("message", &file.messages), ("token", &file.tokens)] {
            if counts.found > 0 || (what == "message" && file.tokens.found == 0) {
                let told = if report.stored || (dry_run && !is_refused) {
                    fate(counts, dry_run)
                } else {
                    String::new()
                };
                out.push_str(&format!("{name}: {}{told}\n", amount(counts.found, what)));
            }
        }
        if file.times_are_unknown && file.messages.found > 0 {
            out.push_str(&format!(
                "{name}: messages without a time of their own get that of the file's last change\n"
            ));
        }
        for column in &file.unknown_columns {
            out.push_str(&about_column(&name, column, is_refused));
        }
        if !file.other_tables.is_empty() {
            let tables = visible_line(&file.other_tables.join(", "), 400);
            out.push_str(&format!("{name}: left alone: {tables}\n"));
        }
    }
    if is_refused {
        if report.bad_rows > 0 {
            let hopeless = match report.hopeless_rows {
                0 => String::new(),
                rows => format!(", {} not even with --force", thousands(rows)),
            };
            let they_are = if report.bad_rows == 1 { "it is" } else { "they are" };
            let rows = amount(report.bad_rows, "row");
            out.push_str(&format!("{rows} cannot be stored as {they_are}{hopeless}: "));
        }
        out.push_str(if dry_run { "nothing would be stored\n" } else { "nothing was stored\n" });
    }
    out
}

/// What stands in the way, or what becomes of it.
fn about_column(file: &str, column: &UnknownColumn, is_refused: bool) -> String {
    let told = if is_refused {
        format!("{column}; {}", column.way_out())
    } else if column.rows == 0 && column.table != "messages" {
        format!("{column}, and is left out: it is NULL in every row")
    } else {
        format!("{column}, and is kept under \"legacy\" in the metadata")
    };
    let told = visible_line(&told, 600);
    format!("{file}: {told} ({} something in it)\n", hold(column.rows))
}

fn hold(rows: u64) -> String {
    format!("{} {}", amount(rows, "row"), if rows == 1 { "holds" } else { "hold" })
}

fn line(problem: &Problem) -> String {
    let Problem { file, table, row, field, message, .. } = problem;
    let place = visible_line(&format!("{file}, {table}, row {row}:"), 400);
    format!("{} {}\n", style::alarm(&place), visible_line(&format!("{field}: {message}"), 400))
}

/// What became of a file's rows.
fn fate(counts: &Counts, dry_run: bool) -> String {
    let mut parts = vec![format!(
        "{} {}",
        thousands(counts.stored),
        if dry_run { "to be stored" } else { "stored" }
    )];
    let more = [
        (counts.with_new_id, "with a new id"),
        (counts.forced, "not as they were"),
        (counts.already_there, "there already"),
    ];
    parts.extend(
        more.iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", thousands(*count))),
    );
    format!(", {}", parts.join(", "))
}
