//! The first pass: reads and validates every row without storing any.

use std::collections::HashSet;

use chatkeep_core::Result;
use chatkeep_core::legacy::{LegacyFile, LegacyTable, RawRow, Shape};

use super::problem::{Fault, Problem};
use super::report::{FileReport, ImportReport, MAX_PROBLEMS};
use super::unknown::UnknownColumn;
use super::{message, token};
use crate::progress::{Phase, Step};

/// Validates all rows of all files and reports the problems.
pub(super) fn check(
    files: &mut [LegacyFile],
    progress: &mut dyn FnMut(Step),
) -> Result<ImportReport> {
    let total = files.iter().flat_map(|file| file.tables().iter().map(|table| table.rows)).sum();
    let mut report = ImportReport::default();
    let mut done = 0;
    for file in files {
        let mut about = FileReport {
            file: file.path().display().to_string(),
            messages: super::Counts::default(),
            tokens: super::Counts::default(),
            other_tables: file.others().to_vec(),
            times_are_unknown: false,
            unknown_columns: Vec::new(),
        };
        for table in file.tables().to_vec() {
            let shape = table.shape;
            about.times_are_unknown |= matches!(shape, Shape::Texts | Shape::Sessions);
            let mut hashes = HashSet::new();
            let mut unknown: Vec<_> =
                table.unknown.iter().map(|name| UnknownColumn::new(shape, name)).collect();
            each_row(file, &table, |file, row| {
                let faults = if shape.is_tokens() {
                    about.tokens.found += 1;
                    faults_of_token(&table, row, file, &mut hashes)
                } else {
                    about.messages.found += 1;
                    message::read(&table, row, file.modified()).faults
                };
                for (column, value) in unknown.iter_mut().zip(&row.unknown) {
                    column.note(value);
                }
                report.note(&about.file, shape, row.rowid, &faults);
                done += 1;
                if done % 200 == 0 || done == total {
                    progress(Step { phase: Phase::Checking, done, total });
                }
                Ok(())
            })?;
            about.unknown_columns.append(&mut unknown);
        }
        report.files.push(about);
    }
    Ok(report)
}

fn faults_of_token(
    table: &LegacyTable,
    row: &RawRow,
    file: &LegacyFile,
    hashes: &mut HashSet<String>,
) -> Vec<Fault> {
    let read = token::read(table, row, file.modified());
    let mut faults = read.faults;
    if !read.token.token_hash.is_empty() && !hashes.insert(read.token.token_hash) {
        faults.push(Fault::fatal("token_hash", "is also the hash of another row"));
    }
    faults
}

/// Calls `work` with every row of a table, ordered by rowid.
pub(super) fn each_row(
    file: &mut LegacyFile,
    table: &LegacyTable,
    mut work: impl FnMut(&LegacyFile, &RawRow) -> Result<()>,
) -> Result<()> {
    let mut last_rowid = None;
    loop {
        let rows = file.rows(table, last_rowid)?;
        let Some(last) = rows.last() else { return Ok(()) };
        last_rowid = Some(last.rowid);
        rows.iter().try_for_each(|row| work(file, row))?;
    }
}

impl ImportReport {
    fn note(&mut self, file: &str, shape: Shape, row: i64, faults: &[Fault]) {
        if faults.is_empty() {
            return;
        }
        self.bad_rows += 1;
        self.hopeless_rows += u64::from(faults.iter().any(|fault| !fault.can_be_forced));
        let capacity = MAX_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(faults.iter().take(capacity).map(|fault| Problem {
            file: file.to_owned(),
            table: shape.table(),
            row,
            field: fault.field,
            message: fault.reason.clone(),
            can_be_forced: fault.can_be_forced,
        }));
    }
}
