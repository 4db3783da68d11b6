"""The same operations as coroutines, for any event loop, including uvloop.

A call is submitted when its coroutine first runs, and then runs to completion. Cancelling it, for
example with a timeout, neither loses nor repeats a write. It only stops waiting for the result.

Examples:
    >>> import asyncio
    >>> from chatkeep.asyncio import Chatkeep
    >>> async def main():
    ...     async with Chatkeep("sqlite:///:memory:") as chat:
    ...         log = chat.message_logger
    ...         ids = await asyncio.gather(*(log.log_message(text) for text in "abc"))
    ...         return len(ids), await log.get_message_count()
    >>> asyncio.run(main())
    (3, 3)
"""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

import chatkeep
from chatkeep._generated.awaited.database import DatabaseManager
from chatkeep._generated.awaited.messages import MessageLogger
from chatkeep._generated.awaited.tokens import TokenManager
from chatkeep.asyncio._bases import CanClose, CanFlush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "Chatkeep",
    "DatabaseManager",
    "MessageLogger",
    "TokenManager",
    "db_manager",
    "message_logger",
    "token_manager",
]

for _class in (DatabaseManager, MessageLogger, TokenManager):
    # Users import the classes from here, and tracebacks show this name.
    _class.__module__ = __name__
del _class


class Chatkeep(CanFlush, CanClose):
    """``chatkeep.Chatkeep`` with coroutines and the same constructor arguments.

    An instance is safe to use from any number of event loops and threads.

    Attributes:
        message_logger (MessageLogger): Message log.
        token_manager (TokenManager): API tokens.
        db_manager (DatabaseManager): Health, migrations and maintenance of the database.
        blocking (chatkeep.Chatkeep): The same store with blocking calls.
    """

    __slots__ = ("blocking", "db_manager", "message_logger", "token_manager")

    def __init__(
        self,
        url: str | None = None,
        *,
        pool_size: int | None = None,
        max_overflow: int | None = None,
        pool_timeout: float | None = None,
        pool_recycle: float | None = None,
        pool_pre_ping: bool | None = None,
        connect_timeout: float | None = None,
        query_timeout: float | None = None,
        max_retries: int | None = None,
        retry_delay: float | None = None,
        auto_migrate: bool | None = None,
        writers: int | None = None,
        token_cache: float | None = None,
    ) -> None:
        self._set(
            chatkeep.Chatkeep(
                url,
                pool_size=pool_size,
                max_overflow=max_overflow,
                pool_timeout=pool_timeout,
                pool_recycle=pool_recycle,
                pool_pre_ping=pool_pre_ping,
                connect_timeout=connect_timeout,
                query_timeout=query_timeout,
                max_retries=max_retries,
                retry_delay=retry_delay,
                auto_migrate=auto_migrate,
                writers=writers,
                token_cache=token_cache,
            )
        )

    @classmethod
    def of(cls, chat: chatkeep.Chatkeep) -> Chatkeep:
        """Wraps an existing blocking store.

        Args:
            chat (chatkeep.Chatkeep): Store to wrap.

        Returns:
            Chatkeep: The same store with coroutines.
        """
        store = cls.__new__(cls)
        store._set(chat)
        return store

    def _set(self, chat: chatkeep.Chatkeep) -> None:
        self._store = chat._store
        self.blocking = chat
        self.message_logger = MessageLogger(chat)
        self.token_manager = TokenManager(chat)
        self.db_manager = DatabaseManager(chat)

    async def __aenter__(self) -> Chatkeep:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


_environment = Chatkeep.of(chatkeep.from_environment())
#: Message log of the database that the environment variables name, as ``chatkeep.message_logger``.
message_logger = _environment.message_logger
#: API tokens of the database that the environment variables name.
token_manager = _environment.token_manager
#: Database that the environment variables name.
db_manager = _environment.db_manager
