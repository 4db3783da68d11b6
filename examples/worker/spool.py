"""A durable queue in a folder: one file per entry, without a server."""

import fcntl
import json
import os
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """A queued message."""

    name: str
    #: Arguments of ``log_message``, or other content that is not valid.
    content: Any
    #: Whether an earlier worker may have stored the message.
    is_redelivered: bool


class Spool:
    """A queue that any number of processes fill and one worker empties.

    Args:
        folder (str): Folder of the queue, on a local disk. It is created if it is missing.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._new = self._folder / "new"
        self._failed = self._folder / "failed"
        self._partial = self._folder / "partial"
        for path in (self._new, self._failed, self._partial):
            # Messages are private.
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, message: dict[str, Any]) -> str:
        """Queues the arguments of a ``log_message`` call, and returns the name of the entry.

        It returns after the entry is on disk, and then the message is never lost.
        """
        # The time of the exchange. The worker stores it later.
        message = {"timestamp": datetime.now(timezone.utc).isoformat()} | message
        name = f"{time.time_ns():020}-{uuid.uuid4().hex}"
        partial = self._partial / name
        with partial.open("x", encoding="utf-8") as file:
            json.dump(message, file)
            file.flush()
            os.fsync(file.fileno())
        # The worker sees complete files only.
        partial.rename(self._new / name)
        _sync_folder(self._new)
        return name


class Receiver:
    """The worker's side of a spool. Only one may be open at a time.

    An entry stays in its file until it is acknowledged, so that it survives a crash.

    Raises:
        BlockingIOError: Another worker has the spool open.
    """

    def __init__(self, spool: Spool) -> None:
        self._new, self._failed = spool._new, spool._failed
        self._lock = (spool._folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(f"another worker has the spool {spool._folder} open") from None
        # The marker is removed at an orderly end. If it still exists, the last worker may have been
        # killed after it stored a message and before it acknowledged the entry.
        self._marker = spool._folder / "in-use"
        self._redelivered = set(os.listdir(self._new)) if self._marker.exists() else set()
        self._marker.touch()
        _sync_folder(spool._folder)
        self._waiting: list[str] = []
        #: Entries that were received and not yet acknowledged, rejected or released.
        self._received: set[str] = set()

    def receive(self) -> Entry | None:
        """Returns the oldest entry that was not received yet, or ``None`` if there is none."""
        if not self._waiting:
            names = set(os.listdir(self._new)) - self._received
            self._waiting = sorted(names, reverse=True)
        if not self._waiting:
            return None
        name = self._waiting.pop()
        self._received.add(name)
        try:
            content = json.loads((self._new / name).read_bytes())
        except (ValueError, RecursionError):
            content = None
        return Entry(name, content, name in self._redelivered)

    def acknowledge(self, entry: Entry) -> None:
        """Removes an entry whose message is stored."""
        (self._new / entry.name).unlink()
        self._received.discard(entry.name)

    def reject(self, entry: Entry) -> None:
        """Moves an entry that can never be stored to the folder ``failed``."""
        (self._new / entry.name).rename(self._failed / entry.name)
        self._received.discard(entry.name)

    def release(self, entry: Entry) -> None:
        """Leaves an entry in the queue whose message is certainly not stored."""
        self._received.discard(entry.name)

    def close(self) -> None:
        """Ends the use of the spool. Entries that are still received are delivered again."""
        if not self._received:
            # An acknowledged entry must not reappear after a power failure without the marker.
            _sync_folder(self._new)
            self._marker.unlink()
        self._lock.close()


def _sync_folder(path: Path) -> None:
    """Makes changes of names in a folder survive a power failure."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
