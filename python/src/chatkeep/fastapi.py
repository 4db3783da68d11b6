"""FastAPI integration: bearer tokens, error responses, a health check, and a lifespan.

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

from fastapi import APIRouter
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.responses import JSONResponse

from chatkeep import _web
from chatkeep import asyncio as _chatkeep
from chatkeep import starlette as _starlette
from chatkeep.starlette import db_pool_health, handle_errors, lifespan
from chatkeep.types import DatabaseHealth

__all__ = [
    "TokenRequired",
    "db_pool_health",
    "handle_errors",
    "health_router",
    "lifespan",
    "token_required",
]


class TokenRequired(_starlette.TokenRequired, SecurityBase):
    """Dependency that requires a valid bearer token and returns its record.

    A missing or invalid token results in 401 with ``WWW-Authenticate``, and an unavailable database
    in 503 with ``Retry-After``. The OpenAPI documentation marks the routes as protected.
    ``token_required`` is an instance for the database that the environment variables name. To
    protect all routes of an application or router, add the dependency to its ``dependencies``.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): Store with the tokens.
        retry_after (int): Value of ``Retry-After``, in seconds.
        scheme_name (str): Name of the security scheme in the OpenAPI documentation.
    """

    def __init__(
        self,
        chat: _chatkeep.Chatkeep | None = None,
        *,
        retry_after: int = _web.RETRY_AFTER,
        scheme_name: str = "Token",
    ) -> None:
        super().__init__(chat, retry_after=retry_after)
        self.model = HTTPBearer(description="A token created with chatkeep")
        self.scheme_name = scheme_name


#: ``TokenRequired`` for the database that the environment variables name.
token_required = TokenRequired()


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
