"""For Flask: a decorator for bearer tokens, errors as answers, and a health check.

Each takes a ``chatkeep.Chatkeep``; without one, it is the database that the environment names. Flask itself is not installed
with chatkeep.

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
    """A decorator for views that want a valid token: ``Authorization: Bearer …``.

    Without a token, or with one that is not valid, the answer is 401 with ``WWW-Authenticate``; when the database does not
    answer, 503 with ``Retry-After``. An error handler of the application's for these codes is asked as for any other. In the view,
    ``current_token()`` is the token's record. ``token_required`` is one for the database that the environment names.

    For all views of a blueprint, decorate a function that does nothing, and give it to ``before_request``.

    Args:
        chat (chatkeep.Chatkeep | None): The store.
        retry_after (int): The seconds of ``Retry-After``.
    """

    def __init__(
        self, chat: chatkeep.Chatkeep | None = None, *, retry_after: int = _web.RETRY_AFTER
    ) -> None:
        self._tokens = chatkeep.token_manager if chat is None else chat.token_manager
        self._retry_after = retry_after

    def __call__(self, view: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
        """The same view, for requests with a valid token.

        Args:
            view (Callable): The view; it may be a coroutine function.

        Returns:
            Callable: The view behind the check.
        """

        @wraps(view)
        def guarded(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
            g.chatkeep_token = self._check()
            return cast(_Result, current_app.ensure_sync(view)(*args, **kwargs))

        return guarded

    def _check(self) -> TokenInfo:
        token = _web.presented_token(request.headers.get("Authorization"))
        if token is None:
            refusal = _web.no_token()
            raise Unauthorized(refusal.detail, _response(refusal))
        try:
            verdict = _web.judged(self._tokens.check_token(token))
        except _web.TEMPORARY as error:
            refusal = _web.unavailable(error, self._retry_after)
            raise ServiceUnavailable(refusal.detail, _response(refusal)) from error
        if isinstance(verdict, _web.Refusal):
            raise Unauthorized(verdict.detail, _response(verdict))
        return verdict


#: For the database that the environment names.
token_required = TokenRequired()


def current_token() -> TokenInfo:
    """The record of the token that this request brought; for views behind ``token_required``.

    Returns:
        TokenInfo: The record.

    Raises:
        RuntimeError: When no token was asked for.
    """
    token: TokenInfo | None = g.get("chatkeep_token")
    if token is None:
        raise RuntimeError("this view is not behind token_required")
    return token


def handle_errors(app: Flask | Blueprint, *, retry_after: int = _web.RETRY_AFTER) -> None:
    """Turns errors of chatkeep's in views into answers.

    ``UnavailableError``, ``PoolTimeoutError`` and ``ConflictError`` become 503 with ``Retry-After``. ``OutcomeUnknownError``
    becomes 503 without it, as who tries again may store twice. ``InvalidInputError`` becomes 422 and names the field. All others
    stay what they are without this: 500.

    Args:
        app (flask.Flask | flask.Blueprint): The application, or the blueprint whose views are meant.
        retry_after (int): The seconds of ``Retry-After``.
    """

    def try_again(error: Exception) -> Response:
        return _response(_web.unavailable(error, retry_after))

    def do_not_try_again(error: Exception) -> Response:
        return _response(_web.outcome_unknown(error))

    def refuse(error: Exception) -> Response:
        return _response(_web.invalid_input(error))

    for temporary in _web.TEMPORARY:
        app.register_error_handler(temporary, try_again)
    app.register_error_handler(OutcomeUnknownError, do_not_try_again)
    app.register_error_handler(InvalidInputError, refuse)


def _response(refusal: _web.Refusal) -> Response:
    response = jsonify(detail=refusal.detail)
    response.status_code = refusal.status
    response.headers.update(refusal.headers)
    return response


def db_pool_health(chat: chatkeep.Chatkeep | None = None) -> DatabaseHealth:
    """What ``/health/db-pool`` says: whether the database answers, and the pool's figures.

    It names neither the host nor the account, so that it may be asked without a token.

    Args:
        chat (chatkeep.Chatkeep | None): The store.

    Returns:
        DatabaseHealth: ``status`` is ``healthy`` or ``unhealthy``.

    Examples:
        >>> from chatkeep import Chatkeep
        >>> from chatkeep.flask import db_pool_health
        >>> health = db_pool_health(Chatkeep("sqlite:///:memory:"))
        >>> health["status"], health["engine"], health["pool"]["checked_out"]
        ('healthy', 'sqlite', 0)
    """
    manager = chatkeep.db_manager if chat is None else chat.db_manager
    try:
        return _web.healthy(manager.health())
    except Error as error:
        return _web.unhealthy(error, manager.db_type, manager.pool_status())


def health_blueprint(
    chat: chatkeep.Chatkeep | None = None, *, path: str = "/health/db-pool"
) -> Blueprint:
    """A blueprint that answers with ``db_pool_health``; 503 when the database is not healthy.

    Args:
        chat (chatkeep.Chatkeep | None): The store.
        path (str): The path.

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
