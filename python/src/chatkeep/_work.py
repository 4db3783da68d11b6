"""The loop of a worker."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

import threading
import time

from chatkeep._native import call
from chatkeep._running_task import RunningTask
from chatkeep._worker import CLAIM, KEEP, RELEASE, TICK, Arguments, Outage, Stop, may_continue
from chatkeep.errors import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeVar

    Self = TypeVar("Self", bound="Work")


class Slots:
    """The number of tasks of a worker that have not ended."""

    __slots__ = ("_changed", "_limit", "_stop", "_used")

    def __init__(self, limit: int, stop: Stop) -> None:
        self._limit, self._stop = limit, stop
        self._changed = threading.Condition()
        self._used = 0

    def take(self) -> bool:
        """Waits for a free slot. Returns ``False`` if the worker was stopped."""
        with self._changed:
            while not self._stop.is_set:
                if self._used < self._limit:
                    self._used += 1
                    return True
                # A signal handler cannot notify the condition.
                self._changed.wait(TICK)
        return False

    def give_back(self) -> None:
        with self._changed:
            self._used -= 1
            self._changed.notify()


class Work:
    """An iterator of the tasks that a worker runs; see ``TaskManager.work``.

    It can be used by several threads. As a context manager, or when it is not referenced any more,
    it restores the signals' handlers.
    """

    __slots__ = ("_arguments", "_has_ended", "_is_installed", "_outage", "_slots", "_stop")

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        self._stop = Stop()
        self._outage = Outage()
        # The tasks have no reference to this object, which restores the signals' handlers.
        self._slots = Slots(arguments.concurrency, self._stop)
        self._has_ended = self._is_installed = False

    def stop(self) -> None:
        """Ends the iteration, within about a second. No further task is claimed.

        The tasks that were returned can still be finished. It can be called on any thread, and in a
        signal handler.
        """
        self._stop.set()

    def __iter__(self: Self) -> Self:
        return self

    def __next__(self) -> RunningTask:
        if self._has_ended:
            raise StopIteration
        if not self._is_installed:
            self._is_installed = True
            if self._arguments.stop_on_signals:
                self._stop.install()
        try:
            task = self._next()
        except BaseException:
            self._end()
            raise
        if task is None:
            self._end()
            raise StopIteration
        return task

    def _next(self) -> RunningTask | None:
        """Returns the next task, or ``None`` if the worker was stopped."""
        while self._slots.take():
            task = None
            try:
                task = self._claim()
            finally:
                if task is None:
                    self._slots.give_back()
            if task is not None:
                return task
        return None

    def _claim(self) -> RunningTask | None:
        arguments = self._arguments
        try:
            claimed = call(arguments.store, CLAIM, arguments.claim())
            self._outage.ended()
            if not claimed:
                return None
            task = RunningTask(arguments.store, claimed[0], self._slots.give_back)
            if self._stop.is_set:
                # The slot is given back by the caller.
                call(arguments.store, RELEASE, task._lease())
                return None
            call(arguments.store, KEEP, (*task._lease(), arguments.lease_seconds))
        except Error as error:
            if not may_continue(error):
                raise
            end = time.monotonic() + self._outage.failed("no task can be claimed", error)
            while not self._stop.is_set and time.monotonic() < end:
                time.sleep(TICK)
            return None
        return task

    def _end(self) -> None:
        self._has_ended = True
        self._stop.restore()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def __del__(self) -> None:
        # It is not set if the constructor raised.
        if stop := getattr(self, "_stop", None):
            stop.restore()


# Users import the classes from the package, and tracebacks show its name.
RunningTask.__module__ = Work.__module__ = "chatkeep"
