"""The base classes of the generated classes with coroutines."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

from chatkeep._bases import HasCursors, Manager
from chatkeep._native import operation, submit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatkeep._native import Operation

__all__ = ["DatabaseManagerBase", "Manager", "MessageLoggerBase"]

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
