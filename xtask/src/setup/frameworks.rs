//! The frameworks whose own tests `cargo xtask frameworks` runs: their packages
//! (`tests/frameworks/requirements.txt` and `tests/frameworks/js/package-lock.json`), and their
//! sources (`tests/frameworks/sources.txt`), because most packages do not contain tests.

use std::path::PathBuf;

use xshell::cmd;

use super::folders::PinnedFolder;
use super::node;
use super::node_packages::NodePackages;
use super::python::OLDEST;
use super::report;
use super::system::System;
use super::venv::Venv;
use crate::failure::Result;
use crate::files::matching;
use crate::process::Run;
use crate::project::Project;

const SOURCES: &str = "tests/frameworks/sources.txt";

/// Returns the environment with the packages.
pub(crate) fn venv(project: &Project) -> Result<Venv> {
    Venv::new(project, "frameworks/python-", "tests/frameworks/requirements.txt", &[])
}

/// Returns the Node packages.
pub(crate) fn node_packages(project: &Project) -> Result<NodePackages> {
    NodePackages::new(project, "frameworks/node-", "tests/frameworks/js", &[])
}

/// Returns the folder with the unpacked sources.
pub(crate) fn sources(project: &Project) -> Result<PathBuf> {
    Ok(sources_folder(project)?.path)
}

fn sources_folder(project: &Project) -> Result<PinnedFolder> {
    PinnedFolder::new(project, "frameworks/sources-", &[SOURCES.into()])
}

/// Installs the packages, and fetches the sources.
pub(super) fn install(system: &System<'_>) -> Result {
    let project = system.project;
    let venv = venv(project)?;
    venv.install(system, OLDEST, "fetching the frameworks that are tested, once", &[])?;
    node::install(system)?;
    let message = "fetching the frameworks for Node that are tested, once";
    node_packages(project)?.install(project, message, || Ok(()))?;
    let sources = sources_folder(project)?;
    sources.fill(|| {
        report("fetching the sources of the frameworks, once");
        let (sh, python, folder) = (&project.sh, venv.python(), &sources.path);
        sh.create_dir(folder)?;
        // The environment has the build system that pip needs for the name of a source package.
        cmd!(sh, "{python} -m pip download --quiet --no-deps --no-build-isolation")
            .args(["--disable-pip-version-check", "--requirement", SOURCES, "--dest"])
            .arg(folder)
            .quietly()?;
        for archive in matching(folder, "*.tar.gz") {
            cmd!(sh, "{python} -m tarfile --extract {archive} {folder}").quietly()?;
        }
        Ok(())
    })
}
