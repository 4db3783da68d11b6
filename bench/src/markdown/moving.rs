//! Renders the study of copying a log.

use std::fmt::Write as _;

use chatkeep_bench_protocol::stats;

use super::{dash, factor, megabytes, number};
use crate::studies::moving::{Copied, Loaded, Memory, Moving, Race};

pub(super) fn write(text: &mut String, moving: &Moving) {
    let Moving { messages, bytes, .. } = moving;
    let _ = writeln!(
        text,
        "## Copying a log\n\n{} generated messages with realistic lengths and compressibility: {} \
         of text, {} bytes each. \
         Copied by the `chatkeep` command in a separate process; memory is its peak resident \
         set.\n",
        number(*messages as f64),
        megabytes(*bytes),
        number(*bytes as f64 / *messages as f64)
    );
    if let Some(race) = &moving.race {
        table_of_race(text, race, *messages);
    }
    legs(text, moving);
    export(text, moving);
    if !moving.loaded.is_empty() {
        text.push_str("### Result of pgloader\n\n");
    }
    for loaded in &moving.loaded {
        table_of_loaded(text, loaded, *messages);
    }
}

fn rate(messages: usize, seconds: f64) -> String {
    if seconds > 0.0 { format!("{}/s", number(messages as f64 / seconds)) } else { dash() }
}

fn seconds(value: f64) -> String {
    if value < 100.0 { format!("{value:.1} s") } else { format!("{} s", number(value)) }
}

fn table_of_race(text: &mut String, race: &Race, messages: usize) {
    let Race { ours, theirs, durability, version } = race;
    let settings: Vec<String> =
        durability.iter().map(|(name, value)| format!("`{name}` {value}")).collect();
    let _ = writeln!(
        text,
        "### SQLite to PostgreSQL\n\nIn turns, {} rounds, into empty databases of one server \
         ({version}; {}). `COPY` loads the same rows, \
         with their ids, from a file that the server reads; its result is not read back. The \
         command reads SQLite, \
         creates the tables, stores durable batches, reads them back concurrently, counts the \
         statistics, and compares. \
         Figures are medians; a ratio is the median of the ratios of the individual rounds.\n",
        theirs.len(),
        settings.join(", ")
    );
    text.push_str(
        "| | seconds | messages/s | relative to COPY | flushes | memory \
         |\n|---|---:|---:|---:|---:|---:|\n",
    );
    let median = |values: Vec<f64>| stats::median(&values).unwrap_or_default();
    let flushes = |all: Vec<Option<u64>>| {
        let all: Option<Vec<f64>> =
            all.into_iter().map(|count| count.map(|count| count as f64)).collect();
        all.and_then(|all| stats::median(&all)).map_or_else(dash, number)
    };
    let taken = median(theirs.iter().map(|loading| loading.seconds).collect());
    let flushed = flushes(theirs.iter().map(|loading| loading.flushes).collect());
    let (long, fast) = (seconds(taken), rate(messages, taken));
    let _ = writeln!(text, "| *COPY from a file* (limit) | {long} | {fast} | - | {flushed} | - |");
    let peak = ours.iter().map(|copied| copied.memory.peak).max().unwrap_or_default();
    let flushed = flushes(ours.iter().map(|copied| copied.flushes).collect());
    let mut line = |what: &str, part: fn(&Copied) -> f64, rest: &str| {
        let taken = median(ours.iter().map(part).collect());
        let ratio = race.ratio(part).map_or_else(dash, factor);
        let (long, fast) = (seconds(taken), rate(messages, taken));
        let _ = writeln!(text, "| {what} | {long} | {fast} | {ratio} | {rest} |");
    };
    let rest = format!("{flushed} | {}", megabytes(peak));
    line("**chatkeep db copy**", |copied| copied.seconds, &rest);
    line("part: storing and reading back", |copied| copied.storing, "- | -");
    line("part: counting the statistics", |copied| copied.counting, "- | -");
    line("part: comparing and reading back the rest", |copied| copied.comparing, "- | -");
    text.push('\n');
}

