//! Renders the record as Markdown tables.

mod moving;
mod studies;

use std::fmt::Write as _;

use chatkeep_bench_protocol::{Engine, Path, stats};

use crate::goals::judge;
use crate::record::{CellRecord, Entry, Record};

/// Renders the whole page. The plots in the same folder are named after the engines.
pub(crate) fn page(record: &Record) -> String {
    let mut text = String::from("# Benchmark of chatkeep and its alternatives\n\n");
    head(&mut text, record);
    goals(&mut text, record);
    for engine in Engine::ALL {
        let results: Vec<&CellRecord> =
            record.results.iter().filter(|result| result.engine == engine).collect();
        if results.is_empty() {
            continue;
        }
        let _ = writeln!(text, "## {engine}\n\n![{engine}]({}.png)\n", engine.name());
        for result in results {
            table(&mut text, result);
        }
    }
    studies::write(&mut text, record);
    if let Some(moving) = &record.moving {
        moving::write(&mut text, moving);
    }
    instructions(&mut text, record);
    versions(&mut text, record);
    text
}

fn head(text: &mut String, record: &Record) {
    let Record { taken, rounds, round_seconds, .. } = record;
    let kind = if record.quick { " A quick run: shorter rounds and fewer peers." } else { "" };
    let _ = writeln!(
        text,
        "Taken {taken}; {rounds} rounds of {round_seconds} s each, in turns.{kind} Figures are \
         medians over the rounds. \
         A column \"chatkeep is\" is the speed of chatkeep relative to the competitor of the \
         line. It compares with \
         chatkeep in the same language if available, otherwise in Rust; lines of chatkeep are \
         compared with chatkeep in \
         Rust. It is the median of the ratios of the individual rounds. Method and checks: \
         [README](../README.md).\n"
    );
    for note in &record.notes {
        let _ = writeln!(text, "**{note}**\n");
    }
    let _ = writeln!(text, "| machine | |\n|---|---|");
    for (name, value) in &record.machine {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    text.push('\n');
}

fn goals(text: &mut String, record: &Record) {
    let judgements = judge(record);
    if judgements.is_empty() {
        return;
    }
    text.push_str(
        "## Goals\n\n| | engine | compared with | goal | measured | \
         |\n|---|---|---|---:|---:|---|\n",
    );
    for judgement in judgements {
        let met = if judgement.met { "met" } else { "**missed**" };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {met} |",
            judgement.title,
            judgement.engine,
            judgement.against,
            judgement.goal,
            judgement.measured
        );
    }
    text.push('\n');
}

/// Returns the title of a table and its unit.
pub(crate) fn title(path: Path, callers: usize) -> (String, &'static str) {
    match (path, callers) {
        (Path::Log, 1) => ("Log a message, one caller".to_owned(), "messages/s"),
        (Path::Log, _) => (format!("Log a message, {callers} callers"), "messages/s"),
        (Path::Verify, _) => ("Check a token".to_owned(), "checks/s"),
        (Path::Page, _) => ("Read the newest 100 messages".to_owned(), "pages/s"),
        (Path::Turn, 1) => ("Store a turn of a conversation, one caller".to_owned(), "turns/s"),
        (Path::Turn, _) => {
            (format!("Store a turn of a conversation, {callers} callers"), "turns/s")
        }
        (Path::Session, _) => ("Check a session".to_owned(), "checks/s"),
        (Path::Bulk, _) => ("Log 1,000 messages in one call".to_owned(), "messages/s"),
    }
}

fn table(text: &mut String, result: &CellRecord) {
    let (title, unit) = title(result.path, result.callers);
    let _ = writeln!(text, "### {}: {title}\n", result.engine);
    let subjects = result.subjects();
    let _ = write!(text, "| | | {unit} | spread |");
    for subject in &subjects {
        let _ = write!(text, " {subject} is |");
    }
    let _ = writeln!(text, " p50 | p99 | flushes/call |");
    let _ = writeln!(text, "|---|---|---:|---:|{}---:|---:|---:|", "---:|".repeat(subjects.len()));
    let mut entries: Vec<&Entry> = result.entries.iter().collect();
    entries.sort_by(|a, b| b.rate().unwrap_or(0.0).total_cmp(&a.rate().unwrap_or(0.0)));
    for entry in entries {
        let label = match entry.role.as_str() {
            "subject" => format!("**{}**", entry.label),
            "limit" => format!("*{}* (limit)", entry.label),
            _ => entry.label.clone(),
        };
        let _ = write!(text, "| {label} | {} |", entry.language);
        if let Some(failure) = &entry.failure {
            let failure = failure.replace('|', "/").replace('\n', " ");
            let _ = writeln!(text, " **failed**: {failure} |{}", " |".repeat(subjects.len() + 4));
            continue;
        }
        let _ = write!(text, " {} |", entry.rate().map_or_else(dash, number));
        let _ = write!(
            text,
            " {} |",
            entry.spread().map_or_else(dash, |s| format!("{:.0} %", s * 100.0))
        );
        for label in &subjects {
            let ratio = result.counterpart(label, entry).and_then(|subject| subject.ratio(entry));
            let _ = write!(text, " {} |", ratio.map_or_else(dash, factor));
        }
        let [p50, p99] =
            [&entry.p50_us, &entry.p99_us].map(|all| stats::median(all).map_or_else(dash, time));
        let flushes = entry.flushes_a_call.map_or_else(dash, |count| format!("{count:.2}"));
        let _ = writeln!(text, " {p50} | {p99} | {flushes} |");
    }
    text.push('\n');
}

