"""The class ``TokenManager`` with coroutines."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

from chatkeep import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatkeep.types import CreatedToken, TokenCheck, TokenInfo


class TokenManager:
    """Creates, verifies and revokes API tokens: ``chatkeep.TokenManager`` with coroutines.

    Args:
        chat (chatkeep.Chatkeep): Store to use.
    """

    __slots__ = ("_calls", "_chat")

    def __init__(self, chat: _native.Chatkeep) -> None:
        self._chat = chat
        self._calls = _native.AsyncTokenManager(chat)

    async def create_token(
        self, description: str = "API Token", expires_days: int | None = None
    ) -> CreatedToken:
        """Creates a token; see ``chatkeep.TokenManager.create_token``."""
        return await self._calls.create_token(description, expires_days)

    async def verify_token(self, token: str) -> bool:
        """Returns whether a token is valid; see ``chatkeep.TokenManager.verify_token``.

        A cached result is returned without waiting.
        """
        cached = self._calls.verify_cached(token)
        return await self._calls.verify_token(token) if cached is None else cached

    async def check_token(self, token: str) -> TokenCheck:
        """Returns whether a token is valid, the reason, and the stored record.

        See ``chatkeep.TokenManager.check_token``.
        """
        cached = self._calls.check_cached(token)
        return await self._calls.check_token(token) if cached is None else cached

    async def list_tokens(self) -> list[TokenInfo]:
        """Returns the records of all tokens, newest first."""
        return await self._calls.list_tokens()

    async def get_token_info(self, id: int) -> TokenInfo | None:
        """Returns the record of a token, or ``None``."""
        return await self._calls.get_token_info(id)

    async def revoke_token(self, token_id: int) -> bool:
        """Revokes a token permanently; see ``chatkeep.TokenManager.revoke_token``."""
        return await self._calls.revoke_token(token_id)

    async def delete_expired_tokens(self) -> int:
        """Deletes all expired tokens and returns their number."""
        return await self._calls.delete_expired_tokens()

    def __repr__(self) -> str:
        return repr(self._chat.token_manager).replace("chatkeep.", "chatkeep.asyncio.", 1)
