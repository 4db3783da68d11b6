//! Paths of files and folders.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::Given;
use crate::errors::Refusal;

/// A path: a `str` or an `os.PathLike`.
pub(crate) fn path(field: &str, given: Given<'_, '_>) -> Result<PathBuf, Refusal> {
    required(field, given, "a str or an os.PathLike")
}

/// A path or nothing.
pub(super) fn optional_path(field: &str, given: Given<'_, '_>) -> Result<Option<PathBuf>, Refusal> {
    if given.is_none() {
        return Ok(None);
    }
    required(field, given, "a str, an os.PathLike or None").map(Some)
}

fn required(field: &str, given: Given<'_, '_>, wanted: &str) -> Result<PathBuf, Refusal> {
    given.extract().map_err(|_| Refusal::wrong_type(field, wanted, given))
}
