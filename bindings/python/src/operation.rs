//! The operations by name, and the calls of every one of them.

use std::sync::LazyLock;

use chatkeep::Error;
use chatkeep::operation::{DefaultValue, Field, Operation as Described, Prepared, Value};
use pyo3::exceptions::{PyLookupError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::answers;
use crate::arguments::{self, ResultKeys};
use crate::asynchronous;
use crate::call::enter;
use crate::errors::{ArgError, ArgResult};
use crate::store::Store;
use crate::tuned::{self, Body};

/// All operations.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let interfaces = chatkeep_transfer::interfaces();
    let operations = interfaces.flat_map(|interface| {
        interface.operations.iter().map(move |operation| (interface.name, operation))
    });
    let entry = |(interface, operation): (&'static str, &'static Described)| Entry {
        interface,
        operation,
        fields: operation.fields(),
        body: tuned::body(interface, operation.name),
    };
    operations.map(entry).collect()
});

/// Returns the operation whose outcomes the write path delivers.
pub(crate) fn log_message() -> &'static Entry {
    static ENTRY: LazyLock<Option<&'static Entry>> =
        LazyLock::new(|| find("messages", "log_message"));
    ENTRY.expect("log_message is an operation")
}

fn find(interface: &str, name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.interface == interface && entry.name() == name)
}

/// An operation, and how it is called.
pub(crate) struct Entry {
    interface: &'static str,
    operation: &'static Described,
    pub(crate) fields: Vec<Field>,
    body: Body,
}

/// A call with converted arguments.
struct Call {
    prepared: Prepared,
    keys: ResultKeys,
}

impl Entry {
    pub(crate) fn name(&self) -> &'static str {
        self.operation.name
    }

    /// Converts the arguments, which are in the order of the described parameters.
    pub(crate) fn values(
        &self,
        given: &Bound<'_, PyTuple>,
        keys: &mut ResultKeys,
    ) -> ArgResult<Vec<Value>> {
        let (expected, actual) = (self.fields.len(), given.len());
        if actual != expected {
            let message = format!("{} takes {expected} arguments, not {actual}", self.name());
            return Err(PyTypeError::new_err(message).into());
        }
        let convert = |(field, given): (&Field, Bound<'_, PyAny>)| {
            // `None` stands for a default, because callers pass on their own optional arguments.
            let has_default =
                !matches!(field.default, DefaultValue::Required | DefaultValue::Nothing);
            if has_default && given.is_none() {
                return Ok(Value::Missing);
            }
            arguments::value(field.name, &field.ty, &given, keys)
        };
        self.fields.iter().zip(given.iter()).map(convert).collect()
    }

    /// Returns the error with the argument's name in place of the library's field.
    pub(crate) fn rename(&self, error: Error) -> Error {
        self.operation.rename(&self.fields, error)
    }

    fn parse(&self, given: &Bound<'_, PyTuple>) -> ArgResult<Call> {
        let mut keys = ResultKeys::default();
        let values = self.values(given, &mut keys)?;
        match self.operation.prepare(&self.fields, values) {
            Ok(prepared) => Ok(Call { prepared, keys }),
            Err(error) => Err(ArgError::Input(keys.respell(error))),
        }
    }

    fn run(
        &self,
        chat: &chatkeep::Chatkeep,
        call: Call,
    ) -> chatkeep::Result<Box<dyn chatkeep::operation::Answer>> {
        (call.prepared)(chat).map_err(|error| call.keys.respell(self.rename(error)))
    }
}

/// An operation. It is looked up once, when the package is imported.
#[pyclass(frozen, module = "chatkeep._native")]
pub(crate) struct Operation {
    pub(crate) entry: &'static Entry,
}

#[pymethods]
impl Operation {
    fn __repr__(&self) -> String {
        format!("<chatkeep operation {}.{}>", self.entry.interface, self.entry.name())
    }
}

/// Returns an operation.
///
/// Raises:
///     LookupError: The operation does not exist.
#[pyfunction]
pub(crate) fn operation(interface: &str, name: &str) -> PyResult<Operation> {
    let missing = || PyLookupError::new_err(format!("no operation {interface}.{name}"));
    Ok(Operation { entry: find(interface, name).ok_or_else(missing)? })
}

/// Runs an operation, and returns its result.
///
/// The arguments are in the order of the described parameters.
#[pyfunction]
pub(crate) fn call<'py>(
    py: Python<'py>,
    store: &Bound<'py, Store>,
    operation: &Bound<'py, Operation>,
    arguments: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    let (handle, entry) = (store.get().handle(), operation.get().entry);
    match entry.body {
        Body::Cached(cached) => {
            if let Some(answer) = cached(py, handle, entry, arguments)? {
                return Ok(answer);
            }
        }
        Body::Own { call: Some(call), .. } => return call(py, handle, entry, arguments),
        Body::Generic | Body::Own { .. } => {}
    }
    enter(
        py,
        handle,
        entry.name(),
        || entry.parse(arguments),
        |chat, call| entry.run(chat, call),
        |py, answer| answers::to_python(py, &*answer),
    )
}

/// Submits an operation, and returns a future of the running event loop.
///
/// The arguments are in the order of the described parameters.
#[pyfunction]
pub(crate) fn submit<'py>(
    py: Python<'py>,
    store: &Bound<'py, Store>,
    operation: &Bound<'py, Operation>,
    arguments: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    let (handle, entry) = (store.get().handle(), operation.get().entry);
    if let Body::Own { submit: Some(submit), .. } = entry.body {
        return submit(py, handle, entry, arguments);
    }
    asynchronous::submit(
        py,
        handle,
        entry.name(),
        || entry.parse(arguments),
        |chat, call| entry.run(chat, call),
        |py, answer| answers::to_python(py, &*answer),
    )
}

/// Returns the cached result of an operation, or `None` if it requires the database.
///
/// Only operations with a cache can be passed.
#[pyfunction]
pub(crate) fn cached<'py>(
    py: Python<'py>,
    store: &Bound<'py, Store>,
    operation: &Bound<'py, Operation>,
    arguments: &Bound<'py, PyTuple>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let entry = operation.get().entry;
    match entry.body {
        Body::Cached(cached) => cached(py, store.get().handle(), entry, arguments),
        _ => Ok(None),
    }
}
