//! The test and lint tools of the Python package, from `python/requirements-dev.txt`.

use super::system::System;
use super::venv::Venv;
use crate::failure::Result;
use crate::project::Project;

/// The oldest Python 3 for which the packages exist.
pub(super) const OLDEST: u32 = 11;

/// Returns the environment that the tests run in.
pub(crate) fn venv(project: &Project) -> Result<Venv> {
    Venv::new(project, "python/", "python/requirements-dev.txt", &[])
}

/// Installs the environment.
pub(super) fn install(system: &System<'_>) -> Result {
    let message = "fetching Python packages for the tests, once";
    venv(system.project)?.install(system, OLDEST, message, &[])
}
