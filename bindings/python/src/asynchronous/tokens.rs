//! API tokens.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::submit::{plain, submit};
use crate::arguments;
use crate::door;
use crate::rows;
use crate::store::Chatkeep;
use crate::tokens::{new_token, presented};
use chatkeep::SharedHandle;

/// The calls of a ``TokenManager`` as futures of the running loop.
///
/// Args:
///     chat (Chatkeep): The store.
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

    /// ``TokenManager.create_token`` as a future.
    #[pyo3(signature = (description=None, expires_days=None), text_signature = "($self, description='API Token', expires_days=None)")]
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
            || new_token(description, expires_days),
            |chat, (description, days)| chat.tokens().create_token(&description, days),
            rows::created_token,
        )
    }

    /// What ``verify_token`` answers, if it can without asking the database.
    ///
    /// Args:
    ///     token (str): What was presented, whatever it is.
    ///
    /// Returns:
    ///     bool | None: The answer.
    fn verify_at_once(&self, py: Python<'_>, token: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
        door::enter_at_once(py, "verify_token", || {
            let Some(token) = presented(token)? else { return Ok(Some(false)) };
            Ok(self.handle.chat()?.tokens().verify_at_once(token))
        })
    }

    /// ``TokenManager.verify_token`` as a future.
    fn verify_token<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "verify_token",
            || Ok(presented(token)?.unwrap_or_default().to_owned()),
            |chat, token| chat.tokens().verify_token(&token),
            |py, value| plain(py, value),
        )
    }

    /// What ``check_token`` answers, if it can without asking the database.
    ///
    /// Args:
    ///     token (str): What was presented, whatever it is.
    ///
    /// Returns:
    ///     TokenCheck | None: The answer.
    fn check_at_once<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let check = door::enter_at_once(py, "check_token", || {
            let token = presented(token)?.unwrap_or_default();
            Ok(self.handle.chat()?.tokens().check_at_once(token))
        })?;
        check.map(|check| rows::token_check(py, check)).transpose()
    }

    /// ``TokenManager.check_token`` as a future.
    fn check_token<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "check_token",
            || Ok(presented(token)?.unwrap_or_default().to_owned()),
            |chat, token| chat.tokens().check_token(&token),
            rows::token_check,
        )
    }

    /// ``TokenManager.list_tokens`` as a future.
    fn list_tokens<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let list = |chat: &chatkeep::Chatkeep, ()| chat.tokens().list_tokens();
        submit(py, &self.handle, "list_tokens", || Ok(()), list, rows::tokens)
    }

    /// ``TokenManager.get_token_info`` as a future.
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

    /// ``TokenManager.revoke_token`` as a future.
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

    /// ``TokenManager.delete_expired_tokens`` as a future.
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
