//! The numbers of tests in the output of test programs.

/// Numbers of tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Results {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Results {
    /// Adds the numbers of another suite.
    pub(super) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Reads the summary of `cargo nextest run`. `None` if it ran no tests.
    pub(super) fn of_nextest(output: &str) -> Option<Self> {
        let output = without_colour(output);
        let lines = lines(&output, |line| line.trim_start().starts_with("Summary ["))?;
        Some(Self {
            passed: count(&lines, "passed"),
            failed: count(&lines, "failed") + count(&lines, "timed out"),
            skipped: count(&lines, "skipped"),
        })
    }

    /// Reads the summaries of `cargo test --doc`, one per crate.
    pub(super) fn of_doctests(output: &str) -> Self {
        let output = without_colour(output);
        let lines = lines(&output, |line| line.starts_with("test result:")).unwrap_or_default();
        Self {
            passed: count(&lines, "passed"),
            failed: count(&lines, "failed"),
            skipped: count(&lines, "ignored"),
        }
    }

    /// Reads the summary of pytest. `None` if there is none.
    pub(super) fn of_pytest(output: &str) -> Option<Self> {
        let output = without_colour(output);
        let lines = lines(&output, is_pytest_summary)?;
        Some(Self {
            passed: count(&lines, "passed"),
            failed: count(&lines, "failed") + count(&lines, "error"),
            skipped: count(&lines, "skipped"),
        })
    }

    /// Reads the summary of `node --test`. `None` if there is none.
    pub(super) fn of_node(output: &str) -> Option<Self> {
        let output = without_colour(output);
        let sum = |name: &str| -> Option<u64> {
            let numbers: Vec<u64> = output.lines().filter_map(|l| node_number(l, name)).collect();
            (!numbers.is_empty()).then(|| numbers.iter().sum())
        };
        Some(Self {
            passed: sum("pass")?,
            failed: sum("fail").unwrap_or(0) + sum("cancelled").unwrap_or(0),
            skipped: sum("skipped").unwrap_or(0),
        })
    }

    /// Reads the lines of `go test -v`, one per test. `None` if it ran no tests.
    pub(super) fn of_go(output: &str) -> Option<Self> {
        let count =
            |mark: &str| output.lines().filter(|line| line.starts_with(mark)).count() as u64;
        let (passed, failed) = (count("--- PASS"), count("--- FAIL"));
        let skipped = count("--- SKIP");
        (passed + failed + skipped > 0).then_some(Self { passed, failed, skipped })
    }
}

/// Returns the output of `go test -v` without the lines of tests that passed or were skipped.
pub(super) fn go_failures(output: &str) -> String {
    let is_progress = |line: &&str| {
        let line = line.trim_start();
        ["=== ", "--- PASS", "--- SKIP"].iter().any(|mark| line.starts_with(mark))
    };
    output.lines().filter(|line| !is_progress(line)).fold(String::new(), |mut text, line| {
        text.push_str(line);
        text.push('\n');
        text
    })
}

/// Returns the part of the output of `node --test` that describes failures, or all of it.
pub(super) fn node_failures(output: &str) -> &str {
    let mut start = 0;
    for line in output.split_inclusive('\n') {
        if without_colour(line).trim_end().ends_with("failing tests:") {
            return &output[start..];
        }
        start += line.len();
    }
    output
}

/// Returns the lines that satisfy `condition`, or `None` if there are none.
fn lines(output: &str, condition: impl Fn(&str) -> bool) -> Option<Vec<&str>> {
    let lines: Vec<&str> = output.lines().filter(|line| condition(line)).collect();
    (!lines.is_empty()).then_some(lines)
}

/// Returns the sum of the numbers before `word`, the last one of each line.
fn count(lines: &[&str], word: &str) -> u64 {
    let word = format!(" {word}");
    let number = |line: &&str| {
        let ends = line.match_indices(&word).map(|(at, _)| at);
        ends.filter_map(|at| number_before(&line[..at])).last()
    };
    lines.iter().filter_map(number).sum()
}

