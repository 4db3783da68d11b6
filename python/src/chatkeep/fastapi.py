"""For FastAPI: a dependency for bearer tokens, errors as answers, a health check, and a lifespan.

Each takes a ``chatkeep.asyncio.Chatkeep``; without one, it is the database that the environment names. FastAPI itself is not
installed with chatkeep.

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
    """A dependency that wants a valid token, ``Authorization: Bearer …``, and returns its record.

    Without a token, or with one that is not valid, the answer is 401 with ``WWW-Authenticate``; when the database does not
    answer, 503 with ``Retry-After``. The API's documentation shows the lock. ``token_required`` is one for the database that the
    environment names; for all routes of an application or router, give it as one of its ``dependencies``.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): The store.
        retry_after (int): The seconds of ``Retry-After``.
        scheme_name (str): The name of the security scheme in the API's documentation.
    """

    def __init__(
        self,
        chat: _chatkeep.Chatkeep | None = None,
        *,
        retry_after: int = _web.RETRY_AFTER,
        scheme_name: str = "Token",
    ) -> None:
        super().__init__(chat, retry_after=retry_after)
        self.model = HTTPBearer(description="A token made by chatkeep")
        self.scheme_name = scheme_name


#: For the database that the environment names.
token_required = TokenRequired()


def health_router(
    chat: _chatkeep.Chatkeep | None = None,
    *,
    path: str = "/health/db-pool",
    timeout: float = 5.0,
) -> APIRouter:
    """A router that answers with ``db_pool_health``; 503 when the database is not healthy.

    Args:
        chat (chatkeep.asyncio.Chatkeep | None): The store.
        path (str): The route's path.
        timeout (float): The seconds after which a database that has not answered counts as down.

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
        """Whether the database answers, and the connections of the pool."""
        return _starlette.health_response(await db_pool_health(chat, timeout=timeout))

    return router
