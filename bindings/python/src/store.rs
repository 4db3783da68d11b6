//! The class `Chatkeep`.

use std::time::Duration;

use chatkeep::ChatkeepBuilder;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::arguments::{self, Given};
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
///     connect_timeout (float | None): Seconds to connect (``DB_CONNECT_TIMEOUT``).
///     query_timeout (float | None): Seconds for one call (``DB_QUERY_TIMEOUT``).
///     auto_migrate (bool | None): Whether the schema is brought up to date by itself (``DB_AUTO_MIGRATE``).
///     writers (int | None): Connections over which messages of callers at the same time are written (``DB_WRITERS``).
///     token_cache (float | None): Seconds for which the database's word on a token is good (``TOKEN_CACHE_SECONDS``).
///
/// Raises:
///     ConfigurationError: The URL or a setting cannot be understood.
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

/// What a store can be told.
pub(crate) struct Settings<'a, 'py> {
    pub(crate) url: Option<Given<'a, 'py>>,
    pub(crate) pool_size: Option<Given<'a, 'py>>,
    pub(crate) max_overflow: Option<Given<'a, 'py>>,
    pub(crate) pool_timeout: Option<Given<'a, 'py>>,
    pub(crate) connect_timeout: Option<Given<'a, 'py>>,
    pub(crate) query_timeout: Option<Given<'a, 'py>>,
    pub(crate) auto_migrate: Option<Given<'a, 'py>>,
    pub(crate) writers: Option<Given<'a, 'py>>,
    pub(crate) token_cache: Option<Given<'a, 'py>>,
}

impl Settings<'_, '_> {
    pub(crate) fn open(&self) -> Result<SharedHandle, Refusal> {
        fn set<T>(
            builder: ChatkeepBuilder,
            value: Option<T>,
            setter: impl FnOnce(ChatkeepBuilder, T) -> ChatkeepBuilder,
        ) -> ChatkeepBuilder {
            match value {
                Some(value) => setter(builder, value),
                None => builder,
            }
        }
        let count = |name, given: Option<_>| given.map_or(Ok(None), |given| arguments::count(name, given));
        let seconds =
            |name, given: Option<_>| given.map_or(Ok(None), |given| arguments::optional_seconds(name, given));
        let builder = chatkeep::Chatkeep::builder();
        let url = self.url.map_or(Ok(None), |given| arguments::optional_text("url", given))?;
        let builder = set(builder, url, |builder, url| builder.url(url));
        let builder = set(builder, count("pool_size", self.pool_size)?, ChatkeepBuilder::pool_size);
        let builder = set(builder, count("max_overflow", self.max_overflow)?, ChatkeepBuilder::max_overflow);
        let builder =
            set(builder, seconds("pool_timeout", self.pool_timeout)?, ChatkeepBuilder::pool_timeout);
        let builder =
            set(builder, seconds("connect_timeout", self.connect_timeout)?, ChatkeepBuilder::connect_timeout);
        let builder =
            set(builder, seconds("query_timeout", self.query_timeout)?, ChatkeepBuilder::query_timeout);
        let builder = set(builder, switch("auto_migrate", self.auto_migrate)?, ChatkeepBuilder::auto_migrate);
        let builder = set(builder, count("writers", self.writers)?, ChatkeepBuilder::writers);
        let builder = set(builder, seconds("token_cache", self.token_cache)?, ChatkeepBuilder::token_cache);
        Ok(Handle::own(builder.open()?))
    }
}

fn switch(field: &str, given: Option<Given<'_, '_>>) -> Result<Option<bool>, Refusal> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
    let switch = given.cast::<PyBool>().map_err(|_| Refusal::wrong_type(field, "a bool or None", given))?;
    Ok(Some(switch.is_true()))
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
    #[pyo3(signature = (url=None, *, pool_size=None, max_overflow=None, pool_timeout=None, connect_timeout=None,
        query_timeout=None, auto_migrate=None, writers=None, token_cache=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        url: Option<&Bound<'_, PyAny>>,
        pool_size: Option<&Bound<'_, PyAny>>,
        max_overflow: Option<&Bound<'_, PyAny>>,
        pool_timeout: Option<&Bound<'_, PyAny>>,
        connect_timeout: Option<&Bound<'_, PyAny>>,
        query_timeout: Option<&Bound<'_, PyAny>>,
        auto_migrate: Option<&Bound<'_, PyAny>>,
        writers: Option<&Bound<'_, PyAny>>,
        token_cache: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let settings = Settings {
            url,
            pool_size,
            max_overflow,
            pool_timeout,
            connect_timeout,
            query_timeout,
            auto_migrate,
            writers,
            token_cache,
        };
        let handle = door::enter_at_once(py, "Chatkeep", || settings.open())?;
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

pub(crate) fn flush(py: Python<'_>, handle: &Handle, timeout: Option<Given<'_, '_>>) -> PyResult<()> {
    door::enter_if_open(
        py,
        "flush",
        || patience(timeout),
        || handle.opened(),
        |chat, timeout| chat.flush(timeout),
    )
}

pub(crate) fn close(py: Python<'_>, handle: &Handle, timeout: Option<Given<'_, '_>>) -> PyResult<()> {
    door::enter_if_open(
        py,
        "close",
        || patience(timeout),
        || handle.take(),
        |chat, timeout| chat.close(timeout),
    )
}