fn instructions(text: &mut String, record: &Record) {
    if record.instructions.is_empty() {
        return;
    }
    text.push_str(
        "## Instructions per call\n\nCounted by callgrind on SQLite in memory with one thread, \
         independent of the disk and \
         the machine. Repeated counts of the same program differ by a few percent, because hash \
         tables have random \
         seeds.\n\n| | instructions |\n|---|---:|\n",
    );
    for (kind, count) in &record.instructions {
        let _ = writeln!(text, "| {kind} | {} |", number(*count));
    }
    text.push('\n');
}

fn versions(text: &mut String, record: &Record) {
    let mut lines: Vec<(&str, &str, String)> = Vec::new();
    for entry in record.results.iter().flat_map(|result| &result.entries) {
        for (name, version) in &entry.versions {
            let line = (entry.language.as_str(), name.as_str(), version.clone());
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines.sort();
    text.push_str("## Versions\n\n| language | |  |\n|---|---|---|\n");
    for (language, name, version) in lines {
        let _ = writeln!(text, "| {language} | {name} | {version} |");
    }
}

fn dash() -> String {
    "-".to_owned()
}

/// Formats bytes as decimal megabytes.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{} MB", number(bytes as f64 / 1e6))
}

/// Formats a number with separators, and with one decimal below 10.
pub(crate) fn number(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn factor(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}x") } else { format!("{}x", number(ratio)) }
}

pub(crate) fn time(microseconds: f64) -> String {
    match microseconds {
        short if short < 100.0 => format!("{short:.1} us"),
        short if short < 1000.0 => format!("{short:.0} us"),
        long if long < 100_000.0 => format!("{:.1} ms", long / 1000.0),
        long => format!("{} ms", number(long / 1000.0)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::record::tests::entry;
    use crate::studies::{Figure, Findings, Study, Unit};

    #[test]
    fn numbers_are_formatted() {
        assert_eq!(
            [number(3.456), number(999.6), number(1_234_567.0)],
            ["3.5", "1,000", "1,234,567"]
        );
        assert_eq!([factor(0.954), factor(12.4), factor(1500.0)], ["0.95x", "12x", "1,500x"]);
        assert_eq!(
            [time(0.51), time(250.4), time(1500.0), time(2.5e6)],
            ["0.5 us", "250 us", "1.5 ms", "2,500 ms"]
        );
    }

    #[test]
    fn entries_are_sorted_by_rate_and_failures_have_a_reason() {
        let mut failed = entry("broken", "peer", &[]);
        failed.failure = Some("no | such\nmodule".to_owned());
        let mut ours = entry("chatkeep", "subject", &[30.0, 20.0, 10.0]);
        ours.p99_us = vec![100.0, 300.0, 200.0];
        ours.flushes_a_call = Some(1.004);
        ours.versions.insert("chatkeep".to_owned(), "0.1.0".to_owned());
        let peer = entry("peer", "peer", &[3.0, 2.0, 1.0]);
        let limit = entry("limit", "limit", &[60.0, 40.0, 20.0]);
        let in_python = |entry: Entry| Entry { language: "Python".to_owned(), ..entry };
        let theirs = in_python(Entry {
            label: "the chatkeep".to_owned(),
            ..entry("chatkeep-python", "subject", &[15.0, 10.0, 5.0])
        });
        let other_peer = in_python(entry("other", "peer", &[1.5, 1.0, 0.5]));
        let record = Record {
            taken: "2026-01-01".to_owned(),
            quick: true,
            rounds: 3,
            round_seconds: 0.5,
            machine: BTreeMap::from([("cores".to_owned(), "2".to_owned())]),
            results: vec![CellRecord {
                engine: Engine::Sqlite,
                path: Path::Log,
                callers: 1,
                entries: vec![failed, peer, ours, limit, theirs, other_peer],
            }],
            studies: vec![Findings {
                study: Study::Deletion,
                engine: Engine::Sqlite,
                messages: 2_000_000,
                figures: vec![Figure {
                    what: "log a message, p99".to_owned(),
                    unit: Unit::Microseconds,
                    without: 400.0,
                    with: 12_000.0,
                }],
            }],
            moving: None,
            instructions: BTreeMap::from([("insert".to_owned(), 12_345.0)]),
            notes: vec!["MySQL is missing.".to_owned()],
        };
        let page = page(&record);
        let rows: Vec<&str> = page.lines().filter(|line| line.contains("| Rust |")).collect();
        assert_eq!(
            rows[..4],
            [
                "| *the limit* (limit) | Rust | 40 | 100 % | 0.50x | - | - | - |",
                "| **the chatkeep** | Rust | 20 | 100 % | - | - | 200 us | 1.00 |",
                "| the peer | Rust | 2.0 | 100 % | 10x | - | - | - |",
                "| the broken | Rust | **failed**: no / such module | | | | | |",
            ]
        );
        for part in [
            // Compared within its own language, and the subject itself with Rust.
            "| **the chatkeep** | Python | 10 | 100 % | 2.00x | - | - | - |",
            "| the other | Python | 1.0 | 100 % | 10x | - | - | - |",
            "| SQLite | 2,000,000 | log a message, p99 | 400 us | 12.0 ms | 30x |",
            "| cores | 2 |",
            "**MySQL is missing.**",
            "| insert | 12,345 |",
            "| chatkeep | 0.1.0 |",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }
}