fn number_before(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    text[text.len() - digits..].parse().ok()
}

/// Returns whether a line is like `== 12 passed, 1 skipped in 3.45s ==`.
fn is_pytest_summary(line: &str) -> bool {
    let line = line.trim_start_matches('=').trim_start();
    let begins = line.split_once(' ').is_some_and(|(number, rest)| {
        number.parse::<u64>().is_ok() && rest.starts_with(|c: char| c.is_ascii_lowercase())
    });
    let duration = line.rsplit_once(" in ").map_or("", |(_, duration)| duration);
    let seconds = duration.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    begins && seconds.len() < duration.len() && seconds.starts_with('s')
}

/// Returns the number of a line such as `ℹ pass 12`.
fn node_number(line: &str, name: &str) -> Option<u64> {
    let mut words = line.split(' ');
    let mark = words.next()?;
    let is_named = mark.chars().count() == 1 && words.next() == Some(name);
    let number = words.next()?.parse().ok()?;
    (is_named && words.next().is_none()).then_some(number)
}

/// Removes the escape sequences of colours.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match rest.strip_prefix('m') {
            Some(rest) => plain.push_str(rest),
            None => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(passed: u64, failed: u64, skipped: u64) -> Option<Results> {
        Some(Results { passed, failed, skipped })
    }

    #[test]
    fn nextest_summaries_are_read_with_and_without_colour() {
        let plain = "     Summary [  12.345s] 104 tests run: 98 passed (2 slow), 4 failed, \
                     2 timed out, 13 skipped\n";
        assert_eq!(Results::of_nextest(plain), results(98, 6, 13));
        let coloured = "\x1b[32;1m     Summary\x1b[0m [   0.1s] \x1b[1m3\x1b[0m tests run: \
                        \x1b[1m3\x1b[0m \x1b[32;1mpassed\x1b[0m, \x1b[1m0\x1b[0m skipped";
        assert_eq!(Results::of_nextest(coloured), results(3, 0, 0));
        assert_eq!(Results::of_nextest("error: could not compile"), None);
    }

    #[test]
    fn doctests_of_all_crates_are_added() {
        let output = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured\n\
                      test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured\n";
        assert_eq!(Some(Results::of_doctests(output)), results(12, 2, 1));
    }

    #[test]
    fn pytest_summaries_are_read_with_errors() {
        let output = "....\n=== 10 passed, 2 skipped, 1 error in 3.45s ===\n";
        assert_eq!(Results::of_pytest(output), results(10, 1, 2));
        assert_eq!(Results::of_pytest("1 failed, 3 errors in 61.20s (0:01:01)"), results(0, 4, 0));
        assert_eq!(Results::of_pytest("10 tests in a file"), None);
    }

    #[test]
    fn node_summaries_are_read_from_their_lines() {
        let output = "✔ pass 99 (1ms)\nℹ tests 9\nℹ pass 7\nℹ fail 1\nℹ cancelled 1\nℹ skipped 0";
        assert_eq!(Results::of_node(output), results(7, 2, 0));
        assert_eq!(Results::of_node("SyntaxError"), None);
    }

    #[test]
    fn go_results_are_counted_and_only_failures_are_shown() {
        let output = "=== RUN A\n--- PASS: A (0.1s)\n    --- PASS: A/x\n--- FAIL: B (0s)\n    b.go:1: no\n\
                      --- SKIP: C\nFAIL\n";
        assert_eq!(Results::of_go(output), results(1, 1, 1));
        assert_eq!(go_failures(output), "--- FAIL: B (0s)\n    b.go:1: no\nFAIL\n");
        assert_eq!(Results::of_go("cannot find -lchatkeep"), None);
    }

    #[test]
    fn node_failures_begin_at_their_heading() {
        assert_eq!(node_failures("ok\n✖ failing tests:\n\nx\n"), "✖ failing tests:\n\nx\n");
        assert_eq!(node_failures("SyntaxError\n"), "SyntaxError\n");
    }
}
