//! Converts answers to Python objects: a record to a `dict`, a timestamp to an ISO 8601 string,
//! binary data to `bytes`, and a secret to a `str` whose `repr` hides it. Objects without binary data
//! are ready for a JSON response.

mod encoder;
mod shape;

use pyo3::prelude::*;
use serde::Serialize;

use self::encoder::{EncodeError, Encoder};
use self::shape::Shapes;
use crate::errors::to_py_err;

/// Converts an answer to a Python object.
pub(crate) fn to_python<'py, T: Serialize + ?Sized>(
    py: Python<'py>,
    answer: &T,
) -> PyResult<Bound<'py, PyAny>> {
    let shapes = Shapes::new(py);
    answer.serialize(Encoder::new(&shapes)).map_err(|error| match error {
        EncodeError::Python(error) => error,
        EncodeError::Other(message) => to_py_err(
            py,
            &chatkeep::Error::internal(format!("failed to convert a result to Python: {message}")),
        ),
    })
}
