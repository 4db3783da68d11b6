//! `cargo xtask check`: runs all checks that are not tests. All steps run, and failing ones show
//! their output.

use xshell::cmd;

use crate::failure::{Failure, Result};
use crate::files::glob;
use crate::format::{self, Mode, OTHER_WORKSPACES};
use crate::process::Run;
use crate::project::{Project, variable};
use crate::setup::{self, Part};
use crate::steps::step;
use crate::test::go;
use crate::words;

mod dependencies;
pub(crate) mod generated;
mod syntax;

/// Runs every check.
///
/// # Errors
///
/// Fails with the names of the failed steps.
pub(crate) fn run(project: &Project) -> Result {
    setup::run(project, &[Part::Deny, Part::Lint, Part::Python, Part::Node, Part::Go])?;
    let mut failed = Vec::new();
    let mut check = |name: &str, body: &dyn Fn() -> Result| -> Result {
        if !step("check", name, body)? {
            failed.push(name.to_owned());
        }
        Ok(())
    };
    check("format", &|| format::rust(project, None, Mode::Check))?;
    for workspace in OTHER_WORKSPACES {
        check(&format!("format of {workspace}"), &|| {
            format::rust(project, Some(workspace), Mode::Check)
        })?;
    }
    check("scripts", &|| syntax::check(project))?;
    check("shellcheck", &|| shellcheck(project))?;
    check("typos", &|| typos(project))?;
    check("words", &|| words::check(&[], false).map(drop))?;
    check("format of Python", &|| python(project))?;
    check("format of Node", &|| format::node(project, Mode::Check))?;
    check("style of Go", &|| go::check_style(project))?;
    check("types of Node", &|| types(project))?;
    check("clippy", &|| clippy(project))?;
    check("documentation", &|| documentation(project))?;
    check("licences", &|| licences(project))?;
    check("dependencies", &|| dependencies::check(project))?;
    check("generated files", &|| generated::check(project))?;
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("check: failed: {}", failed.join(" "))))
}

/// Returns the shell scripts of the project.
fn shell_scripts() -> Vec<std::path::PathBuf> {
    [".ci/run", "scripts/*.sh", "examples/*.sh", "examples/prune/chatkeep-prune"]
        .into_iter()
        .flat_map(glob)
        .collect()
}

fn shellcheck(project: &Project) -> Result {
    let shellcheck = setup::lint_venv(project)?.program("shellcheck");
    let scripts = shell_scripts();
    cmd!(project.sh, "{shellcheck} {scripts...}").quietly()
}

fn typos(project: &Project) -> Result {
    let typos = setup::lint_venv(project)?.program("typos");
    cmd!(project.sh, "{typos} --format brief").quietly()
}

fn python(project: &Project) -> Result {
    format::python(project, Mode::Check)?;
    let ruff = setup::python_venv(project)?.program("ruff");
    let sh = &project.sh;
    let check = ["check", "--no-cache", "--quiet", "--config", "python/pyproject.toml"];
    cmd!(sh, "{ruff} {check...} python examples docs/python tests/frameworks").quietly()?;
    // The benchmark is not a package; its README replaces most docstrings.
    cmd!(sh, "{ruff} {check...} --select E,F,I,W --ignore E501 bench").quietly()
}

fn types(project: &Project) -> Result {
    cmd!(project.sh, "node/node_modules/.bin/tsc --project node --noEmit").quietly()
}

fn clippy(project: &Project) -> Result {
    cmd!(project.sh, "cargo clippy --quiet --workspace --all-targets --all-features")
        .args(["--", "-D", "warnings"])
        .quietly()
}

fn documentation(project: &Project) -> Result {
    cmd!(project.sh, "cargo doc --quiet --no-deps --workspace --all-features")
        .env("RUSTDOCFLAGS", "-D warnings")
        .quietly()
}

fn licences(project: &Project) -> Result {
    let sh = &project.sh;
    cmd!(sh, "cargo deny --log-level warn check bans licenses sources").quietly()?;
    // The list of known vulnerabilities is fetched, so it is checked only on request.
    if variable("CHATKEEP_ONLINE").is_some_and(|value| value == "1") {
        cmd!(sh, "cargo deny --log-level warn check advisories").quietly()?;
    }
    Ok(())
}
