"""The base of the generated class ``Chatkeep`` with coroutines."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

import chatkeep
from chatkeep._generated.awaited.managers import Managers
from chatkeep._native import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeVar

    Self = TypeVar("Self", bound="ChatkeepBase")


class ChatkeepBase(Managers):
    """The base of ``Chatkeep``."""

    __slots__ = ("blocking",)

    @classmethod
    def of(cls: type[Self], chat: chatkeep.Chatkeep) -> Self:
        """Wraps an existing blocking store.

        Args:
            chat (chatkeep.Chatkeep): Store to wrap.

        Returns:
            Chatkeep: The same store with coroutines.
        """
        store = cls.__new__(cls)
        store._set(chat)
        return store

    def _open(self, url: str | None, settings: dict[str, object]) -> None:
        blocking = chatkeep.Chatkeep.__new__(chatkeep.Chatkeep)
        blocking._set(Store(url, settings))
        self._set(blocking)

    def _set(self, chat: chatkeep.Chatkeep) -> None:
        self._store = chat._store
        self.blocking = chat
        self._create_managers(chat)

    async def close(self, timeout: float = 30.0) -> None:
        """Closes the store."""
        raise NotImplementedError

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
