//! Checks comments, documentation, help and error texts against the list of phrases in `STYLE.md`.
//!
//! The paths in [`SKIPPED`] are skipped, and so are string literals in tests, which quote the texts
//! of users. Code between backticks is skipped everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

mod extract;
mod phrases;

use crate::failure::{Context, Failure, Result};
use extract::{Kind, Passage};

/// Maximum number of findings per 10,000 words.
const BUDGET: f64 = 1.0;

/// Path prefixes of files that hold data rather than prose, quote the avoided phrases, or repeat
/// texts that are checked in their sources.
const SKIPPED: &[&str] = &[
    "docs/src/cli.md",
    "bench/results/",
    "tests/vectors/",
    "fuzz/corpus/",
    "STYLE.md",
    "xtask/src/words/phrases.rs",
    "LICENSE",
];

/// Checks the tracked files, or those below `paths`, and returns a summary. `list` shows every
/// finding even if the budget holds.
///
/// # Errors
///
/// Returns a message if a file is not readable, or if there are more findings than the budget
/// allows.
pub(crate) fn check(paths: &[String], list: bool) -> Result<String> {
    let mut words = 0;
    let mut findings = Vec::new();
    let mut by_phrase = BTreeMap::<&str, usize>::new();
    for path in tracked(paths)? {
        let Some(kind) = Kind::of(&path) else { continue };
        let text = fs::read_to_string(&path).context(&path)?;
        for Passage { line, text } in extract::passages(kind, &path, &text) {
            let tokens = phrases::tokens(&text);
            words += tokens.len();
            for phrase in phrases::found(&tokens) {
                *by_phrase.entry(phrase).or_default() += 1;
                findings.push(format!("{path}:{line}: {phrase}: {}", text.trim()));
            }
        }
    }
    let rate = findings.len() as f64 * 10_000.0 / (words.max(1) as f64);
    let summary = format!(
        "words: {} findings in {words} words, {rate:.1} per 10,000 (maximum {BUDGET})",
        findings.len()
    );
    if list || rate > BUDGET {
        for finding in &findings {
            println!("{finding}");
        }
        for (phrase, count) in &by_phrase {
            println!("{count:6} {phrase}");
        }
    }
    if rate > BUDGET {
        let hint = "STYLE.md lists the plain words to use instead";
        return Err(Failure::new(format!("{summary}\n{hint}")));
    }
    Ok(summary)
}

/// Returns the tracked files below `paths`, or all of them.
fn tracked(paths: &[String]) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"])
        .args(paths)
        .output()
        .context("git ls-files")?;
    if !output.status.success() {
        return Err(Failure::new(String::from_utf8_lossy(&output.stderr)));
    }
    let names = String::from_utf8_lossy(&output.stdout);
    let kept = |path: &&str| {
        !path.is_empty()
            && fs::metadata(path).is_ok_and(|entry| entry.is_file())
            && !SKIPPED.iter().any(|skipped| path.starts_with(skipped))
    };
    Ok(names.split('\0').filter(kept).map(str::to_owned).collect())
}
