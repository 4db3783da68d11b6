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
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatkeep import _web, _web_sessions
from chatkeep import asyncio as _chatkeep
from chatkeep.errors import Error
from chatkeep.types import (
    CreatedSession,
    DatabaseHealth,
    RotatedSession,
    SessionInfo,
    TokenInfo,
)

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

#: Key of the scope for the cookies that ``RotatedCookies`` sends.
_COOKIES = "chatkeep.cookies"


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


class SessionRequired(_web_sessions.SessionGuard[_chatkeep.SessionManager]):
    """Requires the session of a signed-in user in a request, and sets its cookie.

    The secret of the session is in the cookie ``__Host-chat-session`` or in the header
    ``Authorization: Bearer …``. A missing or ended session results in 401 with the reason, and an
    unavailable database in 503 with ``Retry-After``. A request with the cookie that may change data
    and that another site caused results in 403. ``session_required`` is an instance for the
    database that the environment variables name.

    With the middleware ``RotatedCookies``, a session in a cookie regularly gets a new secret.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): Store with the sessions.
        cookie (str): Name of the cookie, without the prefix ``__Host-``.
        secure (bool): Whether the cookie requires HTTPS. With false, for development over HTTP, its
            name has no prefix.
        trusted_origins (Iterable[str]): Other origins whose pages may change data, such as
            ``https://app.example.org``.
        rotate_after (float | None): Age in seconds at which the secret is replaced; ``None`` for
            never.
        retry_after (int): Value of ``Retry-After``, in seconds.

    Examples:
        >>> from chatkeep.asyncio import Chatkeep
        >>> from chatkeep.starlette import SessionRequired
        >>> from starlette.applications import Starlette
        >>> from starlette.responses import JSONResponse
        >>> from starlette.routing import Route
        >>> from starlette.testclient import TestClient
        >>> chat = Chatkeep("sqlite:///:memory:")
        >>> session_required = SessionRequired(chat)
        >>> async def sign_in(request):
        ...     form = await request.json()
        ...     user = await chat.user_manager.authenticate(form["email"], form["password"])
        ...     if user is None:
        ...         return JSONResponse({"detail": "Wrong address or password"}, 401)
        ...     response = JSONResponse({"name": user["name"]})
        ...     created = await chat.session_manager.create_session(
        ...         user["public_id"], user_stamp=user["stamp"]
        ...     )
        ...     session_required.set_cookie(response, created)
        ...     return response
        >>> async def me(request):
        ...     session = await session_required(request)
        ...     return JSONResponse(session["user_id"])
        >>> app = Starlette(routes=[Route("/sign-in", sign_in, methods=["POST"]), Route("/me", me)])
        >>> TestClient(app).get("/me").text
        'Sign in first'
    """

    _default_manager = _chatkeep.session_manager

    # FastAPI reads the annotation, and passes the connection: a request or a WebSocket.
    async def __call__(self, connection: HTTPConnection) -> SessionInfo:
        """Returns the session of a request.

        Args:
            connection (starlette.requests.HTTPConnection): Request or WebSocket.

        Returns:
            SessionInfo: Record of the session, with the id of the user.

        Raises:
            HTTPException: 401 if the session is missing or has ended, 403 if another site caused
                the request, 503 if the database is not available.
        """
        presented = self._sessions.begin(
            _method(connection), connection.headers, connection.cookies
        )
        if isinstance(presented, _web.ErrorResponse):
            raise HTTPException(*presented)
        try:
            check = await self._manager.check_session(presented.secret)
        except _web.TEMPORARY as error:
            raise HTTPException(*_web.unavailable(error, self._retry_after)) from error
        result = self._sessions.result(check)
        if isinstance(result, _web.ErrorResponse):
            raise HTTPException(*result)
        cookies: list[str] | None = connection.scope.get(_COOKIES)
        if presented.is_cookie and cookies is not None and self._sessions.is_due(result):
            try:
                rotated = await self._manager.rotate_session(presented.secret)
            except Error as error:
                _web_sessions.not_rotated(error)
            else:
                cookie = self._sessions.new_cookie(presented.secret, rotated)
                if cookie is not None:
                    cookies.append(cookie)
        return result

    # A coroutine function, because FastAPI runs others in a thread.
    async def same_site_required(self, connection: HTTPConnection) -> None:
        """Rejects a request that may change data if another site caused it.

        A route that requires a session does this. Add it to routes that need none, such as the
        sign-in.

        Args:
            connection (starlette.requests.HTTPConnection): Request or WebSocket.

        Raises:
            HTTPException: 403 if another site caused the request.
        """
        failure = self._sessions.cross_site(_method(connection), connection.headers)
        if failure is not None:
            raise HTTPException(*failure)

    def secret(self, connection: HTTPConnection) -> str | None:
        """Returns the secret that a request presents, for ``logout``.

        Args:
            connection (starlette.requests.HTTPConnection): Request or WebSocket.

        Returns:
            str | None: The secret, valid or not.
        """
        presented = self._sessions.presented(connection.headers, connection.cookies)
        return None if presented is None else presented.secret

    def set_cookie(self, response: Response, created: CreatedSession | RotatedSession) -> None:
        """Sets the cookie of a session. The browser deletes it when the session expires.

        Args:
            response (starlette.responses.Response): Response to the sign-in.
            created (CreatedSession | RotatedSession): Result of ``create_session``.
        """
        _add_cookie(response.headers, self._sessions.value(created))

    def delete_cookie(self, response: Response) -> None:
        """Deletes the cookie. The session itself is ended by ``logout``.

        Args:
            response (starlette.responses.Response): Response to the sign-out.
        """
        _add_cookie(response.headers, self._sessions.deleted())


def _method(connection: HTTPConnection) -> str:
    # A WebSocket has none, and counts as a request that may change data.
    method: str = connection.scope.get("method", "WEBSOCKET")
    return method


def _add_cookie(headers: MutableHeaders, cookie: str) -> None:
    headers.append("Set-Cookie", cookie)
    headers.add_vary_header("Cookie")


#: ``SessionRequired`` for the database that the environment variables name.
session_required = SessionRequired()


class RotatedCookies:
    """ASGI middleware that sends the new cookie of a session whose secret was replaced.

    ``SessionRequired`` replaces no secrets in applications without it. Add it with
    ``app.add_middleware(RotatedCookies)``.

    Args:
        app (ASGIApp): Application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application, and adds the cookies to its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        cookies: list[str] = scope.setdefault(_COOKIES, [])

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start" and cookies:
                headers = MutableHeaders(scope=message)
                own = headers.getlist("Set-Cookie")
                for cookie in cookies:
                    # A sign-in or sign-out in the same response takes precedence.
                    if not _web_sessions.is_set(cookie, own):
                        _add_cookie(headers, cookie)
                cookies.clear()
            await send(message)

        await self._app(scope, receive, send_with_cookies)


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
