//! `chatkeep db copy`

use std::time::Instant;

use chatkeep::DatabaseUrl;
use chatkeep_transfer::{Comparison, CopyOptions, CopyPlan, compare, copy, plan_copy};
use serde_json::json;

use crate::args::database::CopyOptions as Arguments;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::{amount, rate, row_amounts, seconds, thousands};
use crate::progress::Progress;
use crate::style;

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Failure> {
    let parse = |text: &str, option: &str| {
        DatabaseUrl::parse(text)
            .map_err(|error| Failure::from(error).with_field(Some(option.to_owned())))
    };
    let from = parse(&arguments.from, "--from")?;
    let to = arguments.to.as_deref().map_or_else(|| context.url(), |url| parse(url, "--to"))?;
    let connect_timeout = context.settings()?.connect_timeout;
    if arguments.dry_run {
        return plan(&plan_copy(&from, &to, connect_timeout)?, context);
    }
    if arguments.verify {
        let comparison = {
            let progress = Progress::steps(&context.terminal);
            compare(&from, &to, connect_timeout, &mut |step| progress.step(step))?
        };
        context.terminal.answer(&comparison, || compared(&comparison))?;
        return Ok(if comparison.equal { 0 } else { FAILED });
    }
    let start = Instant::now();
    let options =
        CopyOptions { resume: arguments.resume, replace: arguments.replace, connect_timeout };
    let report = {
        let progress = Progress::steps(&context.terminal);
        copy(&from, &to, options, &mut |step| progress.step(step))?
    };
    let elapsed = start.elapsed();
    let mut answer = serde_json::to_value(&report).unwrap_or_default();
    answer["seconds"] = json!(elapsed.as_secs_f64());
    context.terminal.answer(&answer, || {
        let before = match report.there_before {
            0 => String::new(),
            rows => format!(" ({} already copied)", thousands(rows)),
        };
        format!(
            "copied {}{before} in {}, {}\n{}",
            row_amounts(&report.rows),
            seconds(elapsed),
            rate(report.rows.total(), elapsed),
            compared(&report.comparison)
        )
    })?;
    Ok(0)
}

fn compared(comparison: &Comparison) -> String {
    if comparison.equal {
        let rows = comparison.source.total_rows();
        return format!(
            "{}: {} with the same values in both databases\n",
            style::hit("equal"),
            amount(rows, "row")
        );
    }
    let lines = comparison.differences.iter();
    lines.map(|difference| format!("{} {difference}\n", style::alarm("different:"))).collect()
}

fn plan(plan: &CopyPlan, context: &Context) -> Result<u8, Failure> {
    let is_empty = plan.target_rows.total() == 0;
    context.terminal.answer(plan, || {
        let target = match (plan.makes_tables, is_empty) {
            (true, _) => "has no tables; the copy would create them".to_owned(),
            (false, true) => "is empty".to_owned(),
            (false, false) => format!("has {}", row_amounts(&plan.target_rows)),
        };
        format!("source: {}\ntarget: {target}\n", row_amounts(&plan.rows))
    })?;
    match (plan.unfinished, is_empty) {
        (Some(_), _) => {
            context.terminal.note(
                "a copy was interrupted; use --resume to continue it or --replace to start \
                       over",
            );
            Ok(FAILED)
        }
        (None, false) => {
            context
                .terminal
                .note("a copy would be refused; use --replace to delete the target's rows first");
            Ok(FAILED)
        }
        (None, true) => Ok(0),
    }
}
