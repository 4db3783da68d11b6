"""What the web integrations share: what a request is told, without any framework.

A token that is refused is told so (401, as RFC 6750 wants it). A database that does not answer is never a verdict on a token:
that is 503, with ``Retry-After``.
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

#: Seconds after which a caller may try again: a database that is back is used again within two.
RETRY_AFTER = 5

#: What passes when a caller tries again.
TEMPORARY = (UnavailableError, PoolTimeoutError, ConflictError)

_REASONS: dict[TokenReason, str] = {
    "malformed": "The token is malformed",
    "unknown": "The token is unknown",
    "revoked": "The token was revoked",
    "expired": "The token has expired",
}


class Refusal(NamedTuple):
    """An answer that is no success."""

    status: int
    detail: Any
    headers: dict[str, str]


def presented_token(authorization: str | None) -> str | None:
    """The token in an ``Authorization`` header, if there is one."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


def no_token() -> Refusal:
    """For a request without a token: RFC 6750 wants no error code then."""
    return Refusal(401, "A bearer token is needed", {"WWW-Authenticate": "Bearer"})


def judged(check: TokenCheck) -> TokenInfo | Refusal:
    """The record of a valid token, or what is wrong with it."""
    if check["valid"] and check["token"] is not None:
        return check["token"]
    told = _REASONS.get(check["reason"], "The token is not valid")
    challenge = f'Bearer error="invalid_token", error_description="{told}"'
    return Refusal(401, told, {"WWW-Authenticate": challenge})


def unavailable(error: Exception, retry_after: int) -> Refusal:
    """For a database that does not answer. The cause is for the log, not for the caller."""
    _report(error)
    return Refusal(503, "The database is not available", {"Retry-After": str(retry_after)})


def outcome_unknown(error: Exception) -> Refusal:
    """For a connection that broke during a write. Nobody is invited to try again: that could store twice."""
    _report(error)
    told = "The connection to the database broke; it is not known whether this was stored"
    return Refusal(503, told, {})


def _report(error: Exception) -> None:
    operation = error.operation if isinstance(error, Error) else None
    _log.warning("answered 503: %s: %s", operation or "the database", error)


def invalid_input(error: Exception) -> Refusal:
    """For a value that cannot be stored or asked for, in the form of FastAPI's own."""
    field = error.field if isinstance(error, InvalidInputError) else None
    told = {"type": "invalid_input", "loc": [field] if field else [], "msg": str(error)}
    return Refusal(422, [told], {})


def healthy(health: Health) -> DatabaseHealth:
    """What a health check says of a database that answers: nothing about where it is.

    One whose schema does not fit serves nobody.
    """
    return {
        "status": "healthy" if health["ok"] else "unhealthy",
        "engine": health["engine"],
        "latency_ms": health["latency_ms"],
        "schema": health["schema"],
        "error": None if health["ok"] else "Schema",
        "pool": health["pool"],
    }


def unhealthy(error: Error | None, engine: str, pool: PoolStatus) -> DatabaseHealth:
    """The same of a database that does not answer, or not in time."""
    return {
        "status": "unhealthy",
        "engine": engine,
        "latency_ms": None,
        "schema": None,
        "error": "Unavailable" if error is None else error.kind,
        "pool": pool,
    }
