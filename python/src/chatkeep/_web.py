"""Responses that the web integrations share, independent of a framework.

An invalid token results in 401, and a token without a scope in 403, as RFC 6750 requires. If the
database is unavailable, the validity of a token or session is unknown, and the response is 503 with
``Retry-After``.
"""

import logging
from typing import Any, NamedTuple

from chatkeep.errors import (
    ConflictError,
    Error,
    InvalidInputError,
    OutcomeUnknownError,
    PoolTimeoutError,
    UnavailableError,
)
from chatkeep.types import DatabaseHealth, Health, PoolStatus, TokenCheck, TokenInfo, TokenReason

_log = logging.getLogger("chatkeep.web")

#: Default of ``Retry-After``, in seconds. Chatkeep uses a database again within two seconds of its
#: recovery, so that a retry after five seconds reaches it.
RETRY_AFTER = 5

#: Errors of a check after which a client may retry. A check of a session may write, because it ends
#: sessions whose replaced secret is used. Its repetition is harmless.
TEMPORARY = (UnavailableError, PoolTimeoutError, ConflictError, OutcomeUnknownError)

#: Errors in routes that become responses.
HANDLED = (*TEMPORARY, InvalidInputError)

_REASONS: dict[TokenReason, str] = {
    "malformed": "The token is malformed",
    "unknown": "The token is unknown",
    "revoked": "The token was revoked",
    "expired": "The token has expired",
    "rotated": "The token was replaced",
    "user_inactive": "The user is not active",
}


class ErrorResponse(NamedTuple):
    """Status, detail and headers of an error response."""

    status: int
    detail: Any
    headers: dict[str, str]


def bearer_token(authorization: str | None) -> str | None:
    """Returns the token of an ``Authorization`` header, or ``None`` if there is no token."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


def missing_token() -> ErrorResponse:
    """Returns the response to a request without a token; RFC 6750 permits no error code here."""
    return ErrorResponse(401, "A bearer token is needed", {"WWW-Authenticate": "Bearer"})


def check_result(check: TokenCheck, scope: str | None = None) -> TokenInfo | ErrorResponse:
    """Returns the record of a valid token, or the response to an invalid one."""
    if check["valid"] and check["token"] is not None:
        return check["token"]
    if check["reason"] == "missing_scope":
        detail = f"The token does not have the scope {scope}"
        challenge = f'{_challenge("insufficient_scope", detail)}, scope="{scope}"'
        return ErrorResponse(403, detail, {"WWW-Authenticate": challenge})
    return invalid_token(_REASONS.get(check["reason"], "The token is not valid"))


def invalid_token(detail: str) -> ErrorResponse:
    """Returns the response to an invalid token or session."""
    return ErrorResponse(401, detail, {"WWW-Authenticate": _challenge("invalid_token", detail)})


def _challenge(error: str, detail: str) -> str:
    return f'Bearer error="{error}", error_description="{detail}"'


def error_response(error: Exception, retry_after: int) -> ErrorResponse:
    """Returns the response to an error of a route, one of ``HANDLED``."""
    if isinstance(error, InvalidInputError):
        return _rejected(422, "invalid_input", error)
    if isinstance(error, OutcomeUnknownError):
        return _outcome_unknown(error)
    if isinstance(error, ConflictError) and not error.retryable:
        return _rejected(409, "conflict", error)
    return unavailable(error, retry_after)


def unavailable(error: Exception, retry_after: int) -> ErrorResponse:
    """Logs the cause, and returns the response for an unavailable database, without the cause."""
    _log_error(error)
    return ErrorResponse(503, "The database is not available", {"Retry-After": str(retry_after)})


def _outcome_unknown(error: Exception) -> ErrorResponse:
    """Returns the response for a connection that broke during a write.

    It has no ``Retry-After``, because a retry could store the message twice.
    """
    _log_error(error)
    detail = "The connection to the database broke; it is not known whether this was stored"
    return ErrorResponse(503, detail, {})


def _log_error(error: Exception) -> None:
    operation = error.operation if isinstance(error, Error) else None
    _log.warning("answered 503: %s: %s", operation or "the database", error)


def _rejected(status: int, kind: str, error: Error) -> ErrorResponse:
    """Returns the response for a rejected value, in the format of FastAPI's validation errors."""
    loc = [error.field] if error.field else []
    return ErrorResponse(status, [{"type": kind, "loc": loc, "msg": str(error)}], {})


def health_report(health: Health) -> DatabaseHealth:
    """Returns the public health of a database that responds, without its location.

    A schema mismatch makes the database unhealthy, because every call would fail.
    """
    return {
        "status": "healthy" if health["ok"] else "unhealthy",
        "engine": health["engine"],
        "latency_ms": health["latency_ms"],
        "schema": health["schema"],
        "error": None if health["ok"] else "Schema",
        "pool": health["pool"],
    }


def unhealthy_report(error: Error | None, engine: str, pool: PoolStatus) -> DatabaseHealth:
    """Returns the public health of a database that failed; ``error`` is ``None`` on a timeout."""
    return {
        "status": "unhealthy",
        "engine": engine,
        "latency_ms": None,
        "schema": None,
        "error": "Unavailable" if error is None else error.kind,
        "pool": pool,
    }
