//! The class `TokenManager`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arguments::{self, PyArg};
use crate::call;
use crate::errors::{ArgError, ArgResult};
use crate::rows;
use chatkeep::SharedHandle;

/// Default description of a token.
const DEFAULT_DESCRIPTION: &str = "API Token";

/// Creates, verifies and revokes API tokens.
///
/// An instance is safe to use from any number of threads.
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
    pub(crate) fn from_handle(handle: &SharedHandle) -> Self {
        Self { handle: SharedHandle::clone(handle) }
    }
}

#[pymethods]
impl TokenManager {
    /// Creates a token and returns it once; only its digest is stored.
    ///
    /// Args:
    ///     description (str): Purpose of the token, at most 255 characters.
    ///     expires_days (int | None): Number of days until the token expires, at least 1. ``None``
    ///         means that it never expires.
    ///
    /// Returns:
    ///     CreatedToken: ``token``, ``id`` (also as ``token_id``), ``description``, ``created_at``
    ///         and ``expires_at``.
    ///
    /// Raises:
    ///     InvalidInputError: An argument is invalid; ``field`` names it.
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
        call::enter(
            py,
            &self.handle,
            "create_token",
            || new_token_args(description, expires_days),
            |chat, (description, days)| chat.tokens().create_token(&description, days),
            rows::created_token,
        )
    }

    /// Returns whether a token is valid.
    ///
    /// A result is cached for ``TOKEN_CACHE_SECONDS``, but never past the expiry of the token. A
    /// token that is revoked in this process is invalid immediately.
    ///
    /// Args:
    ///     token (str): The token as the client sent it.
    ///
    /// Returns:
    ///     bool: ``True`` if the token is valid. A malformed token is invalid, not an error.
    ///
    /// Raises:
    ///     UnavailableError: The database is not available, so the validity of the token is
    ///         unknown. A web application should respond with 503, not 401.
    fn verify_token(&self, py: Python<'_>, token: &Bound<'_, PyAny>) -> PyResult<bool> {
        if let Some(is_valid) = call::enter_nonblocking(py, "verify_token", || {
            let Some(token) = presented_token(token)? else { return Ok(Some(false)) };
            Ok(self.handle.chat()?.tokens().verify_cached(token))
        })? {
            return Ok(is_valid);
        }
        call::enter(
            py,
            &self.handle,
            "verify_token",
            || arguments::text("token", token),
            |chat, token| chat.tokens().verify_token(token),
            |_, is_valid| Ok(is_valid),
        )
    }

    /// Returns whether a token is valid, the reason, and the stored record.
    ///
    /// Args:
    ///     token (str): The token as the client sent it.
    ///
    /// Returns:
    ///     TokenCheck: ``valid``, ``reason`` (``valid``, ``malformed``, ``unknown``, ``revoked`` or
    ///         ``expired``), and ``token``, the stored record or ``None``.
    ///
    /// Raises:
    ///     UnavailableError: The database is not available.
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
        if let Some(check) = call::enter_nonblocking(py, "check_token", || {
            let text = presented_token(token)?.unwrap_or_default();
            Ok(self.handle.chat()?.tokens().check_cached(text))
        })? {
            return rows::token_check(py, check);
        }
        call::enter(
            py,
            &self.handle,
            "check_token",
            || arguments::text("token", token),
            |chat, token| chat.tokens().check_token(token),
            rows::token_check,
        )
    }

    /// Returns the records of all tokens, newest first.
    ///
    /// A record does not contain the token.
    ///
    /// Returns:
    ///     list[TokenInfo]: ``id`` (also as ``token_id``), ``description``, ``created_at``,
    ///         ``expires_at``, ``is_active``, ``last_used_at``, and ``token_start``, the first
    ///         characters of the token.
    fn list_tokens<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = |chat: &chatkeep::Chatkeep, ()| chat.tokens().list_tokens();
        call::enter(py, &self.handle, "list_tokens", || Ok(()), list, rows::tokens)
    }

    /// Returns the record of a token.
    ///
    /// Args:
    ///     id (int): Id of the token.
    ///
    /// Returns:
    ///     TokenInfo | None: The record, or ``None`` if no token has this id.
    fn get_token_info<'py>(
        &self,
        py: Python<'py>,
        id: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        call::enter(
            py,
            &self.handle,
            "get_token_info",
            || arguments::integer("id", id),
            |chat, id| chat.tokens().get_token_info(id),
            rows::optional_token,
        )
    }

    /// Revokes a token permanently.
    ///
    /// The token becomes invalid immediately in this process, and within ``TOKEN_CACHE_SECONDS`` in
    /// others.
    ///
    /// Args:
    ///     token_id (int): Id of the token.
    ///
    /// Returns:
    ///     bool: ``False`` if no token has this id, or the token was already revoked.
    fn revoke_token(&self, py: Python<'_>, token_id: &Bound<'_, PyAny>) -> PyResult<bool> {
        call::enter(
            py,
            &self.handle,
            "revoke_token",
            || arguments::integer("token_id", token_id),
            |chat, id| chat.tokens().revoke_token(id),
            |_, revoked| Ok(revoked),
        )
    }

    /// Deletes all expired tokens.
    ///
    /// Returns:
    ///     int: Number of deleted tokens.
    fn delete_expired_tokens(&self, py: Python<'_>) -> PyResult<u64> {
        let delete = |chat: &chatkeep::Chatkeep, ()| chat.tokens().delete_expired_tokens();
        call::enter(
            py,
            &self.handle,
            "delete_expired_tokens",
            || Ok(()),
            delete,
            |_, count| Ok(count),
        )
    }

    fn __repr__(&self) -> String {
        crate::store::repr(&self.handle, "chatkeep.TokenManager")
    }
}

/// Converts the arguments of `create_token`.
pub(crate) fn new_token_args(
    description: Option<PyArg<'_, '_>>,
    expires_days: Option<PyArg<'_, '_>>,
) -> ArgResult<(String, Option<i64>)> {
    let description = description
        .map_or(Ok(DEFAULT_DESCRIPTION), |given| arguments::text("description", given))?
        .to_owned();
    let days = expires_days
        .map_or(Ok(None), |given| arguments::optional_integer("expires_days", given))?;
    Ok((description, days))
}

/// Converts the token of a client. Returns `None` for a string with a lone surrogate.
///
/// Python decodes bytes that are not valid text to lone surrogates. Such a token is malformed, and
/// is not an error of the application.
pub(crate) fn presented_token<'a>(token: PyArg<'a, '_>) -> ArgResult<Option<&'a str>> {
    match arguments::text("token", token) {
        Err(ArgError::Input(_)) => Ok(None),
        parsed => parsed.map(Some),
    }
}
