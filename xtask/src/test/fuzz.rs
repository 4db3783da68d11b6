//! `cargo xtask fuzz`: runs the fuzz targets of `fuzz/` in sequence. Fails at the first input that
//! crashes, takes 10 seconds, or needs more than 256 MB; libFuzzer prints the input and its file in
//! `fuzz/artifacts`.

use std::path::PathBuf;

use xshell::cmd;

use crate::failure::{Context, Failure, Result};
use crate::process::{Outcome, Run};
use crate::project::Project;
use crate::setup::{self, Part};

/// Runs `targets`, or all targets if there are none, for `seconds` each.
pub(crate) fn run(project: &Project, seconds: u64, targets: &[String]) -> Result {
    setup::run(project, &[Part::Fuzz])?;
    let sh = &project.sh;
    // Instrumentation is an unstable option, which the stable compiler accepts with this variable.
    let _bootstrap = sh.push_env("RUSTC_BOOTSTRAP", "1");
    let list = cmd!(sh, "cargo fuzz list").text()?;
    let listed: Vec<String> = list.lines().map(str::to_owned).collect();
    let targets = if targets.is_empty() { &listed } else { targets };
    let options = options(project);
    cmd!(sh, "cargo fuzz build {options...}").quietly()?;

    // Files of the targets are in memory if possible.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.context("creating a temporary folder")?;
    let _temporary = sh.push_env("TMPDIR", folder.path());
    for target in targets {
        let outcome = fuzz(project, seconds, target)?;
        if !outcome.succeeded() {
            print!("{}", finding(&outcome.text));
            return Err(Failure::new(format!("fuzz: {target}: FAILED")));
        }
        println!("fuzz: {target}: no finding; {}", statistics(&outcome.text));
    }
    Ok(())
}

fn options(project: &Project) -> Vec<PathBuf> {
    // Everything that is instrumented is safe Rust, and a sanitizer's own memory would count
    // against the limit.
    let options = ["--sanitizer", "none", "--target-dir"].map(PathBuf::from);
    options.into_iter().chain([project.target.join("fuzz")]).collect()
}

fn fuzz(project: &Project, seconds: u64, target: &str) -> Result<Outcome> {
    let sh = &project.sh;
    // New inputs are stored in fuzz/corpus, with which later runs start; the seeds are only read.
    sh.create_dir(format!("fuzz/corpus/{target}"))?;
    let options = options(project);
    let limits = [
        format!("-max_total_time={seconds}"),
        "-timeout=10".to_owned(),
        "-rss_limit_mb=256".to_owned(),
        "-max_len=4096".to_owned(),
        "-print_final_stats=1".to_owned(),
    ];
    cmd!(sh, "cargo fuzz run {options...} {target} fuzz/corpus/{target} fuzz/seeds/{target} --")
        .args(limits)
        .args(dictionary(target).map(|name| format!("-dict=fuzz/dictionaries/{name}.dict")))
        .outcome()
}

fn dictionary(target: &str) -> Option<&str> {
    match target {
        "url" | "timestamp" => Some(target),
        "metadata" | "import" | "archive" => Some("json"),
        _ => None,
    }
}

/// Returns the log from the panic, or from libFuzzer's report of the limit, to the path of the file.
fn finding(log: &str) -> String {
    let is_first = |line: &&str| {
        let process = line.strip_prefix("==").map(|rest| rest.trim_start_matches(char::is_numeric));
        line.contains("panicked at") || process.is_some_and(|rest| rest.starts_with("=="))
    };
    let mut found = String::new();
    for line in log.lines().skip_while(|line| !is_first(line)) {
        found.push_str(line);
        found.push('\n');
        if line.starts_with("Minimize") {
            break;
        }
    }
    found
}

/// Returns the number of executions, the duration and the memory in the log.
fn statistics(log: &str) -> String {
    let mut parts = Vec::new();
    for line in log.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["Done", runs, "runs", "in", seconds, ..] => {
                parts.push(format!("{runs} executions in {seconds} s"));
            }
            ["stat::peak_rss_mb:", memory] => parts.push(format!("at most {memory} MB")),
            _ => {}
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read_from_the_log() {
        let log = "INFO: seed\nDone 1234 runs in 61 second(s)\nstat::peak_rss_mb:           44\n";
        assert_eq!(statistics(log), "1234 executions in 61 s, at most 44 MB");
    }

    #[test]
    fn a_finding_is_shown_from_the_panic_to_the_file() {
        let log = "INFO\nthread 'x' panicked at a.rs\nwrong\nMinimize test case with:\nrest\n";
        let panic = "thread 'x' panicked at a.rs\nwrong\nMinimize test case with:\n";
        assert_eq!(finding(log), panic);
        assert_eq!(finding("INFO\n==12== ERROR: timeout\n"), "==12== ERROR: timeout\n");
        assert_eq!(finding("== no process\n"), "");
    }
}
