"""The class ``ChatkeepSessionStore``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakValueDictionary

from claude_agent_sdk import SessionStore

from chatkeep._item_lists import Steps, items_after, new_items, values_of
from chatkeep._opened import Opened
from chatkeep._steps import T, run_awaited
from chatkeep.claude_agent._transcript import (
    Transcript,
    delete,
    distinct,
    entries_of,
    sessions_of,
    store,
    subpaths_of,
)

if TYPE_CHECKING:
    from claude_agent_sdk import (
        SessionKey,
        SessionListSubkeysKey,
        SessionStoreEntry,
        SessionStoreListEntry,
        SessionSummaryEntry,
    )

    import chatkeep
    import chatkeep.asyncio


class ChatkeepSessionStore(Opened, SessionStore):
    """Stores the session transcripts of the Claude Agent SDK as the items of conversations.

    It has all methods of the SDK's stores. Any number of objects, tasks, event loops and processes
    can use a session. Each ``append`` is stored completely or not at all. Calls of one object in an
    event loop are stored in the order of the calls. Others are stored in the order of their
    transactions. It needs an event loop of ``asyncio``.

    Entries are returned as they were appended, each ``uuid`` once. Keys are compared by their
    characters. Errors are those of chatkeep; an entry that is not a JSON value raises
    ``TypeError``.

    The object closes a store that it opened from a URL: use it as ``async with``, or call
    ``aclose``.

    Args:
        chat (str | chatkeep.Chatkeep | chatkeep.asyncio.Chatkeep | None): Database URL, or store to
            use. Without it, the environment variables name the database.

    Raises:
        ConfigurationError: The URL is invalid.
    """

    def __init__(
        self, chat: str | chatkeep.Chatkeep | chatkeep.asyncio.Chatkeep | None = None
    ) -> None:
        self._open(chat)
        self._locks: WeakKeyDictionary[
            asyncio.AbstractEventLoop, WeakValueDictionary[str, asyncio.Lock]
        ] = WeakKeyDictionary()

    async def _run(self, steps: Steps[T]) -> T:
        return await run_awaited(self._awaited, steps)

    def _lock(self, public_id: str) -> asyncio.Lock:
        """Returns the lock of a conversation. Waiting tasks get it in the order of their calls."""
        locks = self._locks.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
        return locks.setdefault(public_id, asyncio.Lock())

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        """Appends entries to a transcript, all or none.

        Args:
            key (SessionKey): Key of the transcript.
            entries (list[SessionStoreEntry]): The entries. Without any, nothing is changed.

        Raises:
            TypeError: An entry is not a JSON value. Nothing was stored.
            InvalidInputError: The key is invalid, or an entry is too large or nests too deep.
                Nothing was stored.
            OutcomeUnknownError: The connection broke before the database confirmed. The same call
                may be repeated: entries with a ``uuid`` are returned once.
            UnavailableError, PoolTimeoutError, ConflictError, StorageFullError, ReadOnlyError:
                Nothing was stored.
        """
        transcript = Transcript.of(key, "append")
        if not entries:
            return
        items = new_items(entries, "entries", "append")

        async def stored() -> None:
            async with self._lock(transcript.conversation.public_id):
                await self._run(store(transcript, items))

        task = asyncio.ensure_future(stored())
        # If the caller is cancelled, later entries are stored after these nevertheless.
        await asyncio.shield(task)

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        """Returns the entries of a transcript.

        Args:
            key (SessionKey): Key of the transcript.

        Returns:
            list[SessionStoreEntry] | None: The entries, oldest first, or ``None`` if there are
                none.

        Raises:
            InvalidInputError: The key is invalid.
            UnavailableError: The database does not answer. This is never reported as ``None``.
        """
        transcript = Transcript.of(key, "load")
        items = await self._run(items_after(transcript.conversation))
        return distinct(values_of(items)) or None

    async def list_sessions(self, project_key: str) -> list[SessionStoreListEntry]:
        """Returns the sessions of a project.

        Args:
            project_key (str): Key of the project.

        Returns:
            list[SessionStoreListEntry]: Ids, and times of the last changes in milliseconds since
                1970. The sessions that were changed last come first.

        Raises:
            UnavailableError: The database does not answer. Other errors of the connection are
                possible, too.
        """
        entries = await self._run(entries_of(sessions_of(project_key)))
        return [{"session_id": entry["session_id"], "mtime": time} for entry, time in entries]

    async def list_session_summaries(self, project_key: str) -> list[SessionSummaryEntry]:
        """Returns the summaries of a project's sessions, as the SDK makes them.

        Args:
            project_key (str): Key of the project.

        Returns:
            list[SessionSummaryEntry]: The summaries.

        Raises:
            UnavailableError: The database does not answer. Other errors of the connection are
                possible, too.
        """
        entries = await self._run(entries_of(sessions_of(project_key)))
        return [
            {"session_id": entry["session_id"], "mtime": time, "data": entry["summary"]}
            for entry, time in entries
            if entry["summary"] is not None
        ]

    async def delete(self, key: SessionKey) -> None:
        """Deletes a transcript if it exists, and without ``subpath`` those of its subagents.

        Args:
            key (SessionKey): Key of the transcript.

        Raises:
            InvalidInputError: The key is invalid.
            UnavailableError, PoolTimeoutError, OutcomeUnknownError, ConflictError, ReadOnlyError: A
                part may be deleted. Call it again.
        """
        await self._run(delete(Transcript.of(key, "delete")))

    async def list_subkeys(self, key: SessionListSubkeysKey) -> list[str]:
        """Returns the subpaths of a session's subagents.

        Args:
            key (SessionListSubkeysKey): Key of the session.

        Returns:
            list[str]: The subpaths.

        Raises:
            InvalidInputError: The key is invalid.
            UnavailableError: The database does not answer. Other errors of the connection are
                possible, too.
        """
        main = Transcript.of(key, "list_subkeys")
        entries = await self._run(entries_of(subpaths_of(main.key)))
        return [entry["subpath"] for entry, _ in entries]
