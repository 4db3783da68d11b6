//! The class `AsyncTokenManager`.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::submit::{plain, submit};
use crate::arguments;
use crate::call;
use crate::rows;
use crate::store::Chatkeep;
use crate::tokens::{new_token_args, presented_token};
use chatkeep::SharedHandle;

/// The methods of ``TokenManager``, as futures of the running event loop.
///
/// Args:
///     chat (Chatkeep): Store to use.
#[pyclass(frozen, module = "chatkeep._native")]
pub(crate) struct AsyncTokenManager {
    handle: SharedHandle,
}

#[pymethods]
impl AsyncTokenManager {
    #[new]
    fn new(chat: &Bound<'_, Chatkeep>) -> Self {
        Self { handle: chat.get().handle() }
    }

    /// Returns a future of ``TokenManager.create_token``.
    #[pyo3(
        signature = (description=None, expires_days=None),
        text_signature = "($self, description='API Token', expires_days=None)"
    )]
    fn create_token<'py>(
        &self,
        py: Python<'py>,
        description: Option<&Bound<'py, PyAny>>,
        expires_days: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "create_token",
            || new_token_args(description, expires_days),
            |chat, (description, days)| chat.tokens().create_token(&description, days),
            rows::created_token,
        )
    }

    /// Returns the cached result of ``verify_token``, without querying the database.
    ///
    /// Args:
    ///     token (str): The token as the client sent it.
    ///
    /// Returns:
    ///     bool | None: The result, or ``None`` if it is not cached.
    fn verify_cached(&self, py: Python<'_>, token: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
        call::enter_nonblocking(py, "verify_token", || {
            let Some(token) = presented_token(token)? else { return Ok(Some(false)) };
            Ok(self.handle.chat()?.tokens().verify_cached(token))
        })
    }

    /// Returns a future of ``TokenManager.verify_token``.
    fn verify_token<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "verify_token",
            || Ok(presented_token(token)?.unwrap_or_default().to_owned()),
            |chat, token| chat.tokens().verify_token(&token),
            |py, value| plain(py, value),
        )
    }

    /// Returns the cached result of ``check_token``, without querying the database.
    ///
    /// Args:
    ///     token (str): The token as the client sent it.
    ///
    /// Returns:
    ///     TokenCheck | None: The result, or ``None`` if it is not cached.
    fn check_cached<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let check = call::enter_nonblocking(py, "check_token", || {
            let token = presented_token(token)?.unwrap_or_default();
            Ok(self.handle.chat()?.tokens().check_cached(token))
        })?;
        check.map(|check| rows::token_check(py, check)).transpose()
    }

    /// Returns a future of ``TokenManager.check_token``.
    fn check_token<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "check_token",
            || Ok(presented_token(token)?.unwrap_or_default().to_owned()),
            |chat, token| chat.tokens().check_token(&token),
            rows::token_check,
        )
    }

    /// Returns a future of ``TokenManager.list_tokens``.
    fn list_tokens<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let list = |chat: &chatkeep::Chatkeep, ()| chat.tokens().list_tokens();
        submit(py, &self.handle, "list_tokens", || Ok(()), list, rows::tokens)
    }

    /// Returns a future of ``TokenManager.get_token_info``.
    fn get_token_info<'py>(
        &self,
        py: Python<'py>,
        id: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "get_token_info",
            || arguments::integer("id", id),
            |chat, id| chat.tokens().get_token_info(id),
            |py, found| plain(py, rows::optional_token(py, found)?),
        )
    }

    /// Returns a future of ``TokenManager.revoke_token``.
    fn revoke_token<'py>(
        &self,
        py: Python<'py>,
        token_id: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "revoke_token",
            || arguments::integer("token_id", token_id),
            |chat, id| chat.tokens().revoke_token(id),
            |py, value| plain(py, value),
        )
    }

    /// Returns a future of ``TokenManager.delete_expired_tokens``.
    fn delete_expired_tokens<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let delete = |chat: &chatkeep::Chatkeep, ()| chat.tokens().delete_expired_tokens();
        submit(
            py,
            &self.handle,
            "delete_expired_tokens",
            || Ok(()),
            delete,
            |py, value| plain(py, value),
        )
    }
}
