"""Responses that the web integrations share, independent of a framework.

An invalid token results in 401, as RFC 6750 requires. If the database is unavailable, the validity
of a token is unknown, and the response is 503 with ``Retry-After``.
"""

import logging
from typing import Any, NamedTuple

from chatkeep.errors import (
    ConflictError,
    Error,
    InvalidInputError,
    PoolTimeoutError,
    UnavailableError,
)
from chatkeep.types import DatabaseHealth, Health, PoolStatus, TokenCheck, TokenInfo, TokenReason

_log = logging.getLogger("chatkeep.web")

#: Default of ``Retry-After``, in seconds. Chatkeep uses a database again within two seconds of its
#: recovery, so that a retry after five seconds reaches it.
RETRY_AFTER = 5

#: Errors after which a client may retry.
TEMPORARY = (UnavailableError, PoolTimeoutError, ConflictError)

_REASONS: dict[TokenReason, str] = {
    "malformed": "The token is malformed",
    "unknown": "The token is unknown",
    "revoked": "The token was revoked",
    "expired": "The token has expired",
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


def check_result(check: TokenCheck) -> TokenInfo | ErrorResponse:
    """Returns the record of a valid token, or the response to an invalid one."""
    if check["valid"] and check["token"] is not None:
        return check["token"]
    detail = _REASONS.get(check["reason"], "The token is not valid")
    challenge = f'Bearer error="invalid_token", error_description="{detail}"'
    return ErrorResponse(401, detail, {"WWW-Authenticate": challenge})


def unavailable(error: Exception, retry_after: int) -> ErrorResponse:
    """Logs the cause, and returns the response for an unavailable database, without the cause."""
    _log_error(error)
    return ErrorResponse(503, "The database is not available", {"Retry-After": str(retry_after)})


def outcome_unknown(error: Exception) -> ErrorResponse:
    """Returns the response for a connection that broke during a write.

    It has no ``Retry-After``, because a retry could store the message twice.
    """
    _log_error(error)
    detail = "The connection to the database broke; it is not known whether this was stored"
    return ErrorResponse(503, detail, {})


def _log_error(error: Exception) -> None:
    operation = error.operation if isinstance(error, Error) else None
    _log.warning("answered 503: %s: %s", operation or "the database", error)


def invalid_input(error: Exception) -> ErrorResponse:
    """Returns the response for an invalid value, in the format of FastAPI's validation errors."""
    field = error.field if isinstance(error, InvalidInputError) else None
    detail = {"type": "invalid_input", "loc": [field] if field else [], "msg": str(error)}
    return ErrorResponse(422, [detail], {})


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
