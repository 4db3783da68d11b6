//! `chatkeep db restore`

use std::time::Instant;

use chatkeep_transfer::{check_backup, restore};
use serde_json::json;

use crate::args::database::RestoreOptions;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::{rate, row_amounts, seconds};
use crate::progress::Progress;

pub(super) fn run(options: &RestoreOptions, context: &Context) -> Result<(), Failure> {
    let terminal = &context.terminal;
    if options.file.as_os_str() == "-" {
        let refusal = Failure::usage("a backup is read twice, which standard input does not allow");
        return Err(refusal.with_hint("write it to a file and name the file"));
    }
    if options.dry_run {
        let content = {
            let progress = Progress::steps(terminal);
            check_backup(&options.file, &mut |step| progress.step(step))?
        };
        return terminal.answer(&json!({ "sound": true, "content": content }), || {
            format!("the backup is valid: {}\n", row_amounts(&content.row_counts()))
        });
    }
    let start = Instant::now();
    let report = {
        let progress = Progress::steps(terminal);
        let connect_timeout = context.settings()?.connect_timeout;
        restore(&context.url()?, &options.file, connect_timeout, &mut |step| progress.step(step))?
    };
    let elapsed = start.elapsed();
    let mut answer = serde_json::to_value(&report).unwrap_or_default();
    answer["seconds"] = json!(elapsed.as_secs_f64());
    terminal.answer(&answer, || {
        format!(
            "restored {} in {}, {}\n",
            row_amounts(&report.rows),
            seconds(elapsed),
            rate(report.rows.total(), elapsed)
        )
    })
}
