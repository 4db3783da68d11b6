//! `cargo xtask pytest`: tests the Python package that `cargo xtask build python` assembled.

use std::ffi::OsString;

use xshell::{Cmd, cmd};

use crate::build::{self, Profile};
use crate::failure::Result;
use crate::process::Run;
use crate::project::{Project, variable};
use crate::setup;

/// Runs pytest with `arguments`. Outside of `chatkeep-testkit run` it tests SQLite only.
pub(crate) fn run(project: &Project, arguments: &[OsString]) -> Result {
    let package = variable("CHATKEEP_PYTHON_PACKAGE").map(Into::into);
    let package = package.unwrap_or_else(|| build::python_package(project, Profile::Dev));
    pytest(project)?.args(arguments).arg("python/tests").env("PYTHONPATH", package).replace()
}

/// Returns the command of pytest, to which the caller adds arguments and the folder of the tests.
pub(super) fn pytest(project: &Project) -> Result<Cmd<'_>> {
    let python = setup::python_venv(project)?.python();
    let pytest = "-m pytest --config-file=python/pyproject.toml --rootdir=python";
    // The first variable keeps the sources clean; the second prevents importing them by accident.
    Ok(cmd!(project.sh, "{python}")
        .args(pytest.split(' '))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONSAFEPATH", "1"))
}
