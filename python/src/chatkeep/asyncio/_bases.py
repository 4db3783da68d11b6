"""The bases of the generated classes with coroutines."""

from chatkeep._bases import CLOSE, FLUSH, HasCursors, Manager, Stored
from chatkeep._native import submit

__all__ = ["CanClose", "CanFlush", "DatabaseManagerBase", "Manager", "MessageLoggerBase"]


class CanFlush(Stored):
    """An object that waits for earlier calls."""

    __slots__ = ()

    async def flush(self, timeout: float = 30.0) -> None:
        """Waits for all earlier calls, including those that are not awaited.

        Args:
            timeout (float): Maximum wait, in seconds.

        Raises:
            UnavailableError: The timeout expired. Unfinished operations continue.
        """
        await submit(self._store, FLUSH, (timeout,))


class CanClose(Stored):
    """An object that closes its store."""

    __slots__ = ()

    async def close(self, timeout: float = 30.0) -> None:
        """Closes the store: rejects new calls, waits for active ones, and closes all connections.

        Args:
            timeout (float): Maximum wait for active calls, in seconds.

        Raises:
            UnavailableError: The timeout expired while calls were active.
        """
        await submit(self._store, CLOSE, (timeout,))


class MessageLoggerBase(Manager, HasCursors, CanFlush):
    """The base of ``MessageLogger``."""

    __slots__ = ()


class DatabaseManagerBase(Manager, CanClose):
    """The base of ``DatabaseManager``."""

    __slots__ = ()
