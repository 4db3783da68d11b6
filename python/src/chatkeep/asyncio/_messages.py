"""The class ``MessageLogger`` with coroutines."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

from chatkeep import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from typing import Any

    from chatkeep.types import (
        Analytics,
        Message,
        MetadataFilter,
        NewMessage,
        TimestampInput,
        TotalsCheck,
    )


class MessageLogger:
    """Logs and queries messages: ``chatkeep.MessageLogger`` with coroutines.

    Args:
        chat (chatkeep.Chatkeep): Store to use.
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
        timestamp: TimestampInput | None = None,
    ) -> int:
        """Logs a message and returns its id; see ``chatkeep.MessageLogger.log_message``.

        Messages that are logged concurrently share a transaction.
        """
        return await self._calls.log_message(
            message, response, provider, model, tokens_used, metadata, timestamp
        )

    async def log_messages(self, messages: Iterable[NewMessage | Message]) -> list[int]:
        """Logs all messages or none; see ``chatkeep.MessageLogger.log_messages``."""
        return await self._calls.log_messages(messages)

    async def get_messages(
        self,
        limit: int = 100,
        offset: int = 0,
        provider: str | None = None,
        model: str | None = None,
        start_date: TimestampInput | None = None,
        end_date: TimestampInput | None = None,
        metadata: MetadataFilter | None = None,
        cursor: str | Message | None = None,
    ) -> list[Message]:
        """Returns a page of the matching messages, newest first.

        See ``chatkeep.MessageLogger.get_messages``.
        """
        return await self._calls.get_messages(
            limit, offset, provider, model, start_date, end_date, metadata, cursor
        )

    #: Alias of ``get_messages``.
    retrieve_messages = get_messages

    def cursor_after(self, message: Message) -> str:
        """Returns the cursor of the position after a message; this is not a coroutine.

        See ``chatkeep.MessageLogger.cursor_after``.
        """
        return self._chat.message_logger.cursor_after(message)

    async def get_message_by_id(self, id: int) -> Message | None:
        """Returns the message with an id, or ``None``."""
        return await self._calls.get_message_by_id(id)

    async def get_message_count(
        self,
        provider: str | None = None,
        model: str | None = None,
        start_date: TimestampInput | None = None,
        end_date: TimestampInput | None = None,
        metadata: MetadataFilter | None = None,
    ) -> int:
        """Returns the number of matching messages."""
        return await self._calls.get_message_count(provider, model, start_date, end_date, metadata)

    async def iter_messages(
        self,
        provider: str | None = None,
        model: str | None = None,
        start_date: TimestampInput | None = None,
        end_date: TimestampInput | None = None,
        metadata: MetadataFilter | None = None,
        *,
        oldest_first: bool = False,
    ) -> AsyncIterator[Message]:
        """Iterates over all matching messages; see ``chatkeep.MessageLogger.iter_messages``.

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
        """Searches for a text, newest first; see ``chatkeep.MessageLogger.search_messages``."""
        return await self._calls.search_messages(query, limit, offset, cursor)

    async def get_analytics(
        self, start_date: TimestampInput | None = None, end_date: TimestampInput | None = None
    ) -> Analytics:
        """Returns totals of a time range; see ``chatkeep.MessageLogger.get_analytics``."""
        return await self._calls.get_analytics(start_date, end_date)

    async def count_old_messages(self, days: int = 30) -> int:
        """Returns the number of messages that ``delete_old_messages`` would delete."""
        return await self._calls.count_old_messages(days)

    async def delete_old_messages(self, days: int = 30) -> int:
        """Deletes messages older than ``days`` and returns their number."""
        return await self._calls.delete_old_messages(days)

    async def export_for_fine_tuning(
        self,
        format: str = "jsonl",
        provider: str | None = None,
        model: str | None = None,
        start_date: TimestampInput | None = None,
        end_date: TimestampInput | None = None,
        metadata: MetadataFilter | None = None,
    ) -> str:
        """Exports fine-tuning data; see ``chatkeep.MessageLogger.export_for_fine_tuning``."""
        return await self._calls.export_for_fine_tuning(
            format, provider, model, start_date, end_date, metadata
        )

    async def check_totals(self) -> TotalsCheck:
        """Compares the totals with a recount; see ``chatkeep.MessageLogger.check_totals``."""
        return await self._calls.check_totals()

    async def rebuild_totals(self) -> None:
        """Discards the totals and recounts all messages."""
        await self._calls.rebuild_totals()

    async def flush(self, timeout: float = 30.0) -> None:
        """Waits for all earlier calls, including those that are not awaited."""
        await _native.AsyncDatabaseManager(self._chat).flush(timeout)

    def __repr__(self) -> str:
        return repr(self._chat.message_logger).replace("chatkeep.", "chatkeep.asyncio.", 1)
