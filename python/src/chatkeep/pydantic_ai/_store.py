"""The class ``ChatkeepConversationStore``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatkeep._item_lists import ItemList, Steps, append, item_list, items_after, replace
from chatkeep._opened import Opened
from chatkeep._steps import T, run, run_awaited
from chatkeep.pydantic_ai._messages import loaded_messages, new_messages

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage

    import chatkeep
    import chatkeep.asyncio


class ChatkeepConversationStore(Opened):
    """Stores the message histories of Pydantic AI's agents as the items of conversations.

    One class has blocking methods and coroutines, on one store. An instance is safe to use from any
    number of threads, tasks and event loops.

    Messages are converted by Pydantic AI's ``ModelMessagesTypeAdapter``, and stored exactly. Ids of
    conversations are compared by their characters. Errors are those of chatkeep.

    The object closes a store that it opened from a URL: use it as ``with`` or ``async with``, or
    call ``close``.

    Args:
        chat (str | chatkeep.Chatkeep | chatkeep.asyncio.Chatkeep | None): Database URL, or store to
            use. Without it, the environment variables name the database.
        user_id (str | None): Public id of the user of chatkeep that owns the conversations.
            The export and the erasure of the user include them. Conversations of different users
            are different, also with the same id.

    Raises:
        InvalidInputError: ``user_id`` is not a text.
        ConfigurationError: The URL is invalid.

    Examples:
        >>> from chatkeep.pydantic_ai import ChatkeepConversationStore
        >>> with ChatkeepConversationStore("sqlite:///:memory:") as conversations:
        ...     conversations.load("ada-1")
        []
    """

    def __init__(
        self,
        chat: str | chatkeep.Chatkeep | chatkeep.asyncio.Chatkeep | None = None,
        *,
        user_id: str | None = None,
    ) -> None:
        self._user_id = user_id
        self._list("", type(self).__name__)
        self._open(chat)

    def _list(self, conversation_id: str, operation: str) -> ItemList:
        keys = {"conversation_id": conversation_id}
        return item_list("pydantic-ai", keys, self._user_id, conversation_id, operation)

    def _run(self, steps: Steps[T]) -> T:
        return run(self._blocking, steps)

    async def _arun(self, steps: Steps[T]) -> T:
        return await run_awaited(self._awaited, steps)

    def public_id(self, conversation_id: str) -> str:
        """Returns the id that chatkeep's conversation has, once there are messages.

        Args:
            conversation_id (str): Id of the conversation.

        Returns:
            str: The public id, for other calls of chatkeep.
        """
        return self._list(conversation_id, "public_id").public_id

    def _load(self, conversation_id: str) -> Steps[list[ModelMessage]]:
        return loaded_messages((yield from items_after(self._list(conversation_id, "load"))))

    def load(self, conversation_id: str) -> list[ModelMessage]:
        """Returns the messages of a conversation, to be passed as ``message_history``.

        Args:
            conversation_id (str): Id of the conversation, of any length.

        Returns:
            list[ModelMessage]: The messages, oldest first. An unknown conversation has none.

        Raises:
            UnavailableError: The database does not answer. This is never reported as no messages.
        """
        return self._run(self._load(conversation_id))

    async def aload(self, conversation_id: str) -> list[ModelMessage]:
        """Returns the messages of a conversation; see ``load``."""
        return await self._arun(self._load(conversation_id))

    def _append(self, conversation_id: str, messages: Sequence[ModelMessage]) -> Steps[None]:
        conversation = self._list(conversation_id, "append")
        if records := new_messages(messages, "append"):
            yield from append(conversation, records)

    def append(self, conversation_id: str, messages: Sequence[ModelMessage]) -> None:
        """Appends messages to a conversation, all or none.

        Args:
            conversation_id (str): Id of the conversation.
            messages (Sequence[ModelMessage]): The messages, such as ``result.new_messages()``.

        Raises:
            InvalidInputError: A message is too large or nests too deep, or no user has the id
                ``user_id``. Nothing was stored.
            OutcomeUnknownError: The connection broke before the database confirmed. The messages
                may be stored.
            UnavailableError, PoolTimeoutError, ConflictError, StorageFullError, ReadOnlyError:
                Nothing was stored.
        """
        self._run(self._append(conversation_id, messages))

    async def aappend(self, conversation_id: str, messages: Sequence[ModelMessage]) -> None:
        """Appends messages to a conversation; see ``append``."""
        await self._arun(self._append(conversation_id, messages))

    def _replace(self, conversation_id: str, messages: Sequence[ModelMessage]) -> Steps[None]:
        conversation = self._list(conversation_id, "replace")
        yield from replace(conversation, new_messages(messages, "replace"))

    def replace(self, conversation_id: str, messages: Sequence[ModelMessage]) -> None:
        """Replaces all messages of a conversation in one transaction.

        It stores a history that was shortened or summarized, such as ``result.all_messages()``.
        Messages that another caller appended since ``load`` are removed, too.

        Args:
            conversation_id (str): Id of the conversation.
            messages (Sequence[ModelMessage]): The messages.

        Raises:
            InvalidInputError: A message is too large or nests too deep, or no user has the id
                ``user_id``. Nothing was changed.
            OutcomeUnknownError: The connection broke before the database confirmed. The same call
                may be repeated.
            UnavailableError, PoolTimeoutError, ConflictError, StorageFullError, ReadOnlyError:
                Nothing was changed.
        """
        self._run(self._replace(conversation_id, messages))

    async def areplace(self, conversation_id: str, messages: Sequence[ModelMessage]) -> None:
        """Replaces all messages of a conversation; see ``replace``."""
        await self._arun(self._replace(conversation_id, messages))

    def _delete(self, conversation_id: str) -> Steps[bool]:
        public_id = self._list(conversation_id, "delete").public_id
        deleted: bool = yield lambda chat: chat.conversation_manager.delete_conversation(public_id)
        return deleted

    def delete(self, conversation_id: str) -> bool:
        """Deletes a conversation with its messages.

        Args:
            conversation_id (str): Id of the conversation.

        Returns:
            bool: ``False`` if it does not exist.

        Raises:
            UnavailableError, PoolTimeoutError, OutcomeUnknownError, ConflictError, ReadOnlyError: A
                part may be deleted. Call it again.
        """
        return self._run(self._delete(conversation_id))

    async def adelete(self, conversation_id: str) -> bool:
        """Deletes a conversation with its messages; see ``delete``."""
        return await self._arun(self._delete(conversation_id))
