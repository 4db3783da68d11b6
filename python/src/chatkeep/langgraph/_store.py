"""The class ``ChatkeepStore``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from langgraph.store.base import BaseStore

from chatkeep._opened import Opened
from chatkeep._steps import run, run_awaited
from chatkeep.errors import InvalidInputError
from chatkeep.langgraph._store_operations import batch, checked, fields_of
from chatkeep.langgraph._sweeper import Sweeper

if TYPE_CHECKING:
    from langgraph.store.base import IndexConfig, Op, Result, TTLConfig
    from typing_extensions import Self

    import chatkeep
    import chatkeep.asyncio

#: Minutes between two deletions of expired items.
SWEEP_INTERVAL = 5.0


class ChatkeepStore(Opened, BaseStore):
    """Stores the long-term memory of LangGraph's agents in a database of chatkeep.

    One class has blocking methods and coroutines, as ``ChatkeepSaver``. It has the methods of
    LangGraph's stores: ``put``, ``get``, ``search``, ``delete``, ``list_namespaces`` and ``batch``,
    and the same with an ``a`` before the name, to be awaited.

    Values are JSON objects. What JSON or the databases cannot store, such as NaN, a NUL character
    or an integer of more than 64 bits, is an error whose field is ``value``. Searches return the
    items that were stored last first. Without semantic search, ``query`` has no effect.

    The changes of a batch are made together, or none of them. Its reads are made before.

    Args:
        chat (str | chatkeep.Chatkeep | chatkeep.asyncio.Chatkeep | None): Database URL, or store of
            chatkeep to use. Without it, the environment variables name the database.
        index (IndexConfig | None): Not supported yet.
        ttl (TTLConfig | None): Default times to live in minutes (``default_ttl``), and whether
            reads extend them (``refresh_on_read``, by default they do). Items that have expired are
            never returned. ``start_ttl_sweeper`` deletes them.

    Raises:
        InvalidInputError: ``index`` is given.
        ConfigurationError: The URL is invalid.

    Examples:
        >>> from chatkeep.langgraph import ChatkeepStore
        >>> with ChatkeepStore("sqlite:///:memory:") as store:
        ...     store.put(("users", "ada"), "preferences", {"language": "en"})
        ...     item = store.get(("users", "ada"), "preferences")
        ...     found = store.search(("users",), filter={"language": "en"})
        >>> item.value
        {'language': 'en'}
        >>> [item.namespace for item in found]
        [('users', 'ada')]
    """

    supports_ttl = True

    def __init__(
        self,
        chat: str | chatkeep.Chatkeep | chatkeep.asyncio.Chatkeep | None = None,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
    ) -> None:
        if index is not None:
            message = "index: semantic search is not supported yet; omit it"
            raise InvalidInputError(message, field="index", operation=type(self).__name__)
        self._open(chat)
        self.ttl_config = ttl
        self._sweeper: Sweeper | None = None

    @classmethod
    def from_conn_string(
        cls,
        conn_string: str,
        *,
        pipeline: bool = False,
        pool_config: object = None,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
    ) -> Self:
        """Returns a store for a database URL, as ``with`` and ``async with`` expect it.

        Args:
            conn_string (str): Database URL.
            pipeline (bool): Accepted as by LangGraph's stores, without effect.
            pool_config (object): The same. ``Chatkeep`` and the environment configure the pool.
            index (IndexConfig | None): Not supported yet.
            ttl (TTLConfig | None): Default times to live.

        Returns:
            ChatkeepStore: The store. It is usable at once; the end of the block closes it.

        Raises:
            InvalidInputError: ``index`` is given.
            ConfigurationError: The URL is invalid.
        """
        return cls(conn_string, index=index, ttl=ttl)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Runs operations. The changes are made last, all or none.

        Args:
            ops (Iterable[Op]): The operations. Of several puts with one key, the last one counts.

        Returns:
            list[Result]: The result of each operation.

        Raises:
            InvalidNamespaceError: A segment of a namespace is invalid. Nothing was changed.
            InvalidInputError: A value is invalid. Nothing was changed.
            OutcomeUnknownError: The connection broke before the database confirmed. The same call
                may be repeated.
            UnavailableError, PoolTimeoutError, ConflictError, StorageFullError, ReadOnlyError:
                Nothing was changed.
        """
        ops = checked(ops)
        with fields_of(ops):
            return run(self._blocking.memory_manager, batch(ops))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Runs operations; see ``batch``."""
        ops = checked(ops)
        with fields_of(ops):
            return await run_awaited(self._awaited.memory_manager, batch(ops))

    def sweep_ttl(self) -> int:
        """Deletes the items that have expired.

        Returns:
            int: Number of deleted items.
        """
        return self._blocking.memory_manager.delete_expired_memories()

    async def asweep_ttl(self) -> int:
        """Deletes the items that have expired; see ``sweep_ttl``."""
        return await self._awaited.memory_manager.delete_expired_memories()

    def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> None:
        """Starts a thread that deletes expired items, unless it is running.

        It ends with ``stop_ttl_sweeper``, ``close``, or the last reference to the store.

        Args:
            sweep_interval_minutes (float | None): Minutes between two deletions. By default it is
                ``sweep_interval_minutes`` of the ``TTLConfig``, or 5.
        """
        if self._sweeper is not None and self._sweeper.is_running():
            return
        configured = (self.ttl_config or {}).get("sweep_interval_minutes")
        minutes = sweep_interval_minutes or configured or SWEEP_INTERVAL
        self._sweeper = Sweeper(self, self._blocking.memory_manager, minutes * 60)

    def stop_ttl_sweeper(self, timeout: float | None = None) -> bool:
        """Stops the thread that deletes expired items, if it is running.

        Args:
            timeout (float | None): Maximum wait for its end, in seconds. By default it is unlimited.

        Returns:
            bool: Whether the thread has ended.
        """
        return self._sweeper is None or self._sweeper.stop(timeout)

    def close(self, timeout: float = 30.0) -> None:
        """Stops the deletion of expired items, and closes the store of chatkeep if it is owned.

        Args:
            timeout (float): Maximum wait for active calls, in seconds.

        Raises:
            UnavailableError: The timeout expired while calls were active.
        """
        self.stop_ttl_sweeper(timeout)
        super().close(timeout)

    async def aclose(self, timeout: float = 30.0) -> None:
        """Stops the deletion of expired items, and closes the store; see ``close``.

        Args:
            timeout (float): Maximum wait for active calls, in seconds.
        """
        await asyncio.to_thread(self.stop_ttl_sweeper, timeout)
        await super().aclose(timeout)
