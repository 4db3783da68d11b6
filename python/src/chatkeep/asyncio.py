"""The same calls as coroutines, for any event loop: asyncio's own and uvloop.

A call begins when its coroutine is first run, and from then on is done to its end: cancelling it, as a timeout around it
does, neither loses nor repeats a write. It is only no longer waited for.

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

# Type checkers read the annotations; nothing of it is imported at run time.
from __future__ import annotations

from chatkeep import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable, Mapping
    from os import PathLike
    from types import TracebackType
    from typing import Any

    from chatkeep.types import (
        Analytics,
        CreatedToken,
        Health,
        ImportReport,
        Message,
        MigrationStatus,
        Moment,
        NewMessage,
        PoolStatus,
        TokenCheck,
        TokenInfo,
        TotalsCheck,
    )

    Wanted = Mapping[str, str | int | float | bool | None]

__all__ = [
    "Chatkeep",
    "DatabaseManager",
    "MessageLogger",
    "TokenManager",
    "db_manager",
    "message_logger",
    "token_manager",
]


class MessageLogger:
    """``chatkeep.MessageLogger`` with coroutines.

    Args:
        chat (chatkeep.Chatkeep): The store.
    """

    __slots__ = ("_calls", "_chat")

    def __init__(self, chat: _native.Chatkeep) -> None:
        self._chat = chat
        self._calls = _native.AsyncMessageLogger(chat)

    async def log_message(
        self,
        message: str,
        response: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        tokens_used: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: Moment | None = None,
    ) -> int:
        """Logs a message; see ``chatkeep.MessageLogger.log_message``.

        Messages that are logged while another is being written share a transaction.
        """
        return await self._calls.log_message(
            message, response, provider, model, tokens_used, metadata, timestamp
        )

    async def log_messages(self, messages: Iterable[NewMessage | Message]) -> list[int]:
        """Logs all these messages or none; see ``chatkeep.MessageLogger.log_messages``."""
        return await self._calls.log_messages(messages)

    async def get_messages(
        self,
        limit: int = 100,
        offset: int = 0,
        provider: str | None = None,
        model: str | None = None,
        start_date: Moment | None = None,
        end_date: Moment | None = None,
        metadata: Wanted | None = None,
        cursor: str | Message | None = None,
    ) -> list[Message]:
        """A page of the messages that match, newest first; see ``chatkeep.MessageLogger.get_messages``."""
        return await self._calls.get_messages(
            limit, offset, provider, model, start_date, end_date, metadata, cursor
        )

    #: Another name for it.
    retrieve_messages = get_messages

    def cursor_after(self, message: Message) -> str:
        """The place behind a message as a text, at once; see ``chatkeep.MessageLogger.cursor_after``."""
        return self._chat.message_logger.cursor_after(message)

    async def get_message_by_id(self, id: int) -> Message | None:
        """The message with this id, if there is one."""
        return await self._calls.get_message_by_id(id)

    async def get_message_count(
        self,
        provider: str | None = None,
        model: str | None = None,
        start_date: Moment | None = None,
        end_date: Moment | None = None,
        metadata: Wanted | None = None,
    ) -> int:
        """How many messages match."""
        return await self._calls.get_message_count(provider, model, start_date, end_date, metadata)

    async def iter_messages(
        self,
        provider: str | None = None,
        model: str | None = None,
        start_date: Moment | None = None,
        end_date: Moment | None = None,
        metadata: Wanted | None = None,
        *,
        oldest_first: bool = False,
    ) -> AsyncIterator[Message]:
        """All messages that match, one by one; see ``chatkeep.MessageLogger.iter_messages``.

        Examples:
            >>> import asyncio
            >>> from chatkeep.asyncio import Chatkeep
            >>> async def texts():
            ...     async with Chatkeep("sqlite:///:memory:") as chat:
            ...         await chat.message_logger.log_messages([{"message": "a"}, {"message": "b"}])
            ...         messages = chat.message_logger.iter_messages(oldest_first=True)
            ...         return [message["user_message"] async for message in messages]
            >>> asyncio.run(texts())
            ['a', 'b']
        """
        pages = self._calls.iter_messages(
            provider, model, start_date, end_date, metadata, oldest_first=oldest_first
        )
        while page := await pages.next_page():
            for message in page:
                yield message

    async def search_messages(
        self, query: str, limit: int = 50, offset: int = 0, cursor: str | Message | None = None
    ) -> list[Message]:
        """Messages with this text, newest first; see ``chatkeep.MessageLogger.search_messages``."""
        return await self._calls.search_messages(query, limit, offset, cursor)

    async def get_analytics(
        self, start_date: Moment | None = None, end_date: Moment | None = None
    ) -> Analytics:
        """Totals by provider, model and day; see ``chatkeep.MessageLogger.get_analytics``."""
        return await self._calls.get_analytics(start_date, end_date)

    async def count_old_messages(self, days: int = 30) -> int:
        """How many messages ``delete_old_messages`` would delete."""
        return await self._calls.count_old_messages(days)

    async def delete_old_messages(self, days: int = 30) -> int:
        """Deletes the messages older than so many days, and says how many."""
        return await self._calls.delete_old_messages(days)

    async def export_for_fine_tuning(
        self,
        format: str = "jsonl",
        provider: str | None = None,
        model: str | None = None,
        start_date: Moment | None = None,
        end_date: Moment | None = None,
        metadata: Wanted | None = None,
    ) -> str:
        """Training data as JSON Lines; see ``chatkeep.MessageLogger.export_for_fine_tuning``."""
        return await self._calls.export_for_fine_tuning(
            format, provider, model, start_date, end_date, metadata
        )

    async def check_totals(self) -> TotalsCheck:
        """Adds all messages up anew, and compares; see ``chatkeep.MessageLogger.check_totals``."""
        return await self._calls.check_totals()

    async def rebuild_totals(self) -> None:
        """Forgets the totals, and counts all messages anew."""
        await self._calls.rebuild_totals()

    async def flush(self, timeout: float = 30.0) -> None:
        """Waits until everything that was handed in before has ended, awaited or not."""
        await _native.AsyncDatabaseManager(self._chat).flush(timeout)

    def __repr__(self) -> str:
        return repr(self._chat.message_logger).replace("chatkeep.", "chatkeep.asyncio.", 1)


class TokenManager:
    """``chatkeep.TokenManager`` with coroutines.

    Args:
        chat (chatkeep.Chatkeep): The store.
    """

    __slots__ = ("_calls", "_chat")

    def __init__(self, chat: _native.Chatkeep) -> None:
        self._chat = chat
        self._calls = _native.AsyncTokenManager(chat)

    async def create_token(
        self, description: str = "API Token", expires_days: int | None = None
    ) -> CreatedToken:
        """Makes a token; see ``chatkeep.TokenManager.create_token``."""
        return await self._calls.create_token(description, expires_days)

    async def verify_token(self, token: str) -> bool:
        """Whether this token may be used now; see ``chatkeep.TokenManager.verify_token``.

        A token that was checked within the last seconds is answered for at once.
        """
        verdict = self._calls.verify_at_once(token)
        return await self._calls.verify_token(token) if verdict is None else verdict

    async def check_token(self, token: str) -> TokenCheck:
        """Whether this token may be used now, and why; see ``chatkeep.TokenManager.check_token``."""
        check = self._calls.check_at_once(token)
        return await self._calls.check_token(token) if check is None else check

    async def list_tokens(self) -> list[TokenInfo]:
        """All tokens, newest first: never the tokens themselves."""
        return await self._calls.list_tokens()

    async def get_token_info(self, id: int) -> TokenInfo | None:
        """The token with this id, if there is one."""
        return await self._calls.get_token_info(id)

    async def revoke_token(self, token_id: int) -> bool:
        """Makes a token invalid for good; see ``chatkeep.TokenManager.revoke_token``."""
        return await self._calls.revoke_token(token_id)

    async def delete_expired_tokens(self) -> int:
        """Deletes the tokens whose time is over, and says how many."""
        return await self._calls.delete_expired_tokens()

    def __repr__(self) -> str:
        return repr(self._chat.token_manager).replace("chatkeep.", "chatkeep.asyncio.", 1)


class DatabaseManager:
    """``chatkeep.DatabaseManager`` with coroutines. What does not ask the database answers at once.

    Args:
        chat (chatkeep.Chatkeep): The store.
    """

    __slots__ = ("_calls", "_chat")

    def __init__(self, chat: _native.Chatkeep) -> None:
        self._chat = chat
        self._calls = _native.AsyncDatabaseManager(chat)

    @property
    def db_type(self) -> str:
        """The engine that the URL names."""
        return self._chat.db_manager.db_type

    @property
    def database_url(self) -> str:
        """The URL, with ``***`` in the password's place."""
        return self._chat.db_manager.database_url

    def pool_status(self) -> PoolStatus:
        """How many connections there are, and who has them, at once."""
        return self._chat.db_manager.pool_status()

    async def wait_until_ready(self) -> None:
        """Waits until the database answers; see ``chatkeep.DatabaseManager.wait_until_ready``."""
        await self._calls.wait_until_ready()

    async def health(self) -> Health:
        """Asks the database for a sign of life; see ``chatkeep.DatabaseManager.health``."""
        return await self._calls.health()

    async def migration_status(self) -> MigrationStatus:
        """Where the database stands among the migrations of this version."""
        return await self._calls.migration_status()

    async def upgrade(self) -> list[str]:
        """Runs the migrations that are pending, and names them."""
        return await self._calls.upgrade()

    async def migrate(
        self,
        verb: str,
        revision: str | None = None,
        *,
        folder: str | PathLike[str] | None = None,
        from_revision: str | None = None,
        description: str | None = None,
        per_engine: bool = False,
    ) -> dict[str, Any]:
        """Does what a verb of ``chatkeep migrate`` does; see ``chatkeep.DatabaseManager.migrate``."""
        return await self._calls.migrate(
            verb,
            revision,
            folder=folder,
            from_revision=from_revision,
            description=description,
            per_engine=per_engine,
        )

    async def search_index(self) -> str:
        """Whether there is a search index; see ``chatkeep.DatabaseManager.search_index``."""
        return await self._calls.search_index()

    async def create_search_index(self) -> bool:
        """Makes a search index; see ``chatkeep.DatabaseManager.create_search_index``."""
        return await self._calls.create_search_index()

    async def drop_search_index(self) -> bool:
        """Drops the search index. False when there was none."""
        return await self._calls.drop_search_index()

    async def migrate_from_old_sqlite(self, path: str | os.PathLike[str]) -> ImportReport:
        """Takes over a SQLite file of another chat program; see ``chatkeep.DatabaseManager.migrate_from_old_sqlite``."""
        return await self._calls.migrate_from_old_sqlite(path)

    async def close(self, timeout: float = 30.0) -> None:
        """Takes no more calls, waits for those under way, and closes all connections."""
        await self._calls.close(timeout)

    def __repr__(self) -> str:
        return repr(self._chat.db_manager).replace("chatkeep.", "chatkeep.asyncio.", 1)


