//! `cargo xtask settings`: runs the contract suite under server settings that administrators may
//! choose, one after the other. Each must give the same results. Settings under which connections
//! are rejected are tested in `tests/contract/server_settings/rejected.rs`.

use super::{nextest, testkit};
use crate::failure::{Failure, Result};
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, Part};
use crate::steps::step;

/// The settings, each as `ENGINE:NAME=VALUE`.
const SETTINGS: &[&str] = &[
    "mariadb:autocommit=0",
    "mariadb:completion_type=CHAIN",
    "mariadb:transaction_isolation=SERIALIZABLE",
    "mariadb:sql_mode=ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES",
    "mariadb:max_prepared_stmt_count=40",
    "mariadb:wait_timeout=3",
    "mariadb:character_set_server=latin1",
    "mariadb:innodb_autoinc_lock_mode=2",
    "mysql:autocommit=0",
    "mysql:transaction_isolation=SERIALIZABLE",
    "mysql:sql_mode=ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES",
    "mysql:max_prepared_stmt_count=40",
    "mysql:wait_timeout=3",
    "mysql:sql_generate_invisible_primary_key=ON",
    "mysql:character_set_server=latin1",
    "postgresql:default_transaction_isolation=serializable",
    "postgresql:standard_conforming_strings=off",
    "postgresql:quote_all_identifiers=on",
    "postgresql:TimeZone=Asia/Kolkata",
];

/// Runs the suite under `settings`, or under all listed ones if there are none.
///
/// # Errors
///
/// Fails if the suite fails under a setting, after the others ran.
pub(crate) fn run(project: &Project, settings: &[String]) -> Result {
    setup::run(project, &[Part::Servers, Part::Mysql, Part::Nextest])?;
    testkit::build(project)?;
    nextest::compile_workspace(project)?;
    let listed = SETTINGS.iter().map(|setting| (*setting).to_owned());
    let settings: Vec<String> =
        if settings.is_empty() { listed.collect() } else { settings.to_vec() };
    let mut failed = 0;
    for setting in &settings {
        let engine = setting.split(':').next().unwrap_or_default();
        let cases = nextest::contract(engine);
        let run = || {
            testkit::run(project)
                .args(["--quiet", "--only", engine, "--setting", setting, "--"])
                .args(nextest::RUN)
                .args(["--workspace", "-E", &cases])
                .quietly()
        };
        failed += usize::from(!step("settings", setting, run)?);
    }
    println!("{} passed, {failed} failed", settings.len() - failed);
    if failed == 0 { Ok(()) } else { Err(Failure::printed(1)) }
}
