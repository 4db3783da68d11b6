"""Sessions of browsers in Starlette: the check of a request, and the cookies of rotated sessions.

``chatkeep.starlette`` exports the classes.
"""

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatkeep import _web, _web_sessions
from chatkeep import asyncio as _chatkeep
from chatkeep.errors import Error
from chatkeep.types import CreatedSession, RotatedSession, SessionInfo

#: Key of the scope for the cookies that ``RotatedCookies`` sends.
_COOKIES = "chatkeep.cookies"


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


class RotatedCookies:
    """ASGI middleware that sends the new cookie of a session whose secret was replaced.

    Without this middleware, ``SessionRequired`` does not replace secrets. Add it with
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


def _method(connection: HTTPConnection) -> str:
    # A WebSocket has no method. It counts as a request that may change data.
    method: str = connection.scope.get("method", "WEBSOCKET")
    return method


def _add_cookie(headers: MutableHeaders, cookie: str) -> None:
    headers.append("Set-Cookie", cookie)
    headers.add_vary_header("Cookie")
