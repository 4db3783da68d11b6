//! `cargo xtask kills`: kills programs and servers (SIGKILL) while they write, on every engine, and
//! checks that every acknowledged call is stored exactly once.

use super::testkit;
use crate::failure::{Failure, Result};
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, Part};

/// Totals of the lines that the cases print.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    cases: u64,
    kills: u64,
    acknowledged: u64,
    stored: u64,
    unknown: u64,
    failed: u64,
}

/// The cases, each with the kills of one engine, in thousandths of the kills of all engines.
const CASES: [(u64, &str); 9] = [
    (40, "messages::every_acknowledged_message_survives_a_kill::"),
    // Without SQLite.
    (50, "messages::every_acknowledged_message_survives_a_kill_of_the_server::"),
    (30, "turns::"),
    (30, "streams::"),
    (17, "tasks::"),
    (30, "workers::"),
    (40, "checkpoints::every_acknowledged_checkpoint_survives_a_kill::"),
    (15, "checkpoints::a_killed_prune_leaves_whole_threads::"),
    (10, "erasures::"),
];

/// Kills about `kills` times over all engines. Each case has one kill per engine at least.
///
/// # Errors
///
/// Fails if a case fails, after the others ran.
pub(crate) fn run(project: &Project, kills: u64) -> Result {
    setup::run(project, &[Part::Servers, Part::Mysql, Part::Nextest])?;
    testkit::build(project)?;
    let mut totals = Totals::default();
    let mut succeeded = true;
    for (share, case) in CASES {
        let kills = (kills * share).div_ceil(1000);
        let filter = format!("binary(faults) & test(/^killed::{case}/)");
        let test = "cargo nextest run --cargo-quiet --workspace --all-features --no-fail-fast \
                    --color never --show-progress none --status-level fail --success-output final";
        let outcome = testkit::run(project)
            .args(["--quiet", "--"])
            .args(test.split_whitespace())
            .args(["-E", &filter])
            .env("CHATKEEP_FAULTS_KILLS", kills.to_string())
            .outcome()?;
        for line in outcome.text.lines().map(str::trim_start) {
            if totals.add(line).is_some() {
                println!("{line}");
            }
        }
        if !outcome.succeeded() {
            eprint!("{}", outcome.text);
            succeeded = false;
        }
    }
    let Totals { cases, kills, acknowledged, stored, unknown, failed } = totals;
    println!(
        "kills: {kills} kills in {cases} cases: {acknowledged} acknowledged, {stored} stored, \
         {unknown} unknown, {failed} failed"
    );
    if succeeded { Ok(()) } else { Err(Failure::printed(1)) }
}

impl Totals {
    /// Adds a line of a case: `kills: ENGINE KILLED N acknowledged N stored N unknown N failed N`.
    fn add(&mut self, line: &str) -> Option<()> {
        let words: Vec<&str> = line.strip_prefix("kills: ")?.split(' ').collect();
        let number = |at: usize| words.get(at)?.parse::<u64>().ok();
        let numbers = [number(2)?, number(4)?, number(6)?, number(8)?, number(10)?];
        let [kills, acknowledged, stored, unknown, failed] = numbers;
        self.cases += 1;
        self.kills += kills;
        self.acknowledged += acknowledged;
        self.stored += stored;
        self.unknown += unknown;
        self.failed += failed;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cases_are_added() {
        let mut totals = Totals::default();
        let line = "kills: MariaDB servers 3 acknowledged 40 stored 41 unknown 1 failed 2";
        assert_eq!((totals.add(line), totals.add(line)), (Some(()), Some(())));
        assert_eq!(totals.add("kills: MariaDB"), None);
        assert_eq!(totals.add("PASS [ 1.2s] killed"), None);
        let (cases, kills, acknowledged) = (2, 6, 80);
        let expected = Totals { cases, kills, acknowledged, stored: 82, unknown: 2, failed: 4 };
        assert_eq!(totals, expected);
    }
}
