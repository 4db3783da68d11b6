"""Deletes the expired items of a store periodically."""

from __future__ import annotations

import logging
import threading
import weakref
from typing import TYPE_CHECKING

from chatkeep.errors import Error

if TYPE_CHECKING:
    from chatkeep import MemoryManager

_log = logging.getLogger("chatkeep.langgraph")


class Sweeper:
    """A thread that ends with its store, or when it is stopped."""

    def __init__(self, store: object, memory: MemoryManager, interval: float) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=_sweep, args=(memory, interval, self._stop), name="chatkeep-sweeper", daemon=True
        )
        # The thread holds no reference to the store.
        weakref.finalize(store, self._stop.set)
        self._thread.start()

    def is_running(self) -> bool:
        """Returns whether the thread has not ended. After a fork it exists only in the parent."""
        return self._thread.is_alive()

    def stop(self, timeout: float | None) -> bool:
        """Ends the thread, and waits for a deletion. Returns whether it has ended in time."""
        self._stop.set()
        self._thread.join(timeout)
        return not self.is_running()


def _sweep(memory: MemoryManager, interval: float, stop: threading.Event) -> None:
    while not stop.wait(interval):
        try:
            memory.delete_expired_memories()
        except Error as error:
            # The next round deletes them.
            _log.warning("expired items were not deleted: %s", error)
