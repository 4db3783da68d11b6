"""Flask integration: tokens, sessions, error responses, and a health check.

Every function accepts a ``chatkeep.Chatkeep``. The default is the database that the environment
variables name. Flask is not a dependency of chatkeep.

Examples:
    >>> from chatkeep import Chatkeep
    >>> from chatkeep.flask import TokenRequired, current_token, handle_errors, health_blueprint
    >>> from flask import Flask
    >>> chat = Chatkeep("sqlite:///:memory:")
    >>> token_required = TokenRequired(chat)
    >>> app = Flask("example")
    >>> handle_errors(app)
    >>> app.register_blueprint(health_blueprint(chat))
    >>> @app.get("/whoami")
    ... @token_required
    ... def whoami():
    ...     return current_token()["description"]
    >>> created = chat.token_manager.create_token("web app")
    >>> client = app.test_client()
    >>> client.get("/whoami").headers["WWW-Authenticate"]
    'Bearer'
    >>> client.get("/whoami", headers={"Authorization": f"Bearer {created['token']}"}).text
    'web app'
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, ParamSpec, TypeVar, cast

from flask import (
    Blueprint,
    Flask,
    Response,
    after_this_request,
    current_app,
    g,
    jsonify,
    request,
)
from werkzeug.exceptions import Forbidden, HTTPException, ServiceUnavailable, Unauthorized

import chatkeep
from chatkeep import _web, _web_sessions
from chatkeep.errors import Error
from chatkeep.types import (
    CreatedSession,
    DatabaseHealth,
    RotatedSession,
    SessionInfo,
    TokenInfo,
)

__all__ = [
    "SessionRequired",
    "TokenRequired",
    "current_session",
    "current_token",
    "db_pool_health",
    "handle_errors",
    "health_blueprint",
    "session_required",
    "token_required",
]

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class _Guard:
    """Decorator for views with a check before them, whose result ``_current`` returns."""

    #: Kind of the checked secret: ``token`` or ``session``.
    _kind: ClassVar[str]

    def __call__(self, view: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
        """Returns the view with the check before it.

        Args:
            view (Callable): View function or coroutine function.

        Returns:
            Callable: The protected view.
        """

        @wraps(view)
        def protected(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
            setattr(g, f"chatkeep_{self._kind}", self._check())
            return cast(_Result, current_app.ensure_sync(view)(*args, **kwargs))

        return protected

    def _check(self) -> object:
        raise NotImplementedError


def _current(kind: str) -> Any:
    checked = g.get(f"chatkeep_{kind}")
    if checked is None:
        raise RuntimeError(
            f"no {kind} was checked for this request; decorate the view with {kind}_required"
        )
    return checked


class TokenRequired(_Guard):
    """Decorator for views that require a valid bearer token: ``Authorization: Bearer …``.

    A missing or invalid token results in 401 and a token without the scope in 403, both with
    ``WWW-Authenticate``, and an unavailable database in 503 with ``Retry-After``. The error
    handlers of the application apply to all. In the view, ``current_token()`` returns the record of
    the token. ``token_required`` is an instance for the database that the environment variables
    name.

    To protect all views of a blueprint, decorate an empty function and register it with
    ``before_request``.

    Args:
        chat (chatkeep.Chatkeep | None): Store with the tokens.
        scope (str | None): Scope that the token must have.
        retry_after (int): Value of ``Retry-After``, in seconds.
    """

    _kind = "token"

    def __init__(
        self,
        chat: chatkeep.Chatkeep | None = None,
        *,
        scope: str | None = None,
        retry_after: int = _web.RETRY_AFTER,
    ) -> None:
        self._tokens = chatkeep.token_manager if chat is None else chat.token_manager
        self._scope = scope
        self._retry_after = retry_after

    def _check(self) -> TokenInfo:
        token = _web.bearer_token(request.headers.get("Authorization"))
        if token is None:
            raise _exception(_web.missing_token())
        try:
            check = self._tokens.check_token(token, scope=self._scope)
        except _web.TEMPORARY as error:
            raise _exception(_web.unavailable(error, self._retry_after)) from error
        result = _web.check_result(check, self._scope)
        if isinstance(result, _web.ErrorResponse):
            raise _exception(result)
        return result


#: ``TokenRequired`` for the database that the environment variables name.
token_required = TokenRequired()


def current_token() -> TokenInfo:
    """Returns the record of the token of this request, in a view with ``token_required``.

    Returns:
        TokenInfo: The record.

    Raises:
        RuntimeError: The view has no ``token_required`` decorator.
    """
    token: TokenInfo = _current("token")
    return token


class SessionRequired(_Guard, _web_sessions.SessionGuard[chatkeep.SessionManager]):
    """Decorator for views that require the session of a signed-in user; it also sets its cookie.

    The secret of the session is in the cookie ``__Host-chat-session`` or in the header
    ``Authorization: Bearer …``. A missing or ended session results in 401 with the reason, and an
    unavailable database in 503 with ``Retry-After``. A request with the cookie that may change data
    and that another site caused results in 403. In the view, ``current_session()`` returns the
    record of the session. A session in a cookie regularly gets a new secret. ``session_required``
    is an instance for the database that the environment variables name.

    Args:
        chat (chatkeep.Chatkeep | None): Store with the sessions.
        cookie (str): Name of the cookie, without the prefix ``__Host-``.
        secure (bool): Whether the cookie requires HTTPS. With false, for development over HTTP, its
            name has no prefix.
        trusted_origins (Iterable[str]): Other origins whose pages may change data, such as
            ``https://app.example.org``.
        rotate_after (float | None): Age in seconds at which the secret is replaced; ``None`` for
            never.
        retry_after (int): Value of ``Retry-After``, in seconds.

    Examples:
        >>> from chatkeep import Chatkeep
        >>> from chatkeep.flask import SessionRequired, current_session
        >>> from flask import Flask, jsonify
        >>> chat = Chatkeep("sqlite:///:memory:")
        >>> session_required = SessionRequired(chat)
        >>> app = Flask("example")
        >>> @app.get("/me")
        ... @session_required
        ... def me():
        ...     return jsonify(chat.user_manager.get_user(current_session()["user_id"]))
        >>> @app.post("/sign-out")
        ... @session_required
        ... def sign_out():
        ...     chat.session_manager.logout(session_required.secret())
        ...     response = jsonify(None)
        ...     session_required.delete_cookie(response)
        ...     return response
        >>> app.test_client().get("/me").status_code
        401
    """

    _kind = "session"
    _default_manager = chatkeep.session_manager

    def _check(self) -> SessionInfo:
        presented = self._sessions.begin(request.method, request.headers, request.cookies)
        if isinstance(presented, _web.ErrorResponse):
            raise _exception(presented)
        try:
            check = self._manager.check_session(presented.secret)
        except _web.TEMPORARY as error:
            raise _exception(_web.unavailable(error, self._retry_after)) from error
        result = self._sessions.result(check)
        if isinstance(result, _web.ErrorResponse):
            raise _exception(result)
        if presented.is_cookie and self._sessions.is_due(result):
            self._rotate(presented.secret)
        return result

    def _rotate(self, secret: str) -> None:
        try:
            rotated = self._manager.rotate_session(secret)
        except Error as error:
            _web_sessions.not_rotated(error)
            return
        cookie = self._sessions.new_cookie(secret, rotated)
        if cookie is None:
            return

        @after_this_request
        def send(response: Response) -> Response:
            # A sign-in or sign-out in the same response takes precedence.
            if not _web_sessions.is_set(cookie, response.headers.getlist("Set-Cookie")):
                _add_cookie(response, cookie)
            return response

    def require_same_site(self) -> None:
        """Rejects this request if it may change data and another site caused it.

        A view that requires a session does this. Call it in views that need none, such as the
        sign-in.

        Raises:
            Forbidden: Another site caused the request.
        """
        failure = self._sessions.cross_site(request.method, request.headers)
        if failure is not None:
            raise _exception(failure)

    def secret(self) -> str | None:
        """Returns the secret that this request presents, for ``logout``.

        Returns:
            str | None: The secret, valid or not.
        """
        presented = self._sessions.presented(request.headers, request.cookies)
        return None if presented is None else presented.secret

    def set_cookie(self, response: Response, created: CreatedSession | RotatedSession) -> None:
        """Sets the cookie of a session. The browser deletes it when the session expires.

        Args:
            response (flask.Response): Response to the sign-in.
            created (CreatedSession | RotatedSession): Result of ``create_session``.
        """
        _add_cookie(response, self._sessions.value(created))

    def delete_cookie(self, response: Response) -> None:
        """Deletes the cookie. The session itself is ended by ``logout``.

        Args:
            response (flask.Response): Response to the sign-out.
        """
        _add_cookie(response, self._sessions.deleted())


def _add_cookie(response: Response, cookie: str) -> None:
    response.headers.add("Set-Cookie", cookie)
    response.vary.add("Cookie")


#: ``SessionRequired`` for the database that the environment variables name.
session_required = SessionRequired()


def current_session() -> SessionInfo:
    """Returns the session of this request, in a view with ``session_required``.

    Returns:
        SessionInfo: The record, with the id of the user.

    Raises:
        RuntimeError: The view has no ``session_required`` decorator.
    """
    session: SessionInfo = _current("session")
    return session


def handle_errors(app: Flask | Blueprint, *, retry_after: int = _web.RETRY_AFTER) -> None:
    """Registers error handlers that convert chatkeep errors in views to responses.

    ``UnavailableError``, ``PoolTimeoutError`` and a retryable ``ConflictError`` result in 503 with
    ``Retry-After``. ``OutcomeUnknownError`` results in 503 without it, because a retry may store
    the message twice. ``InvalidInputError`` results in 422, and a ``ConflictError`` that is not
    retryable, such as a taken address, in 409, both with the name of the field. Other errors are
    not handled, and result in 500.

    Args:
        app (flask.Flask | flask.Blueprint): Application or blueprint to register the handlers with.
        retry_after (int): Value of ``Retry-After``, in seconds.
    """

    def respond(error: Exception) -> Response:
        return _response(_web.error_response(error, retry_after))

    for error_class in _web.HANDLED:
        app.register_error_handler(error_class, respond)


def _exception(failure: _web.ErrorResponse) -> HTTPException:
    """Returns the exception with which a decorator rejects a request."""
    classes: dict[int, type[HTTPException]] = {
        401: Unauthorized,
        403: Forbidden,
        503: ServiceUnavailable,
    }
    return classes[failure.status](failure.detail, _response(failure))


def _response(failure: _web.ErrorResponse) -> Response:
    response = jsonify(detail=failure.detail)
    response.status_code = failure.status
    response.headers.update(failure.headers)
    return response


def db_pool_health(chat: chatkeep.Chatkeep | None = None) -> DatabaseHealth:
    """Returns the health of the database and the state of its connection pool.

    The result contains neither the host nor the account, so that it can be public.

    Args:
        chat (chatkeep.Chatkeep | None): Store to check.

    Returns:
        DatabaseHealth: The health; ``status`` is ``healthy`` or ``unhealthy``.

    Examples:
        >>> from chatkeep import Chatkeep
        >>> from chatkeep.flask import db_pool_health
        >>> health = db_pool_health(Chatkeep("sqlite:///:memory:"))
        >>> health["status"], health["engine"], health["pool"]["checked_out"]
        ('healthy', 'sqlite', 0)
    """
    manager = chatkeep.db_manager if chat is None else chat.db_manager
    try:
        return _web.health_report(manager.health())
    except Error as error:
        return _web.unhealthy_report(error, manager.db_type, manager.pool_status())


def health_blueprint(
    chat: chatkeep.Chatkeep | None = None, *, path: str = "/health/db-pool"
) -> Blueprint:
    """Returns a blueprint that serves ``db_pool_health``, with 503 if the database is unhealthy.

    Args:
        chat (chatkeep.Chatkeep | None): Store to check.
        path (str): Path of the route.

    Returns:
        flask.Blueprint: The blueprint.
    """
    blueprint = Blueprint("chatkeep_health", __name__)

    @blueprint.get(path)
    def db_pool() -> Response:
        health = db_pool_health(chat)
        response = jsonify(health)
        if health["status"] != "healthy":
            response.status_code = 503
            response.headers["Retry-After"] = str(_web.RETRY_AFTER)
        return response

    return blueprint
