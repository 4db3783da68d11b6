"""The base classes of the generated classes. They contain the handwritten methods."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

from chatkeep._native import call, cursor_after, operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatkeep._native import Operation, Store
    from chatkeep.types import Message

_FLUSH: Operation[None] = operation("store", "flush")
_CLOSE: Operation[None] = operation("store", "close")


class Stored:
    """An object with a store."""

    __slots__ = ("__weakref__", "_store")

    _store: Store

    def __init_subclass__(cls) -> None:
        for base in cls.__bases__:
            if base.__module__ == "chatkeep":
                raise TypeError(f"chatkeep.{base.__qualname__} is final")

    def __repr__(self) -> str:
        return self._store.describe(f"{type(self).__module__}.{type(self).__qualname__}")


class Manager(Stored):
    """An object with some of the operations of a store.

    Args:
        chat (chatkeep.Chatkeep): Store to use.
    """

    __slots__ = ()

    def __init__(self, chat: Stored) -> None:
        self._store = chat._store


class HasCursors(Stored):
    """An object whose calls return pages of messages."""

    __slots__ = ()

    def cursor_after(self, message: Message) -> str:
        """Returns the cursor of the position after a message. It is never a coroutine.

        A cursor is a string, for example for a link to the next page.

        Args:
            message (Message): A message returned by ``get_messages``.

        Returns:
            str: The ``cursor`` argument of ``get_messages`` for the next page.

        Raises:
            InvalidInputError: ``message`` is not a message returned by ``get_messages``.
        """
        return cursor_after(message)


class MessageLoggerBase(Manager, HasCursors):
    """The base of ``MessageLogger``."""

    __slots__ = ()

    def flush(self, timeout: float = 30.0) -> None:
        """Waits for earlier asynchronous calls; see ``chatkeep.Chatkeep.flush``.

        Args:
            timeout (float): Maximum wait, in seconds.

        Raises:
            UnavailableError: The timeout expired. Unfinished operations continue.
        """
        call(self._store, _FLUSH, (timeout,))


class DatabaseManagerBase(Manager):
    """The base of ``DatabaseManager``."""

    __slots__ = ()

    def close(self, timeout: float = 30.0) -> None:
        """Closes the store; see ``chatkeep.Chatkeep.close``.

        A store that the environment variables configure opens again at its next use.

        Args:
            timeout (float): Maximum wait for active calls, in seconds.

        Raises:
            UnavailableError: The timeout expired while calls were active.
        """
        call(self._store, _CLOSE, (timeout,))
