"""Flask integration: bearer tokens, error responses, and a health check.

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
from typing import ParamSpec, TypeVar, cast

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import ServiceUnavailable, Unauthorized

import chatkeep
from chatkeep import _web
from chatkeep.errors import Error, InvalidInputError, OutcomeUnknownError
from chatkeep.types import DatabaseHealth, TokenInfo

__all__ = [
    "TokenRequired",
    "current_token",
    "db_pool_health",
    "handle_errors",
    "health_blueprint",
    "token_required",
]

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class TokenRequired:
    """Decorator for views that require a valid bearer token: ``Authorization: Bearer …``.

    A missing or invalid token results in 401 with ``WWW-Authenticate``, and an unavailable database
    in 503 with ``Retry-After``. The error handlers of the application apply to both. In the view,
    ``current_token()`` returns the record of the token. ``token_required`` is an instance for the
    database that the environment variables name.

    To protect all views of a blueprint, decorate an empty function and register it with
    ``before_request``.

    Args:
        chat (chatkeep.Chatkeep | None): Store with the tokens.
        retry_after (int): Value of ``Retry-After``, in seconds.
    """

    def __init__(
        self, chat: chatkeep.Chatkeep | None = None, *, retry_after: int = _web.RETRY_AFTER
    ) -> None:
        self._tokens = chatkeep.token_manager if chat is None else chat.token_manager
        self._retry_after = retry_after

    def __call__(self, view: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
        """Returns the view with a token check before it.

        Args:
            view (Callable): View function or coroutine function.

        Returns:
            Callable: The protected view.
        """

        @wraps(view)
        def protected(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
            g.chatkeep_token = self._check()
            return cast(_Result, current_app.ensure_sync(view)(*args, **kwargs))

        return protected

    def _check(self) -> TokenInfo:
        token = _web.bearer_token(request.headers.get("Authorization"))
        if token is None:
            failure = _web.missing_token()
            raise Unauthorized(failure.detail, _response(failure))
        try:
            result = _web.check_result(self._tokens.check_token(token))
        except _web.TEMPORARY as error:
            failure = _web.unavailable(error, self._retry_after)
            raise ServiceUnavailable(failure.detail, _response(failure)) from error
        if isinstance(result, _web.ErrorResponse):
            raise Unauthorized(result.detail, _response(result))
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
    token: TokenInfo | None = g.get("chatkeep_token")
    if token is None:
        raise RuntimeError(
            "no token was checked for this request; decorate the view with token_required"
        )
    return token


def handle_errors(app: Flask | Blueprint, *, retry_after: int = _web.RETRY_AFTER) -> None:
    """Registers error handlers that convert chatkeep errors in views to responses.

    ``UnavailableError``, ``PoolTimeoutError`` and ``ConflictError`` result in 503 with
    ``Retry-After``. ``OutcomeUnknownError`` results in 503 without it, because a retry may store
    the message twice. ``InvalidInputError`` results in 422 with the name of the field. Other errors
    are not handled, and result in 500.

    Args:
        app (flask.Flask | flask.Blueprint): Application or blueprint to register the handlers with.
        retry_after (int): Value of ``Retry-After``, in seconds.
    """

    def temporary(error: Exception) -> Response:
        return _response(_web.unavailable(error, retry_after))

    def outcome_unknown(error: Exception) -> Response:
        return _response(_web.outcome_unknown(error))

    def invalid_input(error: Exception) -> Response:
        return _response(_web.invalid_input(error))

    for error_class in _web.TEMPORARY:
        app.register_error_handler(error_class, temporary)
    app.register_error_handler(OutcomeUnknownError, outcome_unknown)
    app.register_error_handler(InvalidInputError, invalid_input)


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
