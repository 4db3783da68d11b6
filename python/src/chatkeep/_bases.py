"""The base classes of the generated classes. They contain the handwritten methods."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

from chatkeep._native import call, cursor_after, operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkeep._native import Operation, Store
    from chatkeep._work import Work
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


class TaskManagerBase(Manager):
    """The base of ``TaskManager``."""

    __slots__ = ()

    def work(
        self,
        kinds: Iterable[str],
        *,
        concurrency: int = 1,
        lease_seconds: int = 60,
        worker: str | None = None,
        stop_on_signals: bool = True,
    ) -> Work:
        """Returns an iterator of tasks of these kinds, which waits for tasks until it is stopped.

        Each task is claimed when the iterator is asked for it, and its lease is renewed in the
        background until it ends. The order is that of ``claim_tasks``. If the process is killed, the
        leases end, and the tasks are queued again.

        SIGTERM and SIGINT end the iteration, if it is used on the main thread. A second signal has its
        usual effect. The previous handlers are restored at the end of the iteration. Tasks that have
        not ended then can still be finished. Those that are left when the store is closed, or when
        the process exits, are released.

        While the database is down, claims are repeated after pauses of up to 30 seconds. The logger
        ``chatkeep.work`` reports it once.

        Args:
            kinds (Iterable[str]): Kinds of tasks to claim, from 1 to 100 of them.
            concurrency (int): Maximum number of tasks that have not ended. With as many, the iterator
                waits.
            lease_seconds (int): Duration of leases, after which the tasks of a killed worker are
                queued again (1 to 2,592,000).
            worker (str | None): Name of the worker, up to 255 characters; by default the name of the host
                and the process id.
            stop_on_signals (bool): Whether SIGTERM and SIGINT end the iteration.

        Returns:
            Work: The iterator.

        Raises:
            InvalidInputError: An argument is invalid. Most of them are checked by the first claim.
            Error: A claim failed, and a repetition would not help.
        """
        from chatkeep._work import Work
        from chatkeep._worker import Arguments

        return Work(
            Arguments(self._store, kinds, concurrency, lease_seconds, worker, stop_on_signals)
        )
