//! `cargo xtask generated`: compares committed files with the code that they are generated from.

use std::fs;
use std::path::Path;

use xshell::cmd;

use crate::build::{self, Profile};
use crate::failure::{Context, Failure, Result};
use crate::process::Run;
use crate::project::Project;
use crate::setup;

/// A function that generates the contents of a file.
type Generator = fn(&Project) -> Result<String>;

/// The generated files.
const FILES: [(&str, Generator); 3] = [
    ("docs/src/cli.md", cli_page),
    ("python/src/chatkeep/_native.pyi", python_stubs),
    ("node/src/addon.ts", addon_types),
];

/// Compares the files.
///
/// # Errors
///
/// Fails with the names of outdated files, after printing the differences.
pub(crate) fn check(project: &Project) -> Result {
    let mut outdated = Vec::new();
    for (path, generate) in FILES {
        let text = generate(project)?;
        if !is_current(path, &text) {
            show_difference(project, path, &text)?;
            outdated.push(path);
        }
    }
    if outdated.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "Out of date: {}. Run `cargo xtask generated --write` and commit.",
        outdated.join(" ")
    )))
}

/// Writes the files that differ.
pub(crate) fn write(project: &Project) -> Result {
    for (path, generate) in FILES {
        let text = generate(project)?;
        if is_current(path, &text) {
            println!("{path} is up to date");
        } else {
            project.sh.write_file(path, text)?;
            println!("{path} was regenerated");
        }
    }
    Ok(())
}

fn is_current(path: &str, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|current| current == text)
}

fn show_difference(project: &Project, path: &str, text: &str) -> Result {
    let generated = tempfile::NamedTempFile::new().context("creating a temporary file")?;
    fs::write(generated.path(), text).context(generated.path().display())?;
    let generated = generated.path();
    let outcome = cmd!(project.sh, "diff -u {path} {generated}").outcome()?;
    eprint!("{}", outcome.text);
    Ok(())
}

fn cli_page(project: &Project) -> Result<String> {
    cmd!(project.sh, "cargo run --quiet -p chatkeep-cli -- markdown-help").filter("")
}

/// Returns the types of the compiled Python module.
fn python_stubs(project: &Project) -> Result<String> {
    build::python(project, Profile::Dev)?;
    let sh = &project.sh;
    let venv = setup::python_venv(project)?;
    let (python, ruff) = (venv.python(), venv.program("ruff"));
    let stubs = cmd!(sh, "{python} python/stubs.py")
        .env("PYTHONPATH", build::python_package(project, Profile::Dev))
        .env("PYTHONSAFEPATH", "1")
        .filter("")?;
    cmd!(sh, "{ruff} format --config python/pyproject.toml --stdin-filename _native.pyi -")
        .filter(&stubs)
}

/// Returns the types of the addon, which the macros of napi-derive write during compilation.
fn addon_types(project: &Project) -> Result<String> {
    let sh = &project.sh;
    // A new folder forces a recompilation.
    let folder = tempfile::tempdir().context("creating a temporary folder")?;
    cmd!(sh, "cargo build --quiet --locked -p chatkeep-node")
        .env("NAPI_TYPE_DEF_TMP_FOLDER", folder.path())
        .shown()?;
    let types = Path::new(folder.path()).join("chatkeep-node");
    cmd!(sh, "node scripts/node-addon-types.mjs {types}").filter("")
}
