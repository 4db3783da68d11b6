"""The class ``ChatkeepSession``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.memory import Session, SessionSettings
from agents.memory.session_settings import coerce_session_settings, resolve_session_limit

from chatkeep._item_lists import (
    Steps,
    append,
    item_list,
    items_after,
    last_items,
    new_items,
    or_none,
    values_of,
)
from chatkeep._opened import Opened
from chatkeep._steps import T, run_awaited, settled

if TYPE_CHECKING:
    from agents.items import TResponseInputItem

    import chatkeep
    import chatkeep.asyncio


class ChatkeepSession(Opened, Session):
    """Stores the history of a session of the OpenAI Agents SDK as the items of a conversation.

    Any number of objects, tasks, event loops and processes can use a session. The items of one
    ``add_items`` stay together, and are stored completely or not at all. A cancelled change ends
    before the cancellation is raised, so that its outcome is known.

    Items are returned as they were added. Ids of sessions are compared by their characters. Errors
    are those of chatkeep; an item that is not a JSON value raises ``TypeError``.

    The session closes a store that it opened from a URL: use it as ``async with``, or call
    ``aclose``. Sessions of a program should share a ``Chatkeep``.

    Args:
        session_id (str): Id of the session, of any length.
        chat (str | chatkeep.Chatkeep | chatkeep.asyncio.Chatkeep | None): Database URL, or store to
            use. Without it, the environment variables name the database.
        user_id (str | None): Public id of the user of chatkeep that owns the session. The
            export and the erasure of the user include the session. Sessions of different users are
            different, also with the same id.
        session_settings (SessionSettings | dict | None): Settings of the SDK, such as the default
            ``limit`` of ``get_items``.

    Raises:
        InvalidInputError: ``session_id`` or ``user_id`` is not a text.
        ConfigurationError: The URL is invalid.

    Examples:
        >>> import asyncio
        >>> from chatkeep.openai_agents import ChatkeepSession
        >>> session = ChatkeepSession("ada-1", "sqlite:///:memory:")
        >>> asyncio.run(session.get_items())
        []
        >>> session.close()
    """

    session_id: str
    session_settings: SessionSettings | None

    def __init__(
        self,
        session_id: str,
        chat: str | chatkeep.Chatkeep | chatkeep.asyncio.Chatkeep | None = None,
        *,
        user_id: str | None = None,
        session_settings: SessionSettings | dict[str, Any] | None = None,
    ) -> None:
        self._items = item_list(
            "openai-agents", {"session_id": session_id}, user_id, session_id, type(self).__name__
        )
        self.session_id = session_id
        self.session_settings = coerce_session_settings(session_settings or SessionSettings())
        self._open(chat)

    @property
    def conversation_id(self) -> str:
        """Public id of the conversation that has the items, once there are some."""
        return self._items.public_id

    async def _run(self, steps: Steps[T]) -> T:
        return await run_awaited(self._awaited, steps)

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """Returns the history of the session.

        Args:
            limit (int | None): Maximum number of items, of which the last ones are returned. By
                default it is the limit of the settings. A negative one means all items.

        Returns:
            list[TResponseInputItem]: The items, oldest first.

        Raises:
            UnavailableError: The database does not answer. Other errors of the connection are
                possible, too.
        """
        number = resolve_session_limit(limit, self.session_settings)
        if number is None or number < 0:
            return values_of(await self._run(items_after(self._items)))
        return values_of(await self._run(last_items(self._items, number)))

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Appends items to the history, all or none.

        Args:
            items (list[TResponseInputItem]): The items.

        Raises:
            TypeError: An item is not a JSON value. Nothing was stored.
            InvalidInputError: An item is too large or nests too deep, or no user has the id
                ``user_id``. Nothing was stored.
            OutcomeUnknownError: The connection broke before the database confirmed. The items may
                be stored.
            UnavailableError, PoolTimeoutError, ConflictError, StorageFullError, ReadOnlyError:
                Nothing was stored.
        """
        if records := new_items(items, "items", "add_items"):
            await settled(self._run(append(self._items, records)))

    async def pop_item(self) -> TResponseInputItem | None:
        """Removes the last item from the history, and returns it.

        Returns:
            TResponseInputItem | None: The item, or ``None`` if there is none.

        Raises:
            OutcomeUnknownError: The connection broke before the database confirmed. The item may be
                removed.
            UnavailableError, PoolTimeoutError, ConflictError, ReadOnlyError: Nothing was changed.
        """
        public_id = self._items.public_id
        popped = await settled(
            self._run(or_none(lambda chat: chat.conversation_manager.pop_items(public_id)))
        )
        return values_of(popped)[0] if popped else None

    async def clear_session(self) -> None:
        """Removes all items of the session.

        Raises:
            OutcomeUnknownError: The connection broke before the database confirmed. The items may
                be removed.
            UnavailableError, PoolTimeoutError, ConflictError, ReadOnlyError: Nothing was changed.
        """
        public_id = self._items.public_id
        await settled(
            self._run(or_none(lambda chat: chat.conversation_manager.clear_items(public_id)))
        )
