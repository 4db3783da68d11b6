//! Commands that run tests.

use std::ffi::OsString;

use crate::build::{self, Profile};
use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, Part};

pub(crate) mod endurance;
pub(crate) mod frameworks;
pub(crate) mod fuzz;
pub(crate) mod galera;
pub(crate) mod go;
pub(crate) mod kills;
pub(crate) mod nextest;
pub(crate) mod node;
pub(crate) mod npm;
pub(crate) mod pytest;
mod results;
pub(crate) mod settings;
pub(crate) mod suites;
mod testkit;
pub(crate) mod versions;
pub(crate) mod wheel;

/// Runs every test on every engine, or the Rust tests that `arguments` of `cargo nextest run`
/// select. Private servers are started before and stopped afterwards.
pub(crate) fn run(project: &Project, arguments: &[OsString]) -> Result {
    use Part::{Galera, Go, Mysql, Nextest, Node, Python, Servers};
    setup::run(project, &[Servers, Galera, Mysql, Nextest, Python, Node, Go])?;
    // Compiled before the servers start, with the options of `suites`, so that nothing is compiled
    // twice.
    if arguments.is_empty() {
        build::python(project, Profile::Dev)?;
        build::node(project, Profile::Dev)?;
        // With `chatkeep-testkit`.
        nextest::compile_workspace(project)?;
    } else {
        testkit::build(project)?;
        nextest::compile(project, arguments)?;
    }
    testkit::run(project)
        .args(["--quiet", "--", "cargo", "xtask", "suites"])
        .args(arguments)
        .replace()
}
