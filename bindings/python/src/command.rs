//! The `chatkeep` command.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the ``chatkeep`` command with the standard streams of this process.
///
/// Args:
///     arguments (list[str]): The command line, starting with the program name.
///
/// Returns:
///     int: The exit code.
#[pyfunction]
pub(crate) fn run_command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| chatkeep_cli::run(arguments))
}
