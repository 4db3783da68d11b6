//! `cargo xtask format`: formats the code of every language.

use xshell::cmd;

use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, Part};

/// Workspaces of their own, beside the main one.
pub(crate) const OTHER_WORKSPACES: [&str; 2] = ["bench/sqlx", "fuzz"];

/// Whether files are changed, or a file that would change is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Writes the files.
    Write,
    /// Compares the files.
    Check,
}

/// Formats all code.
pub(crate) fn run(project: &Project, mode: Mode) -> Result {
    setup::run(project, &[Part::Python, Part::Node])?;
    rust(project, None, mode)?;
    for workspace in OTHER_WORKSPACES {
        rust(project, Some(workspace), mode)?;
    }
    python(project, mode)?;
    node(project, mode)
}

/// Formats the Rust code of the main workspace, or of another one.
pub(crate) fn rust(project: &Project, workspace: Option<&str>, mode: Mode) -> Result {
    let mut command = match workspace {
        Some(folder) => cmd!(project.sh, "cargo fmt --manifest-path {folder}/Cargo.toml"),
        None => cmd!(project.sh, "cargo fmt --all"),
    };
    if mode == Mode::Check {
        command = command.arg("--check");
    }
    command.quietly()
}

/// Formats the Python code.
pub(crate) fn python(project: &Project, mode: Mode) -> Result {
    let ruff = setup::python_venv(project)?.program("ruff");
    let mut command =
        cmd!(project.sh, "{ruff} format --quiet --no-cache --config python/pyproject.toml");
    if mode == Mode::Check {
        command = command.arg("--check");
    }
    command.args(["python", "bench", "examples", "docs/python", "tests/frameworks"]).quietly()
}

/// Formats and lints the code of the Node package and the examples in JavaScript.
pub(crate) fn node(project: &Project, mode: Mode) -> Result {
    let mode: &[&str] = match mode {
        Mode::Write => &["check", "--write"],
        Mode::Check => &["ci"],
    };
    let _folder = project.sh.push_dir("node");
    cmd!(project.sh, "node_modules/.bin/biome {mode...} --colors=off --error-on-warnings")
        .args([".", "../examples/express", "../examples/operations", "../tests/frameworks/js"])
        .quietly()
}
