//! Paths of files and directories.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::PyArg;
use crate::errors::{ArgError, ArgResult};

/// Converts a path: a `str` or an `os.PathLike`.
pub(super) fn path(field: &str, given: PyArg<'_, '_>) -> ArgResult<PathBuf> {
    required(field, given, "a str or an os.PathLike")
}

/// Converts a path or `None`.
pub(super) fn optional_path(field: &str, given: PyArg<'_, '_>) -> ArgResult<Option<PathBuf>> {
    if given.is_none() {
        return Ok(None);
    }
    required(field, given, "a str, an os.PathLike or None").map(Some)
}

fn required(field: &str, given: PyArg<'_, '_>, expected: &str) -> ArgResult<PathBuf> {
    given.extract().map_err(|_| ArgError::wrong_type(field, expected, given))
}
