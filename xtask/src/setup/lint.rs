//! ShellCheck and typos, from `scripts/requirements.txt`.

use super::python::OLDEST;
use super::system::System;
use super::venv::Venv;
use crate::failure::Result;
use crate::project::Project;

/// Returns the environment with the tools.
pub(crate) fn venv(project: &Project) -> Result<Venv> {
    Venv::new(project, "lint/", "scripts/requirements.txt", &[])
}

/// Installs the environment.
pub(super) fn install(system: &System<'_>) -> Result {
    let options = ["--only-binary", ":all:"];
    venv(system.project)?.install(system, OLDEST, "installing ShellCheck and typos", &options)
}