fn legs(text: &mut String, moving: &Moving) {
    if moving.legs.is_empty() {
        return;
    }
    text.push_str(
        "### From engine to engine\n\nEach copy fills an empty database from the target of the \
         previous one. Afterwards \
         `--verify` read both sides again and found them equal.\n\n\
         | from | to | seconds | messages/s | storing | comparing | flushes | memory, first \
         quarter | peak | `--verify` | SHA-256 |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n",
    );
    for leg in &moving.legs {
        let Copied { seconds: taken, storing, comparing, memory, flushes, .. } = &leg.copied;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {}… |",
            leg.from,
            leg.to,
            seconds(*taken),
            rate(moving.messages, *taken),
            seconds(*storing),
            seconds(*comparing),
            flushes.map_or_else(dash, |count| number(count as f64)),
            megabytes(memory.after_a_quarter),
            megabytes(memory.peak),
            seconds(leg.verifying),
            leg.sha256.get(..12).unwrap_or(&leg.sha256)
        );
    }
    text.push('\n');
}

fn export(text: &mut String, moving: &Moving) {
    let Some(export) = &moving.export else { return };
    let Memory { after_a_quarter, peak } = export.memory;
    let _ = writeln!(
        text,
        "### Export to a file\n\n`chatkeep messages export`: all messages as JSON Lines, from \
         SQLite.\n\n\
         | seconds | messages/s | file | memory, first quarter | peak \
         |\n|---:|---:|---:|---:|---:|\n\
         | {} | {} | {} | {} | {} |\n",
        seconds(export.seconds),
        rate(moving.messages, export.seconds),
        megabytes(export.bytes),
        megabytes(after_a_quarter),
        megabytes(peak)
    );
}

fn table_of_loaded(text: &mut String, loaded: &Loaded, messages: usize) {
    let Loaded { version, options, seconds: taken, memory, compared, differences, failure } =
        loaded;
    let options = if options.is_empty() {
        "its defaults".to_owned()
    } else {
        format!("`{}`", options.join(" "))
    };
    let _ =
        write!(text, "pgloader {version}, with {options}, the same file into an empty database");
    if let Some(failure) = failure {
        let _ = writeln!(text, ": **failed**: {}\n", one_line(failure));
        return;
    }
    let _ = writeln!(
        text,
        ": {}, {}, {} of memory. The same SQL queries were run on both databases, with the values \
         of each column cast to its \
         type in chatkeep. Of {compared} results {} differ:\n\n| | chatkeep | pgloader \
         |\n|---|---|---|",
        seconds(*taken),
        rate(messages, *taken),
        megabytes(memory.peak),
        differences.len()
    );
    for difference in differences {
        let [what, ours, theirs] =
            [&difference.what, &difference.ours, &difference.theirs].map(|text| one_line(text));
        let _ = writeln!(text, "| {what} | {ours} | {theirs} |");
    }
    text.push('\n');
}

fn one_line(text: &str) -> String {
    text.replace('|', "/").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::moving::tests::moved;

    #[test]
    fn the_study_is_rendered_as_tables() {
        let mut text = String::new();
        write(&mut text, &moved());
        for part in [
            "1,000,000 generated messages with realistic lengths and compressibility: 2,400 MB of \
             text, 2,400 bytes each.",
            "| *COPY from a file* (limit) | 30.0 s | 33,333/s | - | 20 | - |",
            "| **chatkeep db copy** | 40.0 s | 25,000/s | 0.75x | 100 | 60 MB |",
            "| part: storing and reading back | 20.0 s | 50,000/s | 1.50x | - | - |",
            "| SQLite | PostgreSQL | 40.0 s | 25,000/s | 20.0 s | 10.0 s | 100 | 30 MB | 60 MB | \
             10.0 s | abcdef012345… |",
            "| 50.0 s | 20,000/s | 2,700 MB | 60 MB | 120 MB |",
            "pgloader 3.6.7, with its defaults, the same file into an empty database: 400 s, \
             2,500/s, 900 MB of memory.",
            "Of 30 results 1 differ:",
            "| column messages.metadata | jsonb | text / null |",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let failed =
            Loaded { failure: Some("heap\nexhausted".to_owned()), ..moved().loaded.remove(0) };
        let options = ["--dynamic-space-size", "8192"].map(str::to_owned).to_vec();
        let second = Loaded { options, ..moved().loaded.remove(0) };
        let mut text = String::new();
        write(&mut text, &Moving { loaded: vec![failed, second], ..moved() });
        assert_eq!(text.matches("### Result of pgloader").count(), 1, "{text}");
        assert!(text.contains("**failed**: heap exhausted"), "{text}");
        assert!(text.contains("with `--dynamic-space-size 8192`, the same"), "{text}");
    }
}
