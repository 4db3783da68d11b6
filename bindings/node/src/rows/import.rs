//! Reports of imports.

use chatkeep_transfer::{Counts, FileReport, ImportReport, Problem, UnknownColumn};
use serde::Serialize;

use super::{JsInteger, json};
use crate::response::Response;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CountsJson {
    found: JsInteger,
    stored: JsInteger,
    already_there: JsInteger,
    with_new_id: JsInteger,
    forced: JsInteger,
}

impl From<Counts> for CountsJson {
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
struct FileJson {
    file: String,
    messages: CountsJson,
    tokens: CountsJson,
    other_tables: Vec<String>,
    times_are_unknown: bool,
    unknown_columns: Vec<ColumnJson>,
}

impl From<FileReport> for FileJson {
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
struct ColumnJson {
    table: &'static str,
    column: String,
    rows: JsInteger,
    can_be_forced: bool,
}

impl From<UnknownColumn> for ColumnJson {
    fn from(column: UnknownColumn) -> Self {
        Self {
            table: column.table,
            column: column.column,
            rows: column.rows.into(),
            can_be_forced: column.can_be_forced,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemJson {
    file: String,
    table: &'static str,
    row: JsInteger,
    field: &'static str,
    message: String,
    can_be_forced: bool,
}

impl From<Problem> for ProblemJson {
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

pub(crate) fn import_report(report: ImportReport) -> Response {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Report {
        stored: bool,
        files: Vec<FileJson>,
        bad_rows: JsInteger,
        hopeless_rows: JsInteger,
        problems: Vec<ProblemJson>,
    }
    json(&Report {
        stored: report.stored,
        files: report.files.into_iter().map(Into::into).collect(),
        bad_rows: report.bad_rows.into(),
        hopeless_rows: report.hopeless_rows.into(),
        problems: report.problems.into_iter().map(Into::into).collect(),
    })
}
