"""For Starlette: bearer tokens, errors as answers, a health check, and a lifespan.

``chatkeep.fastapi`` is the same for FastAPI. Each takes a ``chatkeep.asyncio.Chatkeep``; without one, it is the database that
the environment names. Starlette itself is not installed with chatkeep.

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
from chatkeep.errors import Error, InvalidInputError, OutcomeUnknownError
from chatkeep.types import DatabaseHealth, TokenInfo

__all__ = [
    "TokenRequired",
    "db_pool_health",
    "handle_errors",
    "health_route",
    "lifespan",
    "token_required",
]


class TokenRequired:
    """Lets a request pass that brings a valid token: ``Authorization: Bearer …``.

    Without a token, or with one that is not valid, the answer is 401 with ``WWW-Authenticate``; when the database does not
    answer, 503 with ``Retry-After``. ``token_required`` is one for the database that the environment names.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): The store.
        retry_after (int): The seconds of ``Retry-After``.
    """

    def __init__(
        self, chat: _chatkeep.Chatkeep | None = None, *, retry_after: int = _web.RETRY_AFTER
    ) -> None:
        self._tokens = _chatkeep.token_manager if chat is None else chat.token_manager
        self._retry_after = retry_after

    # FastAPI reads these annotations; a connection is a request or a WebSocket.
    async def __call__(self, connection: HTTPConnection) -> TokenInfo:
        """The record of the token that a request brought.

        Args:
            connection (starlette.requests.HTTPConnection): The request or WebSocket.

        Returns:
            TokenInfo: The token's record.

        Raises:
            HTTPException: 401 or 503.
        """
        token = _web.presented_token(connection.headers.get("Authorization"))
        if token is None:
            raise HTTPException(*_web.no_token())
        try:
            verdict = _web.judged(await self._tokens.check_token(token))
        except _web.TEMPORARY as error:
            raise HTTPException(*_web.unavailable(error, self._retry_after)) from error
        if isinstance(verdict, _web.Refusal):
            raise HTTPException(*verdict)
        return verdict


#: For the database that the environment names.
token_required = TokenRequired()


def handle_errors(app: Starlette, *, retry_after: int = _web.RETRY_AFTER) -> None:
    """Turns errors of chatkeep's in routes into answers.

    ``UnavailableError``, ``PoolTimeoutError`` and ``ConflictError`` become 503 with ``Retry-After``. ``OutcomeUnknownError``
    becomes 503 without it, as who tries again may store twice. ``InvalidInputError`` becomes 422 and names the field. All others
    stay what they are without this: 500.

    Args:
        app (starlette.applications.Starlette): The application.
        retry_after (int): The seconds of ``Retry-After``.
    """

    async def try_again(_: Request, error: Exception) -> JSONResponse:
        return _response(_web.unavailable(error, retry_after))

    async def do_not_try_again(_: Request, error: Exception) -> JSONResponse:
        return _response(_web.outcome_unknown(error))

    async def refuse(_: Request, error: Exception) -> JSONResponse:
        return _response(_web.invalid_input(error))

    for temporary in _web.TEMPORARY:
        app.add_exception_handler(temporary, try_again)
    app.add_exception_handler(OutcomeUnknownError, do_not_try_again)
    app.add_exception_handler(InvalidInputError, refuse)


def _response(refusal: _web.Refusal) -> JSONResponse:
    return JSONResponse({"detail": refusal.detail}, refusal.status, refusal.headers)


async def db_pool_health(
    chat: _chatkeep.Chatkeep | None = None, *, timeout: float = 5.0
) -> DatabaseHealth:
    """What ``/health/db-pool`` says: whether the database answers, and the pool's figures.

    It names neither the host nor the account, so that it may be asked without a token.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): The store.
        timeout (float): The seconds after which a database that has not answered counts as down.

    Returns:
        DatabaseHealth: ``status`` is ``healthy`` or ``unhealthy``.

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
        return _web.healthy(await asyncio.wait_for(manager.health(), timeout))
    except asyncio.TimeoutError:
        return _web.unhealthy(None, manager.db_type, manager.pool_status())
    except Error as error:
        return _web.unhealthy(error, manager.db_type, manager.pool_status())


def health_response(health: DatabaseHealth) -> JSONResponse:
    """The answer of a health check: 503 when the database is not healthy."""
    if health["status"] == "healthy":
        return JSONResponse(health)
    return JSONResponse(health, 503, {"Retry-After": str(_web.RETRY_AFTER)})


def health_route(
    chat: _chatkeep.Chatkeep | None = None,
    *,
    path: str = "/health/db-pool",
    timeout: float = 5.0,
) -> Route:
    """A route that answers with ``db_pool_health``; 503 when the database is not healthy.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): The store.
        path (str): The route's path.
        timeout (float): The seconds after which a database that has not answered counts as down.

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
    """The store's life beside the application's: at the end, nothing that was handed in is left.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): The store.
        wait (bool): Whether the application starts only when the database answers and has its schema; it does not start when
            that takes longer than ``DB_MAX_RETRIES`` times ``DB_RETRY_DELAY``. Without it, the first call opens the store.
        close (bool): Whether to close the store at the end, after which it cannot be used again. Without it, it is flushed,
            and its connections go with the process.
        timeout (float): The seconds to wait for what is under way at the end.

    Returns:
        Callable: What ``lifespan=`` of the application takes.

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
