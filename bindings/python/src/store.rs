//! The class `Chatkeep`.

use std::time::Duration;

use pyo3::prelude::*;

use crate::arguments::{self, PyArg, Settings};
use crate::call;
use crate::database::DatabaseManager;
use crate::errors::ArgResult;
use crate::messages::MessageLogger;
use crate::tokens::TokenManager;
use chatkeep::{Handle, SharedHandle};

/// Default timeout of `flush` and `close`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Stores the messages and API tokens of a chat backend in one database.
///
/// The first call opens the database, and creates or upgrades its schema. An instance is safe to
/// use from any number of threads. Settings that are not passed are read from the environment.
///
/// Args:
///     url (str | None): Database URL, for example ``sqlite:///chat.db`` or
///         ``postgresql://user:password@host/name``. Defaults to ``DATABASE_URL`` or the other
///         variables that name a database.
///     pool_size (int | None): Number of connections to keep open (``DB_POOL_SIZE``).
///     max_overflow (int | None): Maximum number of additional connections under load
///         (``DB_MAX_OVERFLOW``).
///     pool_timeout (float | None): Maximum wait for a free connection, in seconds
///         (``DB_POOL_TIMEOUT``).
///     pool_recycle (float | None): Maximum connection lifetime, in seconds; 0 or -1 for no limit
///         (``DB_POOL_RECYCLE``).
///     pool_pre_ping (bool | None): Whether to check an idle connection before use
///         (``DB_POOL_PRE_PING``).
///     connect_timeout (float | None): Timeout for connecting, in seconds (``DB_CONNECT_TIMEOUT``).
///     query_timeout (float | None): Timeout of a call, in seconds (``DB_QUERY_TIMEOUT``).
///     max_retries (int | None): Maximum wait for the database at start-up, as a multiple of
///         ``retry_delay`` (``DB_MAX_RETRIES``).
///     retry_delay (float | None): Maximum delay between two attempts at start-up, in seconds
///         (``DB_RETRY_DELAY``).
///     auto_migrate (bool | None): Whether to upgrade the schema automatically
///         (``DB_AUTO_MIGRATE``).
///     writers (int | None): Number of connections that write messages of concurrent callers
///         (``DB_WRITERS``).
///     token_cache (float | None): How long a token lookup is cached, in seconds
///         (``TOKEN_CACHE_SECONDS``).
///
/// Raises:
///     ConfigurationError: The URL or a setting is invalid. ``field`` is the argument, or the
///         environment variable.
///
/// Examples:
///     >>> from chatkeep import Chatkeep
///     >>> with Chatkeep("sqlite:///:memory:") as chat:
///     ...     message_id = chat.message_logger.log_message("Explain WAL.", "Write-ahead logging.")
///     ...     chat.message_logger.get_message_by_id(message_id)["bot_response"]
///     'Write-ahead logging.'
#[pyclass(frozen, weakref, module = "chatkeep")]
pub(crate) struct Chatkeep {
    handle: SharedHandle,
    #[pyo3(get)]
    /// MessageLogger: The message log.
    message_logger: Py<MessageLogger>,
    #[pyo3(get)]
    /// TokenManager: The API tokens.
    token_manager: Py<TokenManager>,
    #[pyo3(get)]
    /// DatabaseManager: Health, migrations and maintenance of the database.
    db_manager: Py<DatabaseManager>,
}

/// Returns the store that the environment variables configure.
///
/// The variables are read at its first use.
///
/// Returns:
///     Chatkeep: The store; every call returns the same one.
#[pyfunction]
pub(crate) fn from_environment(py: Python<'_>) -> PyResult<Chatkeep> {
    Chatkeep::from_handle(py, Handle::environment())
}

impl Chatkeep {
    pub(crate) fn handle(&self) -> SharedHandle {
        SharedHandle::clone(&self.handle)
    }

    fn from_handle(py: Python<'_>, handle: SharedHandle) -> PyResult<Self> {
        Ok(Self {
            message_logger: Py::new(py, MessageLogger::from_handle(&handle))?,
            token_manager: Py::new(py, TokenManager::from_handle(&handle))?,
            db_manager: Py::new(py, DatabaseManager::from_handle(&handle))?,
            handle,
        })
    }
}

#[pymethods]
impl Chatkeep {
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
        let handle = call::enter_nonblocking(py, "Chatkeep", || {
            Ok(Handle::own(settings.builder()?.open()?))
        })?;
        Self::from_handle(py, handle)
    }

    /// Waits for all earlier asynchronous calls, and for pending updates of token last-use times.
    ///
    /// Args:
    ///     timeout (float): Maximum wait, in seconds.
    ///
    /// Raises:
    ///     UnavailableError: The timeout expired. Unfinished operations continue.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn flush(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        flush(py, &self.handle, timeout)
    }

    /// Closes the store: rejects new calls, waits for active ones, and closes all connections.
    ///
    /// Later calls raise ``UnavailableError``. Closing a closed store has no effect.
    ///
    /// Args:
    ///     timeout (float): Maximum wait for active calls, in seconds.
    ///
    /// Raises:
    ///     UnavailableError: The timeout expired while calls were active.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn close(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        close(py, &self.handle, timeout)
    }

    /// Returns the store.
    ///
    /// Returns:
    ///     Chatkeep: This object.
    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Closes the store.
    ///
    /// Args:
    ///     kind (object): Ignored.
    ///     value (object): Ignored.
    ///     traceback (object): Ignored.
    fn __exit__(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let _ = (kind, value, traceback);
        close(py, &self.handle, None)
    }

    fn __repr__(&self) -> String {
        repr(&self.handle, "chatkeep.Chatkeep")
    }
}

/// Converts the timeout of `flush` and `close`; the default is 30 s.
pub(crate) fn wait_timeout(timeout: Option<PyArg<'_, '_>>) -> ArgResult<Duration> {
    timeout.map_or(Ok(DEFAULT_TIMEOUT), |given| arguments::seconds("timeout", given))
}

/// Returns the `repr` of an object of this class: the URL without its password.
pub(crate) fn repr(handle: &Handle, class: &str) -> String {
    match handle.opened() {
        Some(chat) => format!("<{class} {}>", chat.database().database_url()),
        None => format!("<{class} from the environment, not opened yet>"),
    }
}

pub(crate) fn flush(
    py: Python<'_>,
    handle: &Handle,
    timeout: Option<PyArg<'_, '_>>,
) -> PyResult<()> {
    call::enter_if_open(
        py,
        "flush",
        || wait_timeout(timeout),
        || handle.opened(),
        |chat, timeout| chat.flush(timeout),
    )
}

pub(crate) fn close(
    py: Python<'_>,
    handle: &Handle,
    timeout: Option<PyArg<'_, '_>>,
) -> PyResult<()> {
    call::enter_if_open(
        py,
        "close",
        || wait_timeout(timeout),
        || handle.take(),
        |chat, timeout| chat.close(timeout),
    )
}
