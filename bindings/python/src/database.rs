//! The class `DatabaseManager`.

use std::path::PathBuf;

use chatkeep::MigrateCall;
use chatkeep_transfer::MovingIn as _;
use pyo3::prelude::*;
use pyo3::types::PyAny;

use crate::arguments::{self, Migrate, migrate};
use crate::door;
use crate::json;
use chatkeep::SharedHandle;

/// The database itself: where it is, how it is, which schema it has.
///
/// Examples:
///     >>> from chatkeep import Chatkeep
///     >>> db = Chatkeep("postgresql://bot:secret@db.example/chat").db_manager
///     >>> db.db_type, db.database_url
///     ('postgresql', 'postgresql://bot:***@db.example/chat')
#[pyclass(frozen, weakref, module = "chatkeep")]
pub(crate) struct DatabaseManager {
    handle: SharedHandle,
}

impl DatabaseManager {
    pub(crate) fn of(handle: &SharedHandle) -> Self {
        Self { handle: SharedHandle::clone(handle) }
    }
}

#[pymethods]
impl DatabaseManager {
    /// str: The engine that the URL names: ``sqlite``, ``postgresql``, ``mysql`` or ``mariadb``.
    #[getter]
    fn db_type(&self, py: Python<'_>) -> PyResult<&'static str> {
        door::enter_at_once(py, "db_type", || Ok(self.handle.chat()?.database().engine().name()))
    }

    /// str: The URL, with ``***`` in the password's place.
    #[getter]
    fn database_url(&self, py: Python<'_>) -> PyResult<String> {
        door::enter_at_once(py, "database_url", || {
            Ok(self.handle.chat()?.database().database_url())
        })
    }

    /// How many connections there are, and who has them.
    ///
    /// Returns:
    ///     PoolStatus: ``pool_size``, ``checked_in``, ``checked_out``, ``overflow``, ``total``, ``max``, ``waiting``.
    fn pool_status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let status = |chat: &chatkeep::Chatkeep, ()| Ok(chat.database().pool_status());
        door::enter(
            py,
            &self.handle,
            "pool_status",
            || Ok(()),
            status,
            |py, status| json::of(py, &status),
        )
    }

    /// Waits until the database answers and its schema is as it should be, for ``DB_MAX_RETRIES`` x ``DB_RETRY_DELAY``.
    ///
    /// Raises:
    ///     UnavailableError: The time is over.
    ///     ConfigurationError: Waiting would not help, as with a wrong password.
    fn wait_until_ready(&self, py: Python<'_>) -> PyResult<()> {
        let wait = |chat: &chatkeep::Chatkeep, ()| chat.database().wait_until_ready();
        door::enter(py, &self.handle, "wait_until_ready", || Ok(()), wait, |_, ()| Ok(()))
    }

