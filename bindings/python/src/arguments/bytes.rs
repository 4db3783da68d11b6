//! Binary data.

use chatkeep::Bytes;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView};

use super::PyArg;
use crate::errors::{ArgError, ArgResult};

/// Converts `bytes`, a `bytearray` or a `memoryview`. The data is copied, because the caller may
/// change it during the call.
pub(super) fn bytes(field: &str, given: PyArg<'_, '_>) -> ArgResult<Bytes> {
    required(field, given, "bytes")
}

/// Converts binary data or `None`.
pub(super) fn optional_bytes(field: &str, given: PyArg<'_, '_>) -> ArgResult<Option<Bytes>> {
    if given.is_none() { Ok(None) } else { required(field, given, "bytes or None").map(Some) }
}

fn required(field: &str, given: PyArg<'_, '_>, expected: &str) -> ArgResult<Bytes> {
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec().into());
    }
    if let Ok(bytes) = given.cast::<PyByteArray>() {
        return Ok(bytes.to_vec().into());
    }
    if given.is_instance_of::<PyMemoryView>() {
        // The stable ABI of Python 3.10 has no access to buffers.
        let copied = given.call_method0(intern!(given.py(), "tobytes"))?;
        let copied = copied.cast_into::<PyBytes>().map_err(PyErr::from)?;
        return Ok(copied.as_bytes().to_vec().into());
    }
    Err(ArgError::wrong_type(field, expected, given))
}
