//! The class `AsyncDatabaseManager`.

use std::path::PathBuf;

use chatkeep::MigrateRequest;
use chatkeep_transfer::LegacyImport as _;
use pyo3::prelude::*;

use super::submit::{plain, submit, submit_waiting};
use crate::arguments::{self, MigrateArgs, migrate_request};
use crate::json;
use crate::store::{Chatkeep, wait_timeout};
use chatkeep::SharedHandle;

/// The methods of ``DatabaseManager``, as futures of the running event loop.
///
/// Args:
///     chat (Chatkeep): Store to use.
#[pyclass(frozen, module = "chatkeep._native")]
pub(crate) struct AsyncDatabaseManager {
    handle: SharedHandle,
}

#[pymethods]
impl AsyncDatabaseManager {
    #[new]
    fn new(chat: &Bound<'_, Chatkeep>) -> Self {
        Self { handle: chat.get().handle() }
    }

    /// Returns a future of ``DatabaseManager.wait_until_ready``.
    fn wait_until_ready<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let wait = |chat: &chatkeep::Chatkeep, ()| chat.database().wait_until_ready();
        submit(py, &self.handle, "wait_until_ready", || Ok(()), wait, |py, ()| plain(py, py.None()))
    }

    /// Returns a future of ``DatabaseManager.health``.
    fn health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let check = |chat: &chatkeep::Chatkeep, ()| chat.database().health();
        submit(
            py,
            &self.handle,
            "health",
            || Ok(()),
            check,
            |py, health| json::to_python(py, &health),
        )
    }

    /// Returns a future of ``DatabaseManager.migration_status``.
    fn migration_status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let check = |chat: &chatkeep::Chatkeep, ()| chat.database().migration_status();
        submit(
            py,
            &self.handle,
            "migration_status",
            || Ok(()),
            check,
            |py, status| json::to_python(py, &status),
        )
    }

    /// Returns a future of ``DatabaseManager.upgrade``.
    fn upgrade<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let upgrade = |chat: &chatkeep::Chatkeep, ()| chat.database().upgrade();
        submit(py, &self.handle, "upgrade", || Ok(()), upgrade, |py, value| plain(py, value))
    }

    /// Returns a future of ``DatabaseManager.migrate``.
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
        submit(
            py,
            &self.handle,
            "migrate",
            || migrate_request(&given),
            run,
            |py, response| json::to_python(py, &response),
        )
    }

    /// Returns a future of ``DatabaseManager.search_index``.
    fn search_index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let check = |chat: &chatkeep::Chatkeep, ()| chat.database().search_index();
        submit(
            py,
            &self.handle,
            "search_index",
            || Ok(()),
            check,
            |py, state| plain(py, state.name()),
        )
    }

    /// Returns a future of ``DatabaseManager.create_search_index``.
    fn create_search_index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let create = |chat: &chatkeep::Chatkeep, ()| chat.database().create_search_index();
        submit(
            py,
            &self.handle,
            "create_search_index",
            || Ok(()),
            create,
            |py, value| plain(py, value),
        )
    }

    /// Returns a future of ``DatabaseManager.drop_search_index``.
    fn drop_search_index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let drop = |chat: &chatkeep::Chatkeep, ()| chat.database().drop_search_index();
        submit(py, &self.handle, "drop_search_index", || Ok(()), drop, |py, value| plain(py, value))
    }

    /// Returns a future of ``DatabaseManager.migrate_from_old_sqlite``.
    fn migrate_from_old_sqlite<'py>(
        &self,
        py: Python<'py>,
        path: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let import = |chat: &chatkeep::Chatkeep, path: PathBuf| chat.migrate_from_old_sqlite(path);
        submit(
            py,
            &self.handle,
            "migrate_from_old_sqlite",
            || arguments::path("path", path),
            import,
            |py, report| json::to_python(py, &report),
        )
    }

    /// Returns a future of ``MessageLogger.flush``.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn flush<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let flush = |chat: &chatkeep::Chatkeep, timeout| chat.flush(timeout);
        submit_waiting(py, "flush", || wait_timeout(timeout), || self.handle.opened(), flush)
    }

    /// Returns a future of ``DatabaseManager.close``.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn close<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let close = |chat: &chatkeep::Chatkeep, timeout| chat.close(timeout);
        submit_waiting(py, "close", || wait_timeout(timeout), || self.handle.take(), close)
    }
}
