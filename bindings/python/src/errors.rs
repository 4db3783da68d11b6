//! From chatkeep's one error to one Python exception class for each kind. The classes stand in `chatkeep/errors.py`.

use std::error::Error as StdError;

use chatkeep::{Error, ErrorKind};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use crate::names;

/// Why arguments were not taken. The field is the caller's own argument.
pub(crate) enum Refusal {
    /// The value cannot be.
    Input(Error),
    /// It is of a type that cannot be.
    Type(Error),
    /// Python code that was asked for the value failed.
    Python(PyErr),
}

impl Refusal {
    /// A value of a type that cannot be taken; `wanted` says what can.
    pub(crate) fn wrong_type(field: &str, wanted: &str, given: &Bound<'_, PyAny>) -> Self {
        // With its module: numpy has a `bool` of its own.
        let name = given.get_type().fully_qualified_name();
        let name = name.map_or_else(|_| "?".to_owned(), |name| name.to_string());
        Self::Type(Error::invalid_input(field.to_owned(), format!("must be {wanted}, not {name}")))
    }

    /// A value that cannot be taken.
    pub(crate) fn input(field: &str, message: impl Into<String>) -> Self {
        Self::Input(Error::invalid_input(field.to_owned(), message.into()))
    }

    /// The same of another field.
    pub(crate) fn about(self, field: impl FnOnce(&str) -> String) -> Self {
        let renamed = |error: Error| {
            let name = field(error.field().unwrap_or_default());
            error.with_field(name)
        };
        match self {
            Self::Input(error) => Self::Input(renamed(error)),
            Self::Type(error) => Self::Type(renamed(error)),
            Self::Python(error) => Self::Python(error),
        }
    }

    pub(crate) fn raise(self, py: Python<'_>, operation: &'static str) -> PyErr {
        match self {
            Self::Input(error) => {
                exception(py, class_name(error.kind()), &error.with_operation(operation))
            }
            Self::Type(error) => {
                exception(py, "InvalidTypeError", &error.with_operation(operation))
            }
            Self::Python(error) => error,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Input(names::of_caller(error))
    }
}

impl From<PyErr> for Refusal {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

/// The exception for this error of the library's, which names the caller's own argument.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, class_name(error.kind()), &names::of_caller(error.clone()))
}

fn class_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Configuration => "ConfigurationError",
        ErrorKind::InvalidInput => "InvalidInputError",
        ErrorKind::Unavailable => "UnavailableError",
        ErrorKind::PoolTimeout => "PoolTimeoutError",
        ErrorKind::OutcomeUnknown => "OutcomeUnknownError",
        ErrorKind::Conflict => "ConflictError",
        ErrorKind::StorageFull => "StorageFullError",
        ErrorKind::ReadOnly => "ReadOnlyError",
        ErrorKind::Corrupt => "CorruptError",
        ErrorKind::Schema(_) => "SchemaError",
        ErrorKind::Interrupted => "CallInterruptedError",
        _ => "InternalError",
    }
}

fn exception(py: Python<'_>, class: &str, error: &Error) -> PyErr {
    make(py, class, error).unwrap_or_else(|failure| failure)
}

fn make(py: Python<'_>, class: &str, error: &Error) -> PyResult<PyErr> {
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

/// What lies underneath, as far as it goes.
fn cause(py: Python<'_>, source: &(dyn StdError + 'static)) -> PyErr {
    let raised = PyException::new_err(source.to_string());
    raised.set_cause(py, source.source().map(|source| cause(py, source)));
    raised
}
