//! `--dry-run`: validates every line without opening a database.

use serde::Serialize;
use serde_json::json;

use super::{Source, row};
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::{amount, thousands};
use crate::progress::Progress;
use crate::style;
use crate::text::visible_line;

/// Maximum number of invalid lines listed.
const MAX_LISTED: usize = 20;

#[derive(Serialize)]
struct BadLine {
    line: u64,
    field: Option<String>,
    message: String,
}

pub(super) fn run(mut source: Source, context: &Context) -> Result<u8, Failure> {
    let terminal = &context.terminal;
    let (mut good, mut bad) = (0_u64, 0_u64);
    let mut listed = Vec::new();
    {
        let progress = Progress::bytes(terminal, source.bytes);
        while let Some((number, read)) = row::next(&mut source)? {
            match read {
                Ok(message) => good += u64::from(message.is_some()),
                Err(error) => {
                    bad += 1;
                    if listed.len() < MAX_LISTED {
                        let field = error.field().map(str::to_owned);
                        listed.push(BadLine {
                            line: number,
                            field,
                            message: error.message().to_owned(),
                        });
                    }
                }
            }
            progress.set(source.lines.bytes());
        }
    }

    let answer = json!({ "dry_run": true, "messages": good, "bad_lines": bad, "bad": listed });
    terminal.answer(&answer, || {
        let mut out = String::new();
        for line in &listed {
            let field = line.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
            let reason = visible_line(&format!("{field}{}", line.message), 400);
            out.push_str(&format!("{} {reason}\n", style::alarm(&format!("line {}:", line.line))));
        }
        if bad > listed.len() as u64 {
            out.push_str(&format!("{} more\n", thousands(bad - listed.len() as u64)));
        }
        let verdict =
            if bad == 0 { String::new() } else { format!(", {} invalid", amount(bad, "line")) };
        out.push_str(&format!("{} can be imported{verdict}\n", amount(good, "message")));
        out
    })?;
    Ok(if bad == 0 { 0 } else { FAILED })
}
