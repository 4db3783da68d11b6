//! `cargo xtask galera`: runs the contract suite on a private Galera cluster of three nodes, then
//! the fault cases of clusters, repeatedly.

use std::ffi::OsString;

use super::{nextest, testkit};
use crate::failure::Result;
use crate::process::Run;
use crate::project::{Project, variable};
use crate::setup::{self, Part};

/// A node skips the ids of the other nodes, so its totals are counted only a day later. These cases
/// expect them at once.
const COUNTED_LATER: &str = "late_commits_are_counted|skipped_ids_are_one_gap\
    |a_long_log_is_counted_in_the_background|messages_logged_after_a_count_are_included\
    |without_a_watermark_every_message_is_read\
    |statistics_are_exact_during_concurrent_writes_and_deletions";

/// Runs both, or the tests that `arguments` of `cargo nextest run` select on the cluster.
pub(crate) fn run(project: &Project, arguments: &[OsString]) -> Result {
    setup::run(project, &[Part::Servers, Part::Galera, Part::Nextest])?;
    testkit::build(project)?;
    nextest::compile_workspace(project)?;
    let run = |options: &[&str]| {
        testkit::run(project)
            .args(["--quiet", "--only", "mariadb"])
            .args(options)
            .arg("--")
            .args(nextest::RUN)
            .arg("--workspace")
    };
    if !arguments.is_empty() {
        return run(&["--galera"]).args(arguments).replace();
    }
    let later = format!("test(/::totals(_gaps)?::mariadb::({COUNTED_LATER})/)");
    let cases = format!("{} - {later}", nextest::contract("mariadb"));
    run(&["--galera"]).args(["-E", &cases]).shown()?;
    let rounds = variable("CHATKEEP_GALERA_ROUNDS").unwrap_or("5".to_owned());
    run(&[]).args(["-E", "binary(galera)"]).env("CHATKEEP_GALERA_ROUNDS", rounds).shown()
}
