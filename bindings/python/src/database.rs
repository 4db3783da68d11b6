//! The class `DatabaseManager`.

use std::path::PathBuf;

use chatkeep::MigrateRequest;
use chatkeep_transfer::LegacyImport as _;
use pyo3::prelude::*;
use pyo3::types::PyAny;

use crate::arguments::{self, MigrateArgs, migrate_request};
use crate::call;
use crate::json;
use chatkeep::SharedHandle;

/// Reports the health of the database, and runs migrations and maintenance.
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
    pub(crate) fn from_handle(handle: &SharedHandle) -> Self {
        Self { handle: SharedHandle::clone(handle) }
    }
}

#[pymethods]
impl DatabaseManager {
    /// str: Database engine of the URL: ``sqlite``, ``postgresql``, ``mysql`` or ``mariadb``.
    #[getter]
    fn db_type(&self, py: Python<'_>) -> PyResult<&'static str> {
        call::enter_nonblocking(py, "db_type", || {
            Ok(self.handle.chat()?.database().engine().name())
        })
    }

    /// str: Database URL, with the password replaced by ``***``.
    #[getter]
    fn database_url(&self, py: Python<'_>) -> PyResult<String> {
        call::enter_nonblocking(py, "database_url", || {
            Ok(self.handle.chat()?.database().database_url())
        })
    }

    /// Returns the number of connections in the pool, by state.
    ///
    /// Returns:
    ///     PoolStatus: ``pool_size``, ``checked_in``, ``checked_out``, ``overflow``, ``total``,
    ///         ``max`` and ``waiting``. ``chatkeep.types.PoolStatus`` describes them.
    fn pool_status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let status = |chat: &chatkeep::Chatkeep, ()| Ok(chat.database().pool_status());
        call::enter(
            py,
            &self.handle,
            "pool_status",
            || Ok(()),
            status,
            |py, status| json::to_python(py, &status),
        )
    }

    /// Waits until the database is reachable and its schema is current.
    ///
    /// The maximum wait is ``DB_MAX_RETRIES`` times ``DB_RETRY_DELAY``.
    ///
    /// Raises:
    ///     UnavailableError: The maximum wait expired.
    ///     ConfigurationError: A setting is wrong, for example the password. Waiting cannot help.
    fn wait_until_ready(&self, py: Python<'_>) -> PyResult<()> {
        let wait = |chat: &chatkeep::Chatkeep, ()| chat.database().wait_until_ready();
        call::enter(py, &self.handle, "wait_until_ready", || Ok(()), wait, |_, ()| Ok(()))
    }

