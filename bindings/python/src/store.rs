//! The class `Store`.

use chatkeep::{Handle, SharedHandle};
use pyo3::prelude::*;

use crate::arguments::{Settings, cursor_after_message};
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
    #[pyo3(signature = (
        url=None, *, pool_size=None, max_overflow=None, pool_timeout=None, pool_recycle=None,
        pool_pre_ping=None, connect_timeout=None, query_timeout=None, max_retries=None,
        retry_delay=None, auto_migrate=None, writers=None, token_cache=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
    fn new(
        py: Python<'_>,
        url: Option<&Bound<'_, PyAny>>,
        pool_size: Option<&Bound<'_, PyAny>>,
        max_overflow: Option<&Bound<'_, PyAny>>,
        pool_timeout: Option<&Bound<'_, PyAny>>,
        pool_recycle: Option<&Bound<'_, PyAny>>,
        pool_pre_ping: Option<&Bound<'_, PyAny>>,
        connect_timeout: Option<&Bound<'_, PyAny>>,
        query_timeout: Option<&Bound<'_, PyAny>>,
        max_retries: Option<&Bound<'_, PyAny>>,
        retry_delay: Option<&Bound<'_, PyAny>>,
        auto_migrate: Option<&Bound<'_, PyAny>>,
        writers: Option<&Bound<'_, PyAny>>,
        token_cache: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let settings = Settings {
            url,
            pool_size,
            max_overflow,
            pool_timeout,
            pool_recycle,
            pool_pre_ping,
            connect_timeout,
            query_timeout,
            max_retries,
            retry_delay,
            auto_migrate,
            writers,
            token_cache,
        };
        enter_nonblocking(py, "Chatkeep", || {
            Ok(Self { handle: Handle::own(settings.builder()?.open()?) })
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