class Chatkeep:
    """``chatkeep.Chatkeep`` with coroutines; it takes the same arguments.

    One object serves any number of event loops and threads.

    Attributes:
        message_logger (MessageLogger): The message log.
        token_manager (TokenManager): The API tokens.
        db_manager (DatabaseManager): The database itself.
        blocking (chatkeep.Chatkeep): The same store with calls that block.
    """

    __slots__ = ("__weakref__", "blocking", "db_manager", "message_logger", "token_manager")

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
            _native.Chatkeep(
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
    def of(cls, chat: _native.Chatkeep) -> Chatkeep:
        """A store that is there already, with coroutines.

        Args:
            chat (chatkeep.Chatkeep): The store.

        Returns:
            Chatkeep: The same store.
        """
        store = cls.__new__(cls)
        store._set(chat)
        return store

    def _set(self, chat: _native.Chatkeep) -> None:
        self.blocking = chat
        self.message_logger = MessageLogger(chat)
        self.token_manager = TokenManager(chat)
        self.db_manager = DatabaseManager(chat)

    async def flush(self, timeout: float = 30.0) -> None:
        """Waits until everything that was handed in before has ended, awaited or not."""
        await self.message_logger.flush(timeout)

    async def close(self, timeout: float = 30.0) -> None:
        """Takes no more calls, waits for those under way, and closes all connections."""
        await self.db_manager.close(timeout)

    async def __aenter__(self) -> Chatkeep:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return repr(self.blocking).replace("chatkeep.", "chatkeep.asyncio.", 1)


_environment = Chatkeep.of(_native.from_environment())
#: The message log of the database that the environment names, the same as ``chatkeep.message_logger``'s.
message_logger = _environment.message_logger
#: The API tokens of the database that the environment names.
token_manager = _environment.token_manager
#: The database that the environment names.
db_manager = _environment.db_manager
