//! `cargo nextest`, always with the same features, so that nothing is compiled twice.

use std::ffi::OsString;

use xshell::cmd;

use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;

/// Arguments that run tests, without a selection.
pub(super) const RUN: [&str; 9] = [
    "cargo",
    "nextest",
    "run",
    "--cargo-quiet",
    "--show-progress",
    "none",
    "--profile",
    "ci",
    "--all-features",
];

/// Compiles the tests that `arguments` select.
pub(super) fn compile(project: &Project, arguments: &[OsString]) -> Result {
    cmd!(project.sh, "cargo nextest run --no-run --cargo-quiet --show-progress none")
        .arg("--all-features")
        .args(arguments)
        .shown()
}

/// Compiles the tests of the workspace.
pub(super) fn compile_workspace(project: &Project) -> Result {
    compile(project, &["--workspace".into()])
}

/// Returns the filter of the contract suite's cases on `engines`, separated by `|`.
pub(super) fn contract(engines: &str) -> String {
    format!("package(chatkeep-contract) & test(/(^|::|_)({engines})(::|_|$)/)")
}
