"""FastAPI integration: tokens, sessions, error responses, a health check, and a lifespan.

Every function accepts a ``chatkeep.asyncio.Chatkeep``. The default is the database that the
environment variables name. FastAPI is not a dependency of chatkeep.

Examples:
    >>> from typing import Annotated
    >>> from chatkeep.asyncio import Chatkeep
    >>> from chatkeep.fastapi import TokenRequired, handle_errors, health_router, lifespan
    >>> from chatkeep.types import TokenInfo
    >>> from fastapi import Depends, FastAPI
    >>> from fastapi.testclient import TestClient
    >>> chat = Chatkeep("sqlite:///:memory:")
    >>> app = FastAPI(lifespan=lifespan(chat, wait=True))
    >>> handle_errors(app)
    >>> app.include_router(health_router(chat))
    >>> @app.get("/whoami")
    ... async def whoami(token: Annotated[TokenInfo, Depends(TokenRequired(chat))]):
    ...     return token["description"]
    >>> created = chat.blocking.token_manager.create_token("web app")
    >>> with TestClient(app) as client:
    ...     client.get("/whoami").headers["www-authenticate"]
    ...     client.get("/whoami", headers={"Authorization": f"Bearer {created['token']}"}).json()
    'Bearer'
    'web app'
"""

from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.openapi.models import APIKey, HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.responses import JSONResponse

from chatkeep import _web, _web_sessions
from chatkeep import asyncio as _chatkeep
from chatkeep import starlette as _starlette
from chatkeep.starlette import RotatedCookies, db_pool_health, handle_errors, lifespan
from chatkeep.types import DatabaseHealth

__all__ = [
    "RotatedCookies",
    "SessionRequired",
    "TokenRequired",
    "db_pool_health",
    "handle_errors",
    "health_router",
    "lifespan",
    "session_required",
    "token_required",
]


class TokenRequired(_starlette.TokenRequired, SecurityBase):
    """Dependency that requires a valid bearer token and returns its record.

    A missing or invalid token results in 401 and a token without the scope in 403, both with
    ``WWW-Authenticate``, and an unavailable database in 503 with ``Retry-After``. The OpenAPI
    documentation marks the routes as protected. ``token_required`` is an instance for the database
    that the environment variables name. To protect all routes of an application or router, add the
    dependency to its ``dependencies``.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): Store with the tokens.
        scope (str | None): Scope that the token must have.
        retry_after (int): Value of ``Retry-After``, in seconds.
        scheme_name (str): Name of the security scheme in the OpenAPI documentation.
    """

    def __init__(
        self,
        chat: _chatkeep.Chatkeep | None = None,
        *,
        scope: str | None = None,
        retry_after: int = _web.RETRY_AFTER,
        scheme_name: str = "Token",
    ) -> None:
        super().__init__(chat, scope=scope, retry_after=retry_after)
        self.model = HTTPBearer(description="A token created with chatkeep")
        self.scheme_name = scheme_name


#: ``TokenRequired`` for the database that the environment variables name.
token_required = TokenRequired()


class SessionRequired(_starlette.SessionRequired, SecurityBase):
    """Dependency that requires the session of a signed-in user and returns its record.

    It has the methods of ``chatkeep.starlette.SessionRequired``: ``set_cookie``, ``delete_cookie``,
    ``secret`` and ``same_site_required``. A missing or ended session results in 401 with the
    reason, a request of another site in 403, and an unavailable database in 503 with
    ``Retry-After``. The OpenAPI documentation marks the routes as protected. ``session_required``
    is an instance for the database that the environment variables name.

    With the middleware ``RotatedCookies``, a session in a cookie regularly gets a new secret.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): Store with the sessions.
        cookie (str): Name of the cookie, without the prefix ``__Host-``.
        secure (bool): Whether the cookie requires HTTPS. With false, for development over HTTP, its
            name has no prefix.
        trusted_origins (Iterable[str]): Other origins whose pages may change data.
        rotate_after (float | None): Age in seconds at which the secret is replaced; ``None`` for
            never.
        retry_after (int): Value of ``Retry-After``, in seconds.
        scheme_name (str): Name of the security scheme in the OpenAPI documentation.

    Examples:
        >>> from typing import Annotated
        >>> from chatkeep.asyncio import Chatkeep
        >>> from chatkeep.fastapi import RotatedCookies, SessionRequired
        >>> from chatkeep.types import SessionInfo
        >>> from fastapi import Depends, FastAPI, Request, Response
        >>> chat = Chatkeep("sqlite:///:memory:")
        >>> session_required = SessionRequired(chat)
        >>> app = FastAPI()
        >>> app.add_middleware(RotatedCookies)
        >>> @app.get("/me")
        ... async def me(session: Annotated[SessionInfo, Depends(session_required)]):
        ...     return await chat.user_manager.get_user(session["user_id"])
        >>> @app.post("/sign-out", dependencies=[Depends(session_required)])
        ... async def sign_out(request: Request, response: Response):
        ...     await chat.session_manager.logout(session_required.secret(request))
        ...     session_required.delete_cookie(response)
    """

    def __init__(
        self,
        chat: _chatkeep.Chatkeep | None = None,
        *,
        cookie: str = _web_sessions.COOKIE,
        secure: bool = True,
        trusted_origins: Iterable[str] = (),
        rotate_after: float | None = _web_sessions.ROTATE_AFTER,
        retry_after: int = _web.RETRY_AFTER,
        scheme_name: str = "Session",
    ) -> None:
        super().__init__(
            chat,
            cookie=cookie,
            secure=secure,
            trusted_origins=trusted_origins,
            rotate_after=rotate_after,
            retry_after=retry_after,
        )
        self.model = APIKey.model_validate({"in": "cookie", "name": self._sessions.cookie})
        self.scheme_name = scheme_name


#: ``SessionRequired`` for the database that the environment variables name.
session_required = SessionRequired()


def health_router(
    chat: _chatkeep.Chatkeep | None = None,
    *,
    path: str = "/health/db-pool",
    timeout: float = 5.0,
) -> APIRouter:
    """Returns a router that serves ``db_pool_health``, with 503 if the database is unhealthy.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): Store to check.
        path (str): Path of the route.
        timeout (float): Timeout in seconds, after which the database is reported as unhealthy.

    Returns:
        fastapi.APIRouter: The router.
    """
    router = APIRouter(tags=["health"])

    @router.get(
        path,
        response_model=DatabaseHealth,
        responses={503: {"description": "The database is not healthy", "model": DatabaseHealth}},
    )
    async def db_pool() -> JSONResponse:
        """Returns the health of the database and the state of its connection pool."""
        return _starlette.health_response(await db_pool_health(chat, timeout=timeout))

    return router
