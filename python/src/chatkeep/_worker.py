"""The parts of workers that ``chatkeep`` and ``chatkeep.asyncio`` share."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import suppress

from chatkeep._native import operation
from chatkeep.errors import ConflictError, Error, InvalidInputError, OutcomeUnknownError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType
    from typing import Any

    from chatkeep._native import Operation, Store
    from chatkeep.types import ClaimedTask, LeaseState, Task

CLAIM: Operation[list[ClaimedTask]] = operation("tasks", "claim_tasks")
KEEP: Operation[None] = operation("tasks", "keep_lease")
STATE: Operation[LeaseState] = operation("tasks", "get_lease_state")
COMPLETE: Operation[None] = operation("tasks", "complete_task")
FAIL: Operation[Task] = operation("tasks", "fail_task")
RELEASE: Operation[Task] = operation("tasks", "release_task")

#: Wait of one claim, in seconds. A worker that is stopped waits for its end.
WAIT_SECONDS = 1
#: Pause after a call that failed, in seconds. It doubles with each further one, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
#: Interval at which a wait on the main thread looks for a signal, in seconds.
TICK = 0.1
SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger("chatkeep.work")


def may_continue(error: Error) -> bool:
    """Returns whether the same call may succeed later. A task runs at least once."""
    return error.retryable or isinstance(error, OutcomeUnknownError)


def is_lost(error: Error) -> bool:
    """Returns whether an error means that the worker does not have the task."""
    return isinstance(error, ConflictError) and error.field == "lease_token"


def error_text(error: BaseException) -> str:
    """Returns the type and the text of an exception, as a text that can be stored."""
    text = f"{type(error).__name__}: {error}"
    return (
        text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    )


def default_worker() -> str:
    """Returns the name of the host and the process id."""
    import socket

    return f"{socket.gethostname()}:{os.getpid()}"


class Arguments:
    """The arguments of ``work``."""

    __slots__ = ("concurrency", "kinds", "lease_seconds", "stop_on_signals", "store", "worker")

    def __init__(
        self,
        store: Store,
        kinds: Iterable[str],
        concurrency: int,
        lease_seconds: int,
        worker: str | None,
        stop_on_signals: bool,
    ) -> None:
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
            raise InvalidInputError(
                f"concurrency: must be a number of 1 or more, not {concurrency!r}",
                field="concurrency",
            )
        self.store = store
        # A string is rejected by the call.
        self.kinds = kinds if isinstance(kinds, str) else list(kinds)
        self.concurrency = concurrency
        self.lease_seconds = lease_seconds
        self.worker = default_worker() if worker is None else worker
        self.stop_on_signals = stop_on_signals

    def claim(self) -> tuple[object, ...]:
        """Returns the arguments of a claim."""
        return (self.kinds, self.worker, self.lease_seconds, 1, WAIT_SECONDS)


class Outage:
    """Reports failed calls once per outage, and returns the pauses after them."""

    __slots__ = ("failures",)

    def __init__(self) -> None:
        self.failures = 0

    def failed(self, what: str, error: Error) -> float:
        """Returns the pause in seconds before the next attempt."""
        if self.failures == 0:
            log.warning("%s; trying again: %s", what, error)
        self.failures += 1
        return min(FIRST_PAUSE * 2.0 ** min(self.failures - 1, 5), LONGEST_PAUSE)

    def ended(self) -> None:
        """Records a call that succeeded."""
        if self.failures:
            log.warning("the database answers again")
        self.failures = 0


class Stop:
    """Whether a worker was stopped, and the signals that stop it."""

    __slots__ = ("_notify", "_previous", "is_set")

    def __init__(self) -> None:
        self.is_set = False
        self._notify: Callable[[], object] | None = None
        self._previous: dict[int, Any] = {}

    def set(self) -> None:
        self.is_set = True
        if self._notify is not None:
            self._notify()

    def install(self, notify: Callable[[], object] | None = None) -> None:
        """Lets SIGTERM and SIGINT stop the worker, if this is the main thread."""
        self._notify = notify
        if threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            # A subinterpreter has no handlers.
            with suppress(ValueError):
                self._previous[number] = signal.signal(number, self._handle)

    def restore(self) -> None:
        """Restores the signals' previous handlers."""
        for number, previous in self._previous.items():
            # On another thread, for example after a garbage collection, it is not possible.
            with suppress(ValueError):
                # A handler that was installed since is kept.
                if signal.getsignal(number) == self._handle:
                    signal.signal(number, previous if previous is not None else signal.SIG_DFL)
        self._previous = {}

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self.is_set:
            self.set()
            return
        # The second signal has its usual effect.
        self.restore()
        signal.raise_signal(number)
