"""The class ``DatabaseManager`` with coroutines."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

from chatkeep import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any

    from chatkeep.types import Health, ImportReport, MigrationStatus, PoolStatus


class DatabaseManager:
    """Reports health and runs maintenance: ``chatkeep.DatabaseManager`` with coroutines.

    Methods that do not query the database are not coroutines.

    Args:
        chat (chatkeep.Chatkeep): Store to use.
    """

    __slots__ = ("_calls", "_chat")

    def __init__(self, chat: _native.Chatkeep) -> None:
        self._chat = chat
        self._calls = _native.AsyncDatabaseManager(chat)

    @property
    def db_type(self) -> str:
        """Database engine of the URL."""
        return self._chat.db_manager.db_type

    @property
    def database_url(self) -> str:
        """Database URL, with the password replaced by ``***``."""
        return self._chat.db_manager.database_url

    def pool_status(self) -> PoolStatus:
        """Returns the number of connections in the pool, by state; this is not a coroutine."""
        return self._chat.db_manager.pool_status()

    async def wait_until_ready(self) -> None:
        """Waits for the database; see ``chatkeep.DatabaseManager.wait_until_ready``."""
        await self._calls.wait_until_ready()

    async def health(self) -> Health:
        """Checks the database and its schema; see ``chatkeep.DatabaseManager.health``."""
        return await self._calls.health()

    async def migration_status(self) -> MigrationStatus:
        """Returns the applied and pending migrations."""
        return await self._calls.migration_status()

    async def upgrade(self) -> list[str]:
        """Runs all pending migrations and returns their names."""
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
        """Runs a verb of ``chatkeep migrate``; see ``chatkeep.DatabaseManager.migrate``."""
        return await self._calls.migrate(
            verb,
            revision,
            folder=folder,
            from_revision=from_revision,
            description=description,
            per_engine=per_engine,
        )

    async def search_index(self) -> str:
        """Returns the state of the search index; see ``chatkeep.DatabaseManager.search_index``."""
        return await self._calls.search_index()

    async def create_search_index(self) -> bool:
        """Creates a search index; see ``chatkeep.DatabaseManager.create_search_index``."""
        return await self._calls.create_search_index()

    async def drop_search_index(self) -> bool:
        """Drops the search index. Returns ``False`` if it did not exist."""
        return await self._calls.drop_search_index()

    async def migrate_from_old_sqlite(self, path: str | PathLike[str]) -> ImportReport:
        """Imports a SQLite file of another chat program.

        See ``chatkeep.DatabaseManager.migrate_from_old_sqlite``.
        """
        return await self._calls.migrate_from_old_sqlite(path)

    async def close(self, timeout: float = 30.0) -> None:
        """Rejects new calls, waits for active ones, and closes all connections."""
        await self._calls.close(timeout)

    def __repr__(self) -> str:
        return repr(self._chat.db_manager).replace("chatkeep.", "chatkeep.asyncio.", 1)
