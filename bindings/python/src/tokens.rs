//! The class `TokenManager`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arguments::{self, Given};
use crate::door;
use crate::errors::Refusal;
use crate::rows;
use chatkeep::SharedHandle;

/// What a token is for where nothing is said.
const DESCRIPTION: &str = "API Token";

/// Makes, checks and revokes API tokens. One object serves any number of threads.
///
/// Examples:
///     >>> from chatkeep import Chatkeep
///     >>> tokens = Chatkeep("sqlite:///:memory:").token_manager
///     >>> created = tokens.create_token("web app", expires_days=90)
///     >>> tokens.verify_token(created["token"])
///     True
///     >>> tokens.revoke_token(created["id"])
///     True
///     >>> tokens.verify_token(created["token"])
///     False
#[pyclass(frozen, weakref, module = "chatkeep")]
pub(crate) struct TokenManager {
    handle: SharedHandle,
}

impl TokenManager {
    pub(crate) fn of(handle: &SharedHandle) -> Self {
        Self { handle: SharedHandle::clone(handle) }
    }
}

#[pymethods]
impl TokenManager {
    /// Makes a token. Only its digest is stored, so this is the only time that it can be shown.
    ///
    /// Args:
    ///     description (str): What it is for, in at most 255 characters.
    ///     expires_days (int | None): It is invalid after so many days, 1 or more; without it, never.
    ///
    /// Returns:
    ///     CreatedToken: ``token``, ``id`` (also as ``token_id``), ``description``, ``created_at``, ``expires_at``.
    ///
    /// Raises:
    ///     InvalidInputError: An argument cannot be; ``field`` names it.
    #[pyo3(signature = (description=None, expires_days=None), text_signature = "($self, description='API Token', expires_days=None)")]
    fn create_token<'py>(
        &self,
        py: Python<'py>,
        description: Option<&Bound<'py, PyAny>>,
        expires_days: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        door::enter(
            py,
            &self.handle,
            "create_token",
            || new_token(description, expires_days),
            |chat, (description, days)| chat.tokens().create_token(&description, days),
            rows::created_token,
        )
    }

    /// Whether this token may be used now.
    ///
    /// The database's word is good for some seconds (``TOKEN_CACHE_SECONDS``), but never past the token's expiry; a
    /// token that is revoked in this process is invalid at once.
    ///
    /// Args:
    ///     token (str): What was presented, whatever it is.
    ///
    /// Returns:
    ///     bool: False also for a text that cannot be a token.
    ///
    /// Raises:
    ///     UnavailableError: The database does not answer. That is never ``False``: answer with status 503, not 401.
    fn verify_token(&self, py: Python<'_>, token: &Bound<'_, PyAny>) -> PyResult<bool> {
        if let Some(verdict) = door::enter_at_once(py, "verify_token", || {
            let Some(token) = presented(token)? else { return Ok(Some(false)) };
            Ok(self.handle.chat()?.tokens().verify_at_once(token))
        })? {
            return Ok(verdict);
        }
        door::enter(
            py,
            &self.handle,
            "verify_token",
            || arguments::text("token", token),
            |chat, token| chat.tokens().verify_token(token),
            |_, verdict| Ok(verdict),
        )
    }

    /// Whether this token may be used now, and why or why not.
    ///
    /// Args:
    ///     token (str): What was presented, whatever it is.
    ///
    /// Returns:
    ///     TokenCheck: ``valid``, ``reason`` (``valid``, ``malformed``, ``unknown``, ``revoked`` or ``expired``), and the
    ///         token's record as ``token``, where there is one.
    ///
    /// Raises:
    ///     UnavailableError: The database does not answer.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> Chatkeep("sqlite:///:memory:").token_manager.check_token("no such token")
    ///     {'valid': False, 'reason': 'malformed', 'token': None}
    fn check_token<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        if let Some(check) = door::enter_at_once(py, "check_token", || {
            let text = presented(token)?.unwrap_or_default();
            Ok(self.handle.chat()?.tokens().check_at_once(text))
        })? {
            return rows::token_check(py, check);
        }
        door::enter(
            py,
            &self.handle,
            "check_token",
            || arguments::text("token", token),
            |chat, token| chat.tokens().check_token(token),
            rows::token_check,
        )
    }

    /// All tokens, newest first: never the tokens themselves.
    ///
    /// Returns:
    ///     list[TokenInfo]: ``id`` (also as ``token_id``), ``description``, ``created_at``, ``expires_at``,
    ///         ``is_active``, ``last_used_at``, and ``token_start``, to tell them apart.
    fn list_tokens<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = |chat: &chatkeep::Chatkeep, ()| chat.tokens().list_tokens();
        door::enter(py, &self.handle, "list_tokens", || Ok(()), list, rows::tokens)
    }

    /// The token with this id.
    ///
    /// Args:
    ///     id (int): The token's id.
    ///
    /// Returns:
    ///     TokenInfo | None: Its record, or ``None`` when there is none.
    fn get_token_info<'py>(
        &self,
        py: Python<'py>,
        id: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        door::enter(
            py,
            &self.handle,
            "get_token_info",
            || arguments::integer("id", id),
            |chat, id| chat.tokens().get_token_info(id),
            rows::optional_token,
        )
    }

    /// Makes a token invalid for good: in this process at once, in others within ``TOKEN_CACHE_SECONDS``.
    ///
    /// Args:
    ///     token_id (int): The token's id.
    ///
    /// Returns:
    ///     bool: False when there is no such token, or it was revoked before.
    fn revoke_token(&self, py: Python<'_>, token_id: &Bound<'_, PyAny>) -> PyResult<bool> {
        door::enter(
            py,
            &self.handle,
            "revoke_token",
            || arguments::integer("token_id", token_id),
            |chat, id| chat.tokens().revoke_token(id),
            |_, revoked| Ok(revoked),
        )
    }

    /// Deletes the tokens whose time is over.
    ///
    /// Returns:
    ///     int: How many there were.
    fn delete_expired_tokens(&self, py: Python<'_>) -> PyResult<u64> {
        let delete = |chat: &chatkeep::Chatkeep, ()| chat.tokens().delete_expired_tokens();
        door::enter(
            py,
            &self.handle,
            "delete_expired_tokens",
            || Ok(()),
            delete,
            |_, count| Ok(count),
        )
    }

    fn __repr__(&self) -> String {
        crate::store::shown(&self.handle, "chatkeep.TokenManager")
    }
}

pub(crate) fn new_token(
    description: Option<Given<'_, '_>>,
    expires_days: Option<Given<'_, '_>>,
) -> Result<(String, Option<i64>), Refusal> {
    let description = description
        .map_or(Ok(DESCRIPTION), |given| arguments::text("description", given))?
        .to_owned();
    let days = expires_days
        .map_or(Ok(None), |given| arguments::optional_integer("expires_days", given))?;
    Ok((description, days))
}

/// A token as somebody presented it. A lone surrogate is what Python makes of bytes that are no text, so it is one more
/// text that cannot be a token, and the fault of whoever sent it.
pub(crate) fn presented<'a>(token: Given<'a, '_>) -> Result<Option<&'a str>, Refusal> {
    match arguments::text("token", token) {
        Err(Refusal::Input(_)) => Ok(None),
        taken => taken.map(Some),
    }
}
