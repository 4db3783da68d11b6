//! The database itself.

use std::path::PathBuf;

use chatkeep::MigrateCall;
use chatkeep_transfer::MovingIn as _;
use pyo3::prelude::*;

use super::submit::{plain, submit, submit_waiting};
use crate::arguments::{self, Migrate, migrate};
use crate::json;
use crate::store::{Chatkeep, patience};
use chatkeep::SharedHandle;

/// The calls of a ``DatabaseManager`` as futures of the running loop.
///
/// Args:
///     chat (Chatkeep): The store.
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

    /// ``DatabaseManager.wait_until_ready`` as a future.
    fn wait_until_ready<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let wait = |chat: &chatkeep::Chatkeep, ()| chat.database().wait_until_ready();
        submit(py, &self.handle, "wait_until_ready", || Ok(()), wait, |py, ()| plain(py, py.None()))
    }

    /// ``DatabaseManager.health`` as a future.
    fn health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let look = |chat: &chatkeep::Chatkeep, ()| chat.database().health();
        submit(py, &self.handle, "health", || Ok(()), look, |py, health| json::of(py, &health))
    }

    /// ``DatabaseManager.migration_status`` as a future.
    fn migration_status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let look = |chat: &chatkeep::Chatkeep, ()| chat.database().migration_status();
        submit(
            py,
            &self.handle,
            "migration_status",
            || Ok(()),
            look,
            |py, status| json::of(py, &status),
        )
    }

    /// ``DatabaseManager.upgrade`` as a future.
    fn upgrade<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let upgrade = |chat: &chatkeep::Chatkeep, ()| chat.database().upgrade();
        submit(py, &self.handle, "upgrade", || Ok(()), upgrade, |py, value| plain(py, value))
    }

    /// ``DatabaseManager.migrate`` as a future.
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
        submit(
            py,
            &self.handle,
            "migrate",
            || migrate(&given),
            work,
            |py, answer| json::of(py, &answer),
        )
    }

    /// ``DatabaseManager.search_index`` as a future.
    fn search_index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let look = |chat: &chatkeep::Chatkeep, ()| chat.database().search_index();
        submit(
            py,
            &self.handle,
            "search_index",
            || Ok(()),
            look,
            |py, state| plain(py, state.name()),
        )
    }

    /// ``DatabaseManager.create_search_index`` as a future.
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

    /// ``DatabaseManager.drop_search_index`` as a future.
    fn drop_search_index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let drop = |chat: &chatkeep::Chatkeep, ()| chat.database().drop_search_index();
        submit(py, &self.handle, "drop_search_index", || Ok(()), drop, |py, value| plain(py, value))
    }

    /// ``DatabaseManager.migrate_from_old_sqlite`` as a future.
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
            |py, report| json::of(py, &report),
        )
    }

    /// ``MessageLogger.flush`` as a future.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn flush<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let flush = |chat: &chatkeep::Chatkeep, timeout| chat.flush(timeout);
        submit_waiting(py, "flush", || patience(timeout), || self.handle.opened(), flush)
    }

    /// ``DatabaseManager.close`` as a future.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn close<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let close = |chat: &chatkeep::Chatkeep, timeout| chat.close(timeout);
        submit_waiting(py, "close", || patience(timeout), || self.handle.take(), close)
    }
}
