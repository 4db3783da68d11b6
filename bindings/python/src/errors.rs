//! Converts chatkeep errors to Python exceptions, one class per error kind.
//!
//! The classes are defined in `chatkeep/errors.py`.

use std::error::Error as StdError;

use chatkeep::Error;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

/// Result of converting Python arguments.
pub(crate) type ArgResult<T> = Result<T, ArgError>;

/// An argument that could not be converted. Its field is the name of the caller's argument.
pub(crate) enum ArgError {
    /// The value is invalid.
    Input(Error),
    /// The type is wrong.
    Type(Error),
    /// Python code that was called for the value raised an exception.
    Python(PyErr),
}

impl ArgError {
    /// Returns an error for a value of the wrong type; `expected` names the accepted types.
    pub(crate) fn wrong_type(field: &str, expected: &str, given: &Bound<'_, PyAny>) -> Self {
        // Includes the module, because numpy for example has its own `bool`.
        let name = given.get_type().fully_qualified_name();
        let name = name.map_or_else(|_| "?".to_owned(), |name| name.to_string());
        Self::Type(Error::invalid_input(
            field.to_owned(),
            format!("must be {expected}, not {name}"),
        ))
    }

    /// Returns an error for an invalid value.
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Input(Error::invalid_input(field.to_owned(), message.into()))
    }

    /// Returns the same error with its field renamed.
    pub(crate) fn map_field(self, rename: impl FnOnce(&str) -> String) -> Self {
        let renamed = |error: Error| {
            let name = rename(error.field().unwrap_or_default());
            error.with_field(name)
        };
        match self {
            Self::Input(error) => Self::Input(renamed(error)),
            Self::Type(error) => Self::Type(renamed(error)),
            Self::Python(error) => Self::Python(error),
        }
    }

    /// Converts the error to a Python exception.
    pub(crate) fn into_py_err(self, py: Python<'_>, operation: &'static str) -> PyErr {
        match self {
            Self::Input(error) => exception(
                py,
                error.kind().description().exception,
                &error.with_operation(operation),
            ),
            Self::Type(error) => {
                exception(py, "InvalidTypeError", &error.with_operation(operation))
            }
            Self::Python(error) => error,
        }
    }
}

impl From<Error> for ArgError {
    fn from(error: Error) -> Self {
        Self::Input(error)
    }
}

impl From<PyErr> for ArgError {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

/// Converts a library error to an exception.
pub(crate) fn to_py_err(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error.kind().description().exception, error)
}

/// Returns an instance of the exception class, or the exception that creating it raised.
fn exception(py: Python<'_>, class: &str, error: &Error) -> PyErr {
    try_exception(py, class, error).unwrap_or_else(|failure| failure)
}

fn try_exception(py: Python<'_>, class: &str, error: &Error) -> PyResult<PyErr> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("chatkeep.errors").map(Bound::unbind))?;
    let class = module.bind(py).getattr(class)?.cast_into::<PyType>()?;
    let details = PyDict::new(py);
    details.set_item("field", error.field())?;
    details.set_item("retryable", error.is_retryable())?;
    details.set_item("operation", error.operation())?;
    if let Some(state) = error.schema_state() {
        details.set_item("state", state.name())?;
    }
    let raised = PyErr::from_value(class.call((error.to_string(),), Some(&details))?);
    raised.set_cause(py, error.source().map(|source| cause(py, source)));
    Ok(raised)
}

/// Converts a source error and its own sources to chained exceptions.
fn cause(py: Python<'_>, source: &(dyn StdError + 'static)) -> PyErr {
    let raised = PyException::new_err(source.to_string());
    raised.set_cause(py, source.source().map(|source| cause(py, source)));
    raised
}