    /// Checks that the database responds, and that its schema is current.
    ///
    /// A schema mismatch is not an error here: ``ok`` is ``False`` and ``schema`` is the kind of
    /// mismatch, for example ``behind``. ``schema`` is ``head`` if the schema is current.
    ///
    /// Returns:
    ///     Health: ``ok``, ``engine``, ``server_version``, ``latency_ms``, ``schema`` and ``pool``.
    ///
    /// Raises:
    ///     UnavailableError: The database does not respond.
    fn health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let check = |chat: &chatkeep::Chatkeep, ()| chat.database().health();
        call::enter(
            py,
            &self.handle,
            "health",
            || Ok(()),
            check,
            |py, health| json::to_python(py, &health),
        )
    }

    /// Returns the applied and pending migrations, without changing the database.
    ///
    /// Returns:
    ///     MigrationStatus: ``applied``, ``pending`` and ``unknown``, as in the output of
    ///         ``chatkeep migrate current --json``.
    fn migration_status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let check = |chat: &chatkeep::Chatkeep, ()| chat.database().migration_status();
        call::enter(
            py,
            &self.handle,
            "migration_status",
            || Ok(()),
            check,
            |py, status| json::to_python(py, &status),
        )
    }

    /// Runs all pending migrations, regardless of ``DB_AUTO_MIGRATE``.
    ///
    /// Returns:
    ///     list[str]: Names of the migrations that were run.
    ///
    /// Raises:
    ///     SchemaError: The schema is newer than this version of chatkeep.
    fn upgrade(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let upgrade = |chat: &chatkeep::Chatkeep, ()| chat.database().upgrade();
        call::enter(py, &self.handle, "upgrade", || Ok(()), upgrade, |_, names| Ok(names))
    }

    /// Runs a verb of the command ``chatkeep migrate``.
    ///
    /// The verbs are ``upgrade``, ``downgrade``, ``current``, ``history``, ``stamp``, ``check``,
    /// ``sql`` and ``new``. The migrations of an application, if any, follow those of chatkeep.
    ///
    /// Args:
    ///     verb (str): Verb to run.
    ///     revision (str | None): Target revision: a version, the beginning of one, or a name. The
    ///         default is ``head``, or ``-1`` for ``downgrade``.
    ///     folder (str | PathLike[str] | None): Directory of the application's migrations. Each is
    ///         a pair of files, ``NAME/up.sql`` and ``NAME/down.sql``.
    ///     from_revision (str | None): First revision of the ``sql`` script. The default is the
    ///         current revision of the database.
    ///     description (str | None): Description of the ``new`` migration.
    ///     per_engine (bool): Whether ``new`` creates one migration per engine.
    ///
    /// Returns:
    ///     dict[str, Any]: The result, with keys that depend on the verb: ``applied``,
    ///         ``reverted``, ``changed``, ``sql`` or ``files``. ``history`` returns ``migrations``.
    ///         ``current`` returns ``state`` and the keys of ``migration_status``. ``check``
    ///         returns ``matches``, ``state``, ``differences`` and ``messages``.
    ///
    /// Raises:
    ///     SchemaError: The migration history does not match, or the database rejected a migration.
    ///     InvalidInputError: The verb or revision does not exist, or a migration file is invalid.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> chat = Chatkeep("sqlite:///:memory:")
    ///     >>> chat.db_manager.migrate("check")["matches"]
    ///     True
    #[pyo3(
        signature = (
            verb, revision=None, *, folder=None, from_revision=None, description=None,
            per_engine=None
        ),
        text_signature = "($self, verb, revision=None, *, folder=None, from_revision=None, \
            description=None, per_engine=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
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
        let given = MigrateArgs { verb, revision, folder, from_revision, description, per_engine };
        let run =
            |chat: &chatkeep::Chatkeep, request: MigrateRequest| chat.database().migrate(&request);
        call::enter(
            py,
            &self.handle,
            "migrate",
            || migrate_request(&given),
            run,
            |py, response| json::to_python(py, &response),
        )
    }

    /// Returns the state of the search index.
    ///
    /// Returns:
    ///     str: ``absent``, ``ready``, ``unfinished`` or ``unsupported``. Searches use only a
    ///         ``ready`` index. ``unfinished`` means that the index is being built, that its
    ///         build was interrupted, or that MySQL's ``ngram_token_size`` has changed since.
    ///         ``unsupported`` means that the engine is MariaDB.
    fn search_index(&self, py: Python<'_>) -> PyResult<&'static str> {
        let check = |chat: &chatkeep::Chatkeep, ()| chat.database().search_index();
        call::enter(py, &self.handle, "search_index", || Ok(()), check, |_, state| Ok(state.name()))
    }

    /// Creates a search index, which makes searches for rare words fast in a large message log.
    ///
    /// The index uses disk space and slows every insert. On SQLite and MySQL, writers are blocked
    /// while it is created.
    ///
    /// Returns:
    ///     bool: ``False`` if the index already exists.
    ///
    /// Raises:
    ///     ConfigurationError: The engine is MariaDB, which does not support a search index, or
    ///         PostgreSQL does not permit the extension ``pg_trgm``.
    fn create_search_index(&self, py: Python<'_>) -> PyResult<bool> {
        let create = |chat: &chatkeep::Chatkeep, ()| chat.database().create_search_index();
        call::enter(
            py,
            &self.handle,
            "create_search_index",
            || Ok(()),
            create,
            |_, created| Ok(created),
        )
    }

    /// Drops the search index.
    ///
    /// Returns:
    ///     bool: ``False`` if the index did not exist.
    fn drop_search_index(&self, py: Python<'_>) -> PyResult<bool> {
        let drop = |chat: &chatkeep::Chatkeep, ()| chat.database().drop_search_index();
        call::enter(
            py,
            &self.handle,
            "drop_search_index",
            || Ok(()),
            drop,
            |_, dropped| Ok(dropped),
        )
    }

    /// Imports the messages and tokens of a SQLite file from another chat program.
    ///
    /// The file may be a ``chatbot.db``, a ``tokens.db``, or a file created with SQLAlchemy. The
    /// import stores all rows or none, and does not change the file. A row keeps its id unless
    /// another row already has that id. Tokens remain valid. Rows that an earlier run imported are
    /// skipped.
    ///
    /// Args:
    ///     path (str | os.PathLike[str]): Path of the file.
    ///
    /// Returns:
    ///     ImportReport: The rows found and stored, as in the output of
    ///         ``chatkeep db import-legacy --json``.
    ///
    /// Raises:
    ///     InvalidInputError: A row has an invalid value, or a table has unknown columns; the
    ///         message names them. The command ``chatkeep db import-legacy`` lists such rows, and
    ///         with ``--force`` stores them where possible.
    ///     CorruptError: The file is damaged, or is not a SQLite file.
    fn migrate_from_old_sqlite<'py>(
        &self,
        py: Python<'py>,
        path: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let import = |chat: &chatkeep::Chatkeep, path: PathBuf| chat.migrate_from_old_sqlite(path);
        call::enter(
            py,
            &self.handle,
            "migrate_from_old_sqlite",
            || arguments::path("path", path),
            import,
            |py, report| json::to_python(py, &report),
        )
    }

    /// Closes the store; see ``Chatkeep.close``.
    ///
    /// A store that the environment variables configure opens again at its next use.
    ///
    /// Args:
    ///     timeout (float): Maximum wait for active calls, in seconds.
    ///
    /// Raises:
    ///     UnavailableError: The timeout expired while calls were active.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn close(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        crate::store::close(py, &self.handle, timeout)
    }

    fn __repr__(&self) -> String {
        crate::store::repr(&self.handle, "chatkeep.DatabaseManager")
    }
}