    /// Asks the database for a sign of life. A schema that does not fit is no error here: ``ok`` is false, and ``schema`` says
    /// in what way.
    ///
    /// Returns:
    ///     Health: ``ok``, ``engine``, ``server_version``, ``latency_ms``, ``schema`` and ``pool``.
    ///
    /// Raises:
    ///     UnavailableError: It does not answer.
    fn health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let look = |chat: &chatkeep::Chatkeep, ()| chat.database().health();
        door::enter(py, &self.handle, "health", || Ok(()), look, |py, health| json::of(py, &health))
    }

    /// Where the database stands among the migrations of this version. Nothing is changed.
    ///
    /// Returns:
    ///     MigrationStatus: The keys of ``chatkeep migrate current --json``.
    fn migration_status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let look = |chat: &chatkeep::Chatkeep, ()| chat.database().migration_status();
        door::enter(
            py,
            &self.handle,
            "migration_status",
            || Ok(()),
            look,
            |py, status| json::of(py, &status),
        )
    }

    /// Runs the migrations that are pending, whatever ``DB_AUTO_MIGRATE`` says.
    ///
    /// Returns:
    ///     list[str]: Their names.
    ///
    /// Raises:
    ///     SchemaError: The schema is newer than this version.
    fn upgrade(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let upgrade = |chat: &chatkeep::Chatkeep, ()| chat.database().upgrade();
        door::enter(py, &self.handle, "upgrade", || Ok(()), upgrade, |_, names| Ok(names))
    }

    /// Does what a verb of the command ``chatkeep migrate`` does: ``upgrade``, ``downgrade``, ``current``, ``history``,
    /// ``stamp``, ``check``, ``sql`` or ``new``, with an application's own migrations behind chatkeep's.
    ///
    /// Args:
    ///     verb (str): What to do.
    ///     revision (str | None): How far; ``head``, or ``-1`` for ``downgrade``, when left out. A version, the beginning of
    ///         one, or a name.
    ///     folder (str | PathLike[str] | None): The application's migrations: ``NAME/up.sql`` and ``NAME/down.sql``.
    ///     from_revision (str | None): Where the script of ``sql`` begins; at what the database has, when left out.
    ///     description (str | None): What a ``new`` migration does.
    ///     per_engine (bool): Whether there is a ``new`` one for each engine.
    ///
    /// Returns:
    ///     dict[str, Any]: ``applied``, ``reverted``, ``changed``, ``sql`` or ``files``; for ``history`` ``migrations``; for
    ///     ``current`` ``state`` and the keys of ``migration_status``; for ``check`` ``matches``, ``state``, ``differences``
    ///     and ``messages``.
    ///
    /// Raises:
    ///     SchemaError: The history does not fit, or the database refuses a migration.
    ///     InvalidInputError: There is no such verb or revision, or a file is not as it should be.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> chat = Chatkeep("sqlite:///:memory:")
    ///     >>> chat.db_manager.migrate("check")["matches"]
    ///     True
    #[pyo3(signature = (verb, revision=None, *, folder=None, from_revision=None, description=None, per_engine=None),
        text_signature = "($self, verb, revision=None, *, folder=None, from_revision=None, description=None, per_engine=False)")]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn migrate<'py>(
        &self,
        py: Python<'py>,
        verb: &Bound<'py, PyAny>,
        revision: Option<&Bound<'py, PyAny>>,
        folder: Option<&Bound<'py, PyAny>>,
        from_revision: Option<&Bound<'py, PyAny>>,
        description: Option<&Bound<'py, PyAny>>,
        per_engine: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let given = Migrate { verb, revision, folder, from_revision, description, per_engine };
        let work = |chat: &chatkeep::Chatkeep, call: MigrateCall| chat.database().migrate(&call);
        door::enter(
            py,
            &self.handle,
            "migrate",
            || migrate(&given),
            work,
            |py, answer| json::of(py, &answer),
        )
    }

    /// Whether there is a search index.
    ///
    /// Returns:
    ///     str: ``absent``, ``ready``, ``unfinished`` or ``unsupported``.
    fn search_index(&self, py: Python<'_>) -> PyResult<&'static str> {
        let look = |chat: &chatkeep::Chatkeep, ()| chat.database().search_index();
        door::enter(py, &self.handle, "search_index", || Ok(()), look, |_, state| Ok(state.name()))
    }

    /// Makes a search index, with which rare words are found at once in a large log, for some room and time at every
    /// message. On SQLite and MySQL writers wait meanwhile.
    ///
    /// Returns:
    ///     bool: False when it is there already.
    ///
    /// Raises:
    ///     ConfigurationError: On MariaDB, which has none, and where ``pg_trgm`` may not be added.
    fn create_search_index(&self, py: Python<'_>) -> PyResult<bool> {
        let create = |chat: &chatkeep::Chatkeep, ()| chat.database().create_search_index();
        door::enter(py, &self.handle, "create_search_index", || Ok(()), create, |_, made| Ok(made))
    }

    /// Drops the search index.
    ///
    /// Returns:
    ///     bool: False when there was none.
    fn drop_search_index(&self, py: Python<'_>) -> PyResult<bool> {
        let drop = |chat: &chatkeep::Chatkeep, ()| chat.database().drop_search_index();
        door::enter(
            py,
            &self.handle,
            "drop_search_index",
            || Ok(()),
            drop,
            |_, dropped| Ok(dropped),
        )
    }

    /// Takes over the messages and tokens of a SQLite file that another chat program left behind (``chatbot.db``,
    /// ``tokens.db``, or one that SQLAlchemy made), all or none. The file is not changed. Ids are kept where they are free,
    /// tokens stay valid, and what an earlier run has stored is passed over.
    ///
    /// Args:
    ///     path (str | os.PathLike[str]): The file.
    ///
    /// Returns:
    ///     ImportReport: What was found and stored, with the keys of ``chatkeep db import-legacy --json``.
    ///
    /// Raises:
    ///     InvalidInputError: A row cannot be stored as it is, or a table has columns with no place here, which are named; the
    ///         command lists such rows, and can store them.
    ///     CorruptError: The file is damaged, or no SQLite file.
    fn migrate_from_old_sqlite<'py>(
        &self,
        py: Python<'py>,
        path: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let import = |chat: &chatkeep::Chatkeep, path: PathBuf| chat.migrate_from_old_sqlite(path);
        door::enter(
            py,
            &self.handle,
            "migrate_from_old_sqlite",
            || arguments::path("path", path),
            import,
            |py, report| json::of(py, &report),
        )
    }

    /// As ``Chatkeep.close``. The environment's store is opened anew at its next use.
    ///
    /// Args:
    ///     timeout (float): Seconds.
    ///
    /// Raises:
    ///     UnavailableError: Calls had not ended by then.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn close(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        crate::store::close(py, &self.handle, timeout)
    }

    fn __repr__(&self) -> String {
        crate::store::shown(&self.handle, "chatkeep.DatabaseManager")
    }
}
