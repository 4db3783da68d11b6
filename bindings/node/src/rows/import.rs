//! What an import found and did.

use chatkeep_transfer::{Counts, FileReport, ImportReport, Problem, UnknownColumn};
use serde::Serialize;

use super::{Whole, text};
use crate::answer::Answer;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    found: Whole,
    stored: Whole,
    already_there: Whole,
    with_new_id: Whole,
    forced: Whole,
}

impl From<Counts> for Counted {
    fn from(counts: Counts) -> Self {
        Self {
            found: counts.found.into(),
            stored: counts.stored.into(),
            already_there: counts.already_there.into(),
            with_new_id: counts.with_new_id.into(),
            forced: counts.forced.into(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File {
    file: String,
    messages: Counted,
    tokens: Counted,
    other_tables: Vec<String>,
    times_are_unknown: bool,
    unknown_columns: Vec<Unknown>,
}

impl From<FileReport> for File {
    fn from(report: FileReport) -> Self {
        Self {
            file: report.file,
            messages: report.messages.into(),
            tokens: report.tokens.into(),
            other_tables: report.other_tables,
            times_are_unknown: report.times_are_unknown,
            unknown_columns: report.unknown_columns.into_iter().map(Into::into).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unknown {
    table: &'static str,
    column: String,
    rows: Whole,
    can_be_forced: bool,
}

impl From<UnknownColumn> for Unknown {
    fn from(unknown: UnknownColumn) -> Self {
        Self {
            table: unknown.table,
            column: unknown.column,
            rows: unknown.rows.into(),
            can_be_forced: unknown.can_be_forced,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wrong {
    file: String,
    table: &'static str,
    row: Whole,
    field: &'static str,
    message: String,
    can_be_forced: bool,
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Self {
        Self {
            file: problem.file,
            table: problem.table,
            row: problem.row.into(),
            field: problem.field,
            message: problem.message,
            can_be_forced: problem.can_be_forced,
        }
    }
}

pub(crate) fn import_report(report: ImportReport) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Report {
        stored: bool,
        files: Vec<File>,
        bad_rows: Whole,
        hopeless_rows: Whole,
        problems: Vec<Wrong>,
    }
    text(&Report {
        stored: report.stored,
        files: report.files.into_iter().map(Into::into).collect(),
        bad_rows: report.bad_rows.into(),
        hopeless_rows: report.hopeless_rows.into(),
        problems: report.problems.into_iter().map(Into::into).collect(),
    })
}
