//! `cargo xtask endurance`: runs tests that take minutes, with optimised builds. From Python and
//! Node: a million calls in constant memory, many threads for a minute, and 500 short-lived
//! workers. Then lists of a million users and of 100,000 conversations, about 100 kills of programs
//! and servers, and a minute of each fuzz target.

use super::{fuzz, kills, nextest, testkit};
use crate::build::{self, Profile};
use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, Part};

/// Runs the tests on every engine, or on SQLite and the servers `only`, separated by commas.
pub(crate) fn run(project: &Project, only: Option<&str>) -> Result {
    setup::run(project, &[Part::Servers, Part::Mysql, Part::Nextest, Part::Python, Part::Node])?;
    testkit::build(project)?;
    build::python(project, Profile::Release)?;
    build::node(project, Profile::Release)?;
    let with_servers = || {
        let only = only.map(|engines| ["--only", engines]).into_iter().flatten();
        testkit::run(project).arg("--quiet").args(only).arg("--")
    };
    let run = |command: &str| {
        with_servers()
            .args(["cargo", "xtask"])
            .args(command.split_whitespace())
            .env("CHATKEEP_PYTHON_PACKAGE", build::python_package(project, Profile::Release))
            .env("CHATKEEP_ENDURANCE_CALLS", "1000000")
    };
    run("pytest -m endurance").shown()?;
    run("node-test --test-reporter=spec node/test/memory.test.mjs node/test/lifecycle.test.mjs")
        .shown()?;
    with_servers()
        .args(nextest::RUN)
        .args(["--workspace", "--success-output", "immediate", "-E"])
        .arg("package(chatkeep-contract) & test(/^scale::/)")
        .env("CHATKEEP_SCALE_ROWS", "1000000")
        .shown()?;
    // The kills need every server.
    if only.is_none() {
        kills::run(project, 100)?;
    }
    fuzz::run(project, 60, &[])
}
