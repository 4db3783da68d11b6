"""The base classes of the generated classes with coroutines."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

from chatkeep._bases import HasCursors, Manager
from chatkeep._native import operation, submit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkeep._native import Operation
    from chatkeep.asyncio._work import Work

__all__ = ["DatabaseManagerBase", "Manager", "MessageLoggerBase", "TaskManagerBase"]

_FLUSH: Operation[None] = operation("store", "flush")
_CLOSE: Operation[None] = operation("store", "close")


class MessageLoggerBase(Manager, HasCursors):
    """The base of ``MessageLogger``."""

    __slots__ = ()

    async def flush(self, timeout: float = 30.0) -> None:
        """Waits for all earlier calls, including those that are not awaited.

        Args:
            timeout (float): Maximum wait, in seconds.

        Raises:
            UnavailableError: The timeout expired. Unfinished operations continue.
        """
        await submit(self._store, _FLUSH, (timeout,))


class DatabaseManagerBase(Manager):
    """The base of ``DatabaseManager``."""

    __slots__ = ()

    async def close(self, timeout: float = 30.0) -> None:
        """Closes the store; see ``chatkeep.asyncio.Chatkeep.close``.

        Args:
            timeout (float): Maximum wait for active calls, in seconds.

        Raises:
            UnavailableError: The timeout expired while calls were active.
        """
        await submit(self._store, _CLOSE, (timeout,))


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
        """Returns an asynchronous iterator of tasks of these kinds, which waits until it is stopped.

        It is never a coroutine.

        Each task is claimed when the iterator is asked for it, and its lease is renewed in the
        background until it ends. The order is that of ``claim_tasks``. If the process is killed, the
        leases end, and the tasks are queued again.

        SIGTERM and SIGINT end the iteration, if the event loop is on the main thread. A second signal has its
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
        from chatkeep._worker import Arguments
        from chatkeep.asyncio._work import Work

        return Work(
            Arguments(self._store, kinds, concurrency, lease_seconds, worker, stop_on_signals)
        )
