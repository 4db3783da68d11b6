//! The tools of `make docs`: mdBook, Sphinx (`docs/requirements.txt`), and TypeDoc and linkinator
//! (`docs/package-lock.json`).

use super::node_packages::NodePackages;
use super::python::OLDEST;
use super::system::System;
use super::venv::Venv;
use super::{cargo_tools, node, python};
use crate::failure::Result;
use crate::project::Project;

/// Returns the environment with Sphinx.
pub(crate) fn venv(project: &Project) -> Result<Venv> {
    Venv::new(project, "docs/python-", "docs/requirements.txt", &["python/requirements-dev.txt"])
}

/// Returns the packages with TypeDoc and linkinator.
pub(crate) fn node_packages(project: &Project) -> Result<NodePackages> {
    NodePackages::new(project, "docs/node-", "docs", &[])
}

/// Installs the tools, and the ones to build the packages that are documented.
pub(super) fn install(system: &System<'_>) -> Result {
    let project = system.project;
    cargo_tools::mdbook(project)?;
    python::install(system)?;
    node::install(system)?;
    let message = "installing the Python packages for the documentation";
    venv(project)?.install(system, OLDEST, message, &[])?;
    let message = "installing the Node packages for the documentation";
    node_packages(project)?.install(project, message, || Ok(()))
}
