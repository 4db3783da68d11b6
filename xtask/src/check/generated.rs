//! `cargo xtask generated`: compares committed files with the code that they are generated from.

use std::fs;
use std::path::{Path, PathBuf};

use xshell::cmd;

use crate::build::{self, Profile};
use crate::failure::{Context, Failure, Result};
use crate::process::Run;
use crate::project::Project;

/// A function that generates the contents of a file.
type Generator = fn(&Project) -> Result<String>;

/// The generated files.
const FILES: [(&str, Generator); 2] =
    [("docs/src/cli.md", cli_page), ("node/src/addon.ts", addon_types)];

/// Compares the files.
///
/// # Errors
///
/// Fails with the names of outdated files, after printing the differences.
pub(crate) fn check(project: &Project) -> Result {
    let mut outdated = Vec::new();
    // It prints the names of outdated files.
    build::compile(project, "chatkeep-bindgen", Profile::Dev)?;
    let bindgen = program(project, "chatkeep-bindgen");
    if cmd!(project.sh, "{bindgen}").quietly().is_err() {
        outdated.push("the packages and pages that chatkeep-bindgen renders");
    }
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
        "Out of date: {}. Run `make generate` and commit.",
        outdated.join(", ")
    )))
}

/// Writes the files that differ.
pub(crate) fn write(project: &Project) -> Result {
    build::compile(project, "chatkeep-bindgen", Profile::Dev)?;
    let bindgen = program(project, "chatkeep-bindgen");
    cmd!(project.sh, "{bindgen} --write").shown()?;
    // The next files are output of the command, which contains the generated descriptions.
    build::compile(project, "chatkeep-cli", Profile::Dev)?;
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
    let chatkeep = program(project, "chatkeep");
    cmd!(project.sh, "{chatkeep} markdown-help").filter("")
}

/// Returns the types of the addon, which the macros of napi-derive write during compilation.
fn addon_types(project: &Project) -> Result<String> {
    // A new folder forces a recompilation.
    let folder = tempfile::tempdir().context("creating a temporary folder")?;
    let _variable = project.sh.push_env("NAPI_TYPE_DEF_TMP_FOLDER", folder.path());
    build::compile(project, "chatkeep-node", Profile::Dev)?;
    let types = Path::new(folder.path()).join("chatkeep-node");
    cmd!(project.sh, "node scripts/node-addon-types.mjs {types}").filter("")
}

/// Returns the path of a program that was compiled without optimisation.
fn program(project: &Project, name: &str) -> PathBuf {
    project.target.join("debug").join(name)
}
