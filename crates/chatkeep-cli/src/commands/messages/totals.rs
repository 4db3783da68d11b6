//! `chatkeep messages stats --check` and `--rebuild`

use chatkeep::{Sums, TotalsCheck, TotalsDifference};

use crate::args::messages::StatsOptions;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::amount;
use crate::text::visible_line;

/// Maximum number of differences shown as text.
const MAX_SHOWN: usize = 20;

pub(super) fn run(options: &StatsOptions, context: &Context) -> Result<u8, Failure> {
    let chatkeep = context.open()?;
    if options.rebuild {
        chatkeep.messages().rebuild_totals()?;
    }
    let check = chatkeep.messages().check_totals()?;
    context.terminal.answer(&check, || render(&check))?;
    Ok(if check.differences.is_empty() { 0 } else { FAILED })
}

fn render(check: &TotalsCheck) -> String {
    let mut out = String::new();
    for difference in check.differences.iter().take(MAX_SHOWN) {
        out.push_str(&line(difference));
    }
    let more = check.differences.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        out.push_str(&format!("{} more\n", amount(more as u64, "difference")));
    }
    let verdict =
        if check.differences.is_empty() { "are correct" } else { "are wrong; run --rebuild" };
    out.push_str(&format!("the totals of {} {verdict}", amount(check.counted, "message")));
    if check.uncounted > 0 {
        out.push_str(&format!(" ({} not yet counted)", amount(check.uncounted, "message")));
    }
    out.push('\n');
    out
}

fn line(difference: &TotalsDifference) -> String {
    let span = match difference.hours {
        1 => "hour",
        24 => "day",
        _ => "30 days",
    };
    let start = difference.start.to_string();
    let names = format!(
        "{}, {}",
        visible_line(&difference.provider, 50),
        visible_line(&difference.model, 50)
    );
    let sums = |sums: &Sums| {
        format!("{} with {}", amount(sums.messages, "message"), amount(sums.tokens, "token"))
    };
    format!(
        "{span} from {}, {names}: stored {}, actual {}\n",
        &start[..16],
        sums(&difference.kept),
        sums(&difference.found)
    )
}
