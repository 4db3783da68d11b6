//! Tables of the guide: settings and errors.

use std::fmt::Write as _;

use chatkeep::{ERROR_KINDS, Range, SETTINGS};

use crate::output::Output;

/// Adds the tables to their pages.
pub(crate) fn render(output: &mut Output) {
    output.add_part("docs/src/configuration.md", "settings", settings());
    output.add_part("docs/src/errors.md", "kinds", kinds());
}

fn settings() -> String {
    let mut table =
        "| variable | argument | default | values | meaning |\n|---|---|---|---|---|\n".to_owned();
    for setting in SETTINGS {
        let values = match setting.range {
            Range::WholeNumber(range) => {
                let auto = if range.or.contains("auto") { ", `auto`" } else { "" };
                format!("{}–{}{auto}", range.least, grouped(f64::from(range.most)))
            }
            Range::Seconds(range) => {
                let unlimited = if range.or.contains("-1") { ", `-1`" } else { "" };
                format!("{}–{} s{unlimited}", range.least, grouped(range.most))
            }
            Range::Secret(form) => form.to_owned(),
            _ => "on, off".to_owned(),
        };
        let _ = writeln!(
            table,
            "| `{}` | `{}` | {} | {values} | {} |",
            setting.variable,
            setting.name,
            setting.default,
            setting.documentation.trim(),
        );
    }
    table
}

fn kinds() -> String {
    let mut table = "| kind | Python | Node | retryable | HTTP | exit code | meaning |\n\
                     |---|---|---|---|---|---|---|\n"
        .to_owned();
    for kind in ERROR_KINDS {
        let retryable = match kind.name {
            "Unavailable" | "Conflict" => "usually",
            _ if kind.is_retryable => "yes",
            _ => "no",
        };
        let http = match kind.name {
            "Conflict" => "503; 409 if it is not retryable".to_owned(),
            _ => kind.http_status.to_string(),
        };
        let exit = match kind.name {
            "Schema" => "3, 31–36".to_owned(),
            _ => kind.exit_code.to_string(),
        };
        let _ = writeln!(
            table,
            "| `{}` | `{}` (`{}`) | `{}` | {retryable} | {http} | {exit} | {} |",
            kind.name, kind.exception, kind.builtin, kind.code, kind.documentation,
        );
    }
    table
}

/// Formats a number with thousands separators.
fn grouped(number: f64) -> String {
    let text = number.to_string();
    let mut out = String::new();
    for (index, digit) in text.char_indices() {
        if index > 0 && text.len() > 4 && (text.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
