//! `cargo xtask frameworks`: runs the tests of frameworks, such as LangGraph, with the integrations
//! of the Python and Node packages.

use xshell::cmd;

use super::testkit;
use crate::build::{self, Profile};
use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, Part};

const PROGRAM: &str = "tests/frameworks/run.py";

/// Runs the suites whose name contains one of `names`, or all, on the engine `only`, or on all.
///
/// # Errors
///
/// Fails if a test fails, or if a suite runs another number of tests than expected.
pub(crate) fn run(project: &Project, only: Option<&str>, names: &[String]) -> Result {
    let sqlite_only = only == Some("sqlite");
    let servers: &[Part] = if sqlite_only { &[] } else { &[Part::Servers, Part::Mysql] };
    let parts: Vec<Part> = servers.iter().copied().chain([Part::Frameworks]).collect();
    setup::run(project, &parts)?;
    build::python(project, Profile::Dev)?;
    build::node(project, Profile::Dev)?;
    let python = setup::frameworks_venv(project)?.python();
    let options = only.map(|engine| ["--only", engine]).into_iter().flatten();
    let command = if sqlite_only {
        cmd!(project.sh, "{python} {PROGRAM}").env("CHATKEEP_TEST_ONLY", "sqlite")
    } else {
        testkit::build(project)?;
        testkit::run(project)
            .arg("--quiet")
            .args(options.clone())
            .arg("--")
            .arg(python)
            .arg(PROGRAM)
    };
    command
        .args(options)
        .args(names)
        .env("PYTHONPATH", build::python_package(project, Profile::Dev))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("CHATKEEP_FRAMEWORKS_SOURCES", setup::frameworks_sources(project)?)
        .env("CHATKEEP_FRAMEWORKS_NODE", setup::frameworks_node_packages(project)?.path())
        .shown()
}
