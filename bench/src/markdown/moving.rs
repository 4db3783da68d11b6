//! What moving a log took.

use std::fmt::Write as _;

use chatkeep_contest::stats;

use super::{dash, factor, megabytes, number};
use crate::studies::moving::{Copied, Loaded, Memory, Moving, Race};

pub(super) fn write(text: &mut String, moving: &Moving) {
    let Moving { messages, bytes, .. } = moving;
    let _ = writeln!(
        text,
        "## Moving a log\n\n{} messages, made up to be as long as real ones and to compress as well: {} of text, {} bytes each. \
         By the command as users run it, in a process of its own, whose memory is its largest resident set.\n",
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
        text.push_str("### What pgloader made of it\n\n");
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
        "### SQLite to PostgreSQL\n\nIn turns, {} rounds, into empty databases of one server ({version}; {}). `COPY` is given the same rows, \
         ids and all, in a file that the server itself reads; what it stores is read by nobody. The command reads SQLite, \
         makes the tables, stores in batches that each stand for good, reads them back meanwhile, counts the statistics, and \
         compares. Figures are medians; a ratio is the median of the ratios round by round.\n",
        theirs.len(),
        settings.join(", ")
    );
    text.push_str(
        "| | seconds | messages/s | over COPY | flushes | memory |\n|---|---:|---:|---:|---:|---:|\n",
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
    line("of it: storing, and reading back", |copied| copied.storing, "- | -");
    line("of it: counting the statistics", |copied| copied.counting, "- | -");
    line("of it: comparing, and reading back what was not yet", |copied| copied.comparing, "- | -");
    text.push('\n');
}

fn legs(text: &mut String, moving: &Moving) {
    if moving.legs.is_empty() {
        return;
    }
    text.push_str(
        "### From engine to engine\n\nEach into an empty database, from where the last one went. Afterwards `--verify` read both \
         sides once more, and said that they are equal.\n\n\
         | from | to | seconds | messages/s | storing | comparing | flushes | memory, a quarter in | at most | `--verify` | SHA-256 |\n\
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
        "### Out into a file\n\n`chatkeep messages export`, all messages as JSON Lines, from SQLite.\n\n\
         | seconds | messages/s | file | memory, a quarter in | at most |\n|---:|---:|---:|---:|---:|\n\
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
        ": {}, {}, {} of memory. Both databases were asked the same in SQL, the values of each column as the type that it has in \
         chatkeep. Of {compared} answers {} are not the same:\n\n| | chatkeep | pgloader |\n|---|---|---|",
        seconds(*taken),
        rate(messages, *taken),
        megabytes(memory.peak),
        differences.len()
    );
    for difference in differences {
        let [what, ours, theirs] =
            [&difference.what, &difference.ours, &difference.theirs].map(|said| one_line(said));
        let _ = writeln!(text, "| {what} | {ours} | {theirs} |");
    }
    text.push('\n');
}

fn one_line(said: &str) -> String {
    said.replace('|', "/").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::moving::tests::moved;

    #[test]
    fn a_move_is_told_in_tables() {
        let mut text = String::new();
        write(&mut text, &moved());
        for part in [
            "1,000,000 messages, made up to be as long as real ones and to compress as well: 2,400 MB of text, 2,400 bytes each.",
            "| *COPY from a file* (limit) | 30.0 s | 33,333/s | - | 20 | - |",
            "| **chatkeep db copy** | 40.0 s | 25,000/s | 0.75x | 100 | 60 MB |",
            "| of it: storing, and reading back | 20.0 s | 50,000/s | 1.50x | - | - |",
            "| SQLite | PostgreSQL | 40.0 s | 25,000/s | 20.0 s | 10.0 s | 100 | 30 MB | 60 MB | 10.0 s | abcdef012345… |",
            "| 50.0 s | 20,000/s | 2,700 MB | 60 MB | 120 MB |",
            "pgloader 3.6.7, with its defaults, the same file into an empty database: 400 s, 2,500/s, 900 MB of memory.",
            "Of 30 answers 1 are not the same:",
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
        assert_eq!(text.matches("### What pgloader").count(), 1, "{text}");
        assert!(text.contains("**failed**: heap exhausted"), "{text}");
        assert!(text.contains("with `--dynamic-space-size 8192`, the same"), "{text}");
    }
}
