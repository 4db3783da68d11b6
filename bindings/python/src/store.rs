//! The class `Store`.

use chatkeep::{Handle, SharedHandle};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::{builder, cursor_after_message};
use crate::call::enter_nonblocking;

/// The database of a ``chatkeep.Chatkeep``, which has the documentation of the settings.
#[pyclass(frozen, module = "chatkeep._native")]
pub(crate) struct Store {
    handle: SharedHandle,
}

impl Store {
    pub(crate) fn handle(&self) -> &SharedHandle {
        &self.handle
    }
}

#[pymethods]
impl Store {
    #[new]
    fn new(url: &Bound<'_, PyAny>, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        enter_nonblocking(url.py(), "Chatkeep", || {
            Ok(Self { handle: Handle::own(builder(url, settings)?.open()?) })
        })
    }

    /// Returns the store that the environment variables configure.
    #[staticmethod]
    fn from_environment() -> Self {
        Self { handle: Handle::environment() }
    }

    /// Returns the ``repr`` of an object of a class: the URL without its password.
    fn describe(&self, class_name: &str) -> String {
        match self.handle.opened() {
            Some(chat) => format!("<{class_name} {}>", chat.database().database_url()),
            None => format!("<{class_name} from the environment, not opened yet>"),
        }
    }
}

/// Returns the cursor of the position after a message.
#[pyfunction]
pub(crate) fn cursor_after(py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<String> {
    enter_nonblocking(py, "cursor_after", || {
        Ok(cursor_after_message("message", message)?.to_string())
    })
}
