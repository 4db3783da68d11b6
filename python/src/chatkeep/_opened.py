"""The store that an integration uses: how it is opened, set up and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, Any

import chatkeep
import chatkeep.asyncio
from chatkeep.errors import InvalidTypeError

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class Opened:
    """A class whose blocking methods and coroutines use one store of chatkeep."""

    _is_owner: bool
    _awaited: chatkeep.asyncio.Chatkeep
    _blocking: chatkeep.Chatkeep

    def _open(self, chat: object) -> None:
        """Opens the store that a URL or the environment names, or uses the caller's."""
        self._is_owner = isinstance(chat, str)
        if isinstance(chat, chatkeep.asyncio.Chatkeep):
            self._awaited = chat
        else:
            self._awaited = chatkeep.asyncio.Chatkeep.of(_opened(chat, type(self).__name__))
        self._blocking = self._awaited.blocking

    def setup(self) -> Awaitable[None]:
        """Creates or upgrades the tables, as the first call does unless ``auto_migrate`` is off.

        In an event loop, this starts ``asetup``; await the result. Otherwise it blocks.

        Returns:
            Awaitable[None]: The end of the migrations.

        Raises:
            SchemaError: The schema is newer than this program.
            ConflictError: Another program runs migrations for too long.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._blocking.db_manager.upgrade()
            return Done()
        return loop.create_task(self.asetup())

    async def asetup(self) -> None:
        """Creates or upgrades the tables; see ``setup``."""
        await self._awaited.db_manager.upgrade()

    def close(self, timeout: float = 30.0) -> None:
        """Closes the store of chatkeep if this object opened it.

        Args:
            timeout (float): Maximum wait for active calls, in seconds.

        Raises:
            UnavailableError: The timeout expired while calls were active.
        """
        if self._is_owner:
            self._blocking.close(timeout)

    async def aclose(self, timeout: float = 30.0) -> None:
        """Closes the store of chatkeep if this object opened it; see ``close``.

        Args:
            timeout (float): Maximum wait for active calls, in seconds.
        """
        if self._is_owner:
            await self._awaited.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class Done:
    """An awaitable that has ended."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


def _opened(chat: object, operation: str) -> chatkeep.Chatkeep:
    if chat is None:
        return chatkeep.from_environment()
    if isinstance(chat, str):
        return chatkeep.Chatkeep(chat)
    if isinstance(chat, chatkeep.Chatkeep):
        return chat
    message = f"chat: must be a database URL or a Chatkeep, not {type(chat).__name__}"
    raise InvalidTypeError(message, field="chat", operation=operation)
