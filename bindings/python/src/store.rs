//! The class `Chatkeep`.

use std::time::Duration;

use pyo3::prelude::*;

use crate::arguments::{self, Given, Settings};
use crate::database::DatabaseManager;
use crate::door;
use crate::errors::Refusal;
use crate::messages::MessageLogger;
use crate::tokens::TokenManager;
use chatkeep::{Handle, SharedHandle};

/// The patience of `flush` and `close`, in seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A chat backend's database: its messages, its tokens, and itself.
///
/// Nothing is opened before the first call; the schema is made, or brought up to date, by then. One object serves any
/// number of threads. What is not set here comes from the environment.
///
/// Args:
///     url (str | None): The database, for example ``sqlite:///chat.db`` or ``postgresql://user:password@host/name``.
///         Without it, ``DATABASE_URL`` and its like.
///     pool_size (int | None): Connections that are kept (``DB_POOL_SIZE``).
///     max_overflow (int | None): More connections under load (``DB_MAX_OVERFLOW``).
///     pool_timeout (float | None): Seconds to wait for a free connection (``DB_POOL_TIMEOUT``).
///     pool_recycle (float | None): Maximum connection lifetime in seconds; 0 or -1 is no limit (``DB_POOL_RECYCLE``).
///     pool_pre_ping (bool | None): Whether an idle connection is checked before use (``DB_POOL_PRE_PING``).
///     connect_timeout (float | None): Seconds to connect (``DB_CONNECT_TIMEOUT``).
///     query_timeout (float | None): Seconds for one call (``DB_QUERY_TIMEOUT``).
///     max_retries (int | None): Times ``retry_delay``: seconds to wait for a database at start-up (``DB_MAX_RETRIES``).
///     retry_delay (float | None): Maximum pause between two attempts at start-up (``DB_RETRY_DELAY``).
///     auto_migrate (bool | None): Whether the schema is brought up to date automatically (``DB_AUTO_MIGRATE``).
///     writers (int | None): Connections that write messages of concurrent callers (``DB_WRITERS``).
///     token_cache (float | None): Seconds for which a token lookup is cached (``TOKEN_CACHE_SECONDS``).
///
/// Raises:
///     ConfigurationError: The URL or a setting is invalid; ``field`` is the argument, or the variable that holds it.
///
/// Examples:
///     >>> from chatkeep import Chatkeep
///     >>> with Chatkeep("sqlite:///:memory:") as chat:
///     ...     message_id = chat.message_logger.log_message("What is WAL?", "Write-ahead logging.")
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
    /// DatabaseManager: The database itself.
    db_manager: Py<DatabaseManager>,
}

/// The store that the environment names. No variable is read before its first use.
///
/// Returns:
///     Chatkeep: The same store at every call.
#[pyfunction]
pub(crate) fn from_environment(py: Python<'_>) -> PyResult<Chatkeep> {
    Chatkeep::of(py, Handle::environment())
}

impl Chatkeep {
    pub(crate) fn handle(&self) -> SharedHandle {
        SharedHandle::clone(&self.handle)
    }

    fn of(py: Python<'_>, handle: SharedHandle) -> PyResult<Self> {
        Ok(Self {
            message_logger: Py::new(py, MessageLogger::of(&handle))?,
            token_manager: Py::new(py, TokenManager::of(&handle))?,
            db_manager: Py::new(py, DatabaseManager::of(&handle))?,
            handle,
        })
    }
}

#[pymethods]
impl Chatkeep {
    #[new]
    #[pyo3(signature = (url=None, *, pool_size=None, max_overflow=None, pool_timeout=None, pool_recycle=None,
        pool_pre_ping=None, connect_timeout=None, query_timeout=None, max_retries=None, retry_delay=None,
        auto_migrate=None, writers=None, token_cache=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
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
        let handle =
            door::enter_at_once(py, "Chatkeep", || Ok(Handle::own(settings.builder()?.open()?)))?;
        Self::of(py, handle)
    }

    /// Waits until everything that was handed in before has ended: asynchronous calls, and the noting of when tokens
    /// were used.
    ///
    /// Args:
    ///     timeout (float): Seconds.
    ///
    /// Raises:
    ///     UnavailableError: It takes longer. What has not ended goes on.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn flush(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        flush(py, &self.handle, timeout)
    }

    /// Takes no more calls, waits for those under way, and closes all connections. Later calls raise
    /// ``UnavailableError``. Closing twice does nothing more.
    ///
    /// Args:
    ///     timeout (float): Seconds.
    ///
    /// Raises:
    ///     UnavailableError: Calls had not ended by then.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn close(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        close(py, &self.handle, timeout)
    }

    /// Returns:
    ///     Chatkeep: This object.
    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Closes.
    ///
    /// Args:
    ///     kind (object): Not looked at.
    ///     value (object): Not looked at.
    ///     traceback (object): Not looked at.
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
        shown(&self.handle, "chatkeep.Chatkeep")
    }
}

/// How long to wait, by default 30 s.
pub(crate) fn patience(timeout: Option<Given<'_, '_>>) -> Result<Duration, Refusal> {
    timeout.map_or(Ok(PATIENCE), |given| arguments::seconds("timeout", given))
}

/// As `repr` shows it: the URL without its password.
pub(crate) fn shown(handle: &Handle, class: &str) -> String {
    match handle.opened() {
        Some(chat) => format!("<{class} {}>", chat.database().database_url()),
        None => format!("<{class} of the environment, not yet used>"),
    }
}

pub(crate) fn flush(
    py: Python<'_>,
    handle: &Handle,
    timeout: Option<Given<'_, '_>>,
) -> PyResult<()> {
    door::enter_if_open(
        py,
        "flush",
        || patience(timeout),
        || handle.opened(),
        |chat, timeout| chat.flush(timeout),
    )
}

pub(crate) fn close(
    py: Python<'_>,
    handle: &Handle,
    timeout: Option<Given<'_, '_>>,
) -> PyResult<()> {
    door::enter_if_open(
        py,
        "close",
        || patience(timeout),
        || handle.take(),
        |chat, timeout| chat.close(timeout),
    )
}
