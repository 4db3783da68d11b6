"""Starlette integration: tokens, sessions, error responses, a health check, and a lifespan.

``chatkeep.fastapi`` is the equivalent for FastAPI. Every function accepts a
``chatkeep.asyncio.Chatkeep``. The default is the database that the environment variables name.
Starlette is not a dependency of chatkeep.

Examples:
    >>> from chatkeep.asyncio import Chatkeep
    >>> from chatkeep.starlette import TokenRequired, handle_errors, health_route
    >>> from starlette.applications import Starlette
    >>> from starlette.responses import JSONResponse
    >>> from starlette.routing import Route
    >>> from starlette.testclient import TestClient
    >>> chat = Chatkeep("sqlite:///:memory:")
    >>> token_required = TokenRequired(chat)
    >>> async def messages(request):
    ...     token = await token_required(request)
    ...     return JSONResponse(await chat.message_logger.get_messages())
    >>> app = Starlette(routes=[Route("/messages", messages), health_route(chat)])
    >>> handle_errors(app)
    >>> TestClient(app).get("/messages").headers["www-authenticate"]
    'Bearer'
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from chatkeep import _web
from chatkeep import asyncio as _chatkeep
from chatkeep._starlette_sessions import RotatedCookies, SessionRequired
from chatkeep.errors import Error
from chatkeep.types import DatabaseHealth, TokenInfo

__all__ = [
    "RotatedCookies",
    "SessionRequired",
    "TokenRequired",
    "db_pool_health",
    "handle_errors",
    "health_route",
    "lifespan",
    "session_required",
    "token_required",
]

for _class in (RotatedCookies, SessionRequired):
    # Users import the classes from here, and tracebacks show this name.
    _class.__module__ = __name__
del _class


class TokenRequired:
    """Requires a valid bearer token in a request: ``Authorization: Bearer …``.

    A missing or invalid token results in 401 and a token without the scope in 403, both with
    ``WWW-Authenticate``, and an unavailable database in 503 with ``Retry-After``.
    ``token_required`` is an instance for the database that the environment variables name.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): Store with the tokens.
        scope (str | None): Scope that the token must have.
        retry_after (int): Value of ``Retry-After``, in seconds.
    """

    def __init__(
        self,
        chat: _chatkeep.Chatkeep | None = None,
        *,
        scope: str | None = None,
        retry_after: int = _web.RETRY_AFTER,
    ) -> None:
        self._tokens = _chatkeep.token_manager if chat is None else chat.token_manager
        self._scope = scope
        self._retry_after = retry_after

    # FastAPI reads the annotation, and passes the connection: a request or a WebSocket.
    async def __call__(self, connection: HTTPConnection) -> TokenInfo:
        """Returns the record of the token of a request.

        Args:
            connection (starlette.requests.HTTPConnection): Request or WebSocket.

        Returns:
            TokenInfo: Record of the token.

        Raises:
            HTTPException: 401 if the token is missing or invalid, 403 if it does not have the
                scope, 503 if the database is not available.
        """
        token = _web.bearer_token(connection.headers.get("Authorization"))
        if token is None:
            raise HTTPException(*_web.missing_token())
        try:
            check = await self._tokens.check_token(token, scope=self._scope)
        except _web.TEMPORARY as error:
            raise HTTPException(*_web.unavailable(error, self._retry_after)) from error
        result = _web.check_result(check, self._scope)
        if isinstance(result, _web.ErrorResponse):
            raise HTTPException(*result)
        return result


#: ``TokenRequired`` for the database that the environment variables name.
token_required = TokenRequired()


#: ``SessionRequired`` for the database that the environment variables name.
session_required = SessionRequired()


def handle_errors(app: Starlette, *, retry_after: int = _web.RETRY_AFTER) -> None:
    """Registers exception handlers that convert chatkeep errors in routes to responses.

    ``UnavailableError``, ``PoolTimeoutError`` and a retryable ``ConflictError`` result in 503 with
    ``Retry-After``. ``OutcomeUnknownError`` results in 503 without it, because a retry may store
    the message twice. ``InvalidInputError`` results in 422, and a ``ConflictError`` that is not
    retryable, such as a taken address, in 409, both with the name of the field. Other errors are
    not handled, and result in 500.

    Args:
        app (starlette.applications.Starlette): Application to register the handlers with.
        retry_after (int): Value of ``Retry-After``, in seconds.
    """

    async def respond(_: Request, error: Exception) -> JSONResponse:
        failure = _web.error_response(error, retry_after)
        return JSONResponse({"detail": failure.detail}, failure.status, failure.headers)

    for error_class in _web.HANDLED:
        app.add_exception_handler(error_class, respond)


async def db_pool_health(
    chat: _chatkeep.Chatkeep | None = None, *, timeout: float = 5.0
) -> DatabaseHealth:
    """Returns the health of the database and the state of its connection pool.

    The result contains neither the host nor the account, so that it can be public.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): Store to check.
        timeout (float): Timeout in seconds, after which the database is reported as unhealthy.

    Returns:
        DatabaseHealth: The health; ``status`` is ``healthy`` or ``unhealthy``.

    Examples:
        >>> import asyncio
        >>> from chatkeep.asyncio import Chatkeep
        >>> from chatkeep.starlette import db_pool_health
        >>> health = asyncio.run(db_pool_health(Chatkeep("sqlite:///:memory:")))
        >>> health["status"], health["engine"], health["pool"]["checked_out"]
        ('healthy', 'sqlite', 0)
    """
    manager = _chatkeep.db_manager if chat is None else chat.db_manager
    try:
        return _web.health_report(await asyncio.wait_for(manager.health(), timeout))
    except asyncio.TimeoutError:
        return _web.unhealthy_report(None, manager.db_type, manager.pool_status())
    except Error as error:
        return _web.unhealthy_report(error, manager.db_type, manager.pool_status())


def health_response(health: DatabaseHealth) -> JSONResponse:
    """Returns the response of a health check, with 503 if the database is unhealthy."""
    if health["status"] == "healthy":
        return JSONResponse(health)
    return JSONResponse(health, 503, {"Retry-After": str(_web.RETRY_AFTER)})


def health_route(
    chat: _chatkeep.Chatkeep | None = None,
    *,
    path: str = "/health/db-pool",
    timeout: float = 5.0,
) -> Route:
    """Returns a route that serves ``db_pool_health``, with 503 if the database is unhealthy.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): Store to check.
        path (str): Path of the route.
        timeout (float): Timeout in seconds, after which the database is reported as unhealthy.

    Returns:
        starlette.routing.Route: The route.
    """

    async def db_pool(_: Request) -> JSONResponse:
        return health_response(await db_pool_health(chat, timeout=timeout))

    return Route(path, db_pool, name="db_pool_health")


def lifespan(
    chat: _chatkeep.Chatkeep | None = None,
    *,
    wait: bool = False,
    close: bool = False,
    timeout: float = 30.0,
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Returns a lifespan that completes all submitted calls before the application stops.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): Store to open and flush.
        wait (bool): Whether start-up waits until the database is reachable and its schema is
            current. Start-up fails after ``DB_MAX_RETRIES`` times ``DB_RETRY_DELAY``. If false, the
            first call opens the store.
        close (bool): Whether to close the store at shutdown; a closed store rejects calls. If
            false, the store is flushed, and its connections close when the process exits.
        timeout (float): Maximum wait for pending calls at shutdown, in seconds.

    Returns:
        Callable: Value for the ``lifespan`` argument of the application.

    Examples:
        >>> from chatkeep.asyncio import Chatkeep
        >>> from chatkeep.starlette import lifespan
        >>> from starlette.applications import Starlette
        >>> from starlette.testclient import TestClient
        >>> chat = Chatkeep("sqlite:///:memory:")
        >>> app = Starlette(lifespan=lifespan(chat, wait=True, close=True))
        >>> with TestClient(app):
        ...     chat.db_manager.pool_status()["total"] > 0
        True
    """
    manager = _chatkeep.db_manager if chat is None else chat.db_manager
    log = _chatkeep.message_logger if chat is None else chat.message_logger

    @asynccontextmanager
    async def run(_: Any) -> AsyncIterator[None]:
        if wait:
            await manager.wait_until_ready()
        try:
            yield
        finally:
            await (manager.close(timeout) if close else log.flush(timeout))

    return run
