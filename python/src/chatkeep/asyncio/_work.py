"""The loop of a worker in an event loop."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

import asyncio
from contextlib import suppress

from chatkeep._native import call, submit
from chatkeep._running_task import BaseTask
from chatkeep._worker import (
    CLAIM,
    COMPLETE,
    FAIL,
    KEEP,
    RELEASE,
    Outage,
    Stop,
    error_text,
    is_lost,
    may_continue,
)
from chatkeep.errors import Error, InvalidInputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any, TypeVar

    from chatkeep._native import Operation, Store
    from chatkeep._worker import Arguments
    from chatkeep.types import ClaimedTask, Task

    Self = TypeVar("Self", bound="Work")
    T = TypeVar("T")


class RunningTask(BaseTask):
    """A task that a worker runs, from ``TaskManager.work``. Its lease is renewed in the background.

    The worker ends it with ``complete``, ``fail`` or ``release``. Or it uses the task in
    ``async with``: the end of the block completes the task with ``result``. An exception fails the
    attempt with the type and text of the exception, is logged, and is not raised again.
    ``CancelledError``, ``KeyboardInterrupt`` and ``SystemExit`` release the task, and are raised
    again.

    While the database is down, the end of the block is reported again until the lease is lost. A
    lost lease is logged.
    """

    __slots__ = ("_ended",)

    def __init__(self, store: Store, claimed: ClaimedTask, ended: Callable[[], object]) -> None:
        super().__init__(store, claimed)
        self._ended = ended

    async def complete(self, result: Mapping[str, Any] | None = None) -> None:
        """Completes the task.

        Args:
            result (Mapping[str, Any] | None): Result; by default the attribute ``result``.

        Raises:
            ConflictError: The lease is lost.
            Error: See ``TaskManager.complete_task``. The call can be repeated.
        """
        await self._end(COMPLETE, self.result if result is None else result)

    async def fail(
        self, error: str, retry_after_seconds: int | None = None, is_final: bool = False
    ) -> Task:
        """Fails the attempt. The task is queued again, or fails after the last attempt.

        Args:
            error (str): Error, for people. Do not pass secrets.
            retry_after_seconds (int | None): Seconds after which the task can be claimed again.
            is_final (bool): Whether the task fails even if attempts are left.

        Returns:
            Task: The task, with its new state.

        Raises:
            ConflictError: The lease is lost.
            Error: See ``TaskManager.fail_task``. The call can be repeated.
        """
        return await self._end(FAIL, error, retry_after_seconds, is_final)

    async def release(self) -> Task:
        """Gives the task back, so that another worker can claim it. The attempt does not count.

        Returns:
            Task: The task, with its new state.

        Raises:
            ConflictError: The lease is lost.
            Error: See ``TaskManager.release_task``. The call can be repeated.
        """
        return await self._end(RELEASE)

    async def _end(self, ends: Operation[T], *arguments: object) -> T:
        try:
            ended = await submit(self._store, ends, (*self._lease(), *arguments))
        except Error as error:
            if is_lost(error):
                self._set_ended()
            raise
        self._set_ended()
        return ended

    def _set_ended(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._ended()

    async def __aenter__(self) -> RunningTask:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if self._has_ended:
            return False
        if value is None:
            try:
                await self._report(COMPLETE, self.result)
            except InvalidInputError as error:
                # The result is invalid.
                self._report_failure()
                await self._report(FAIL, error_text(error), None, False)
            return True
        if isinstance(value, Exception):
            self._report_failure()
            await self._report(FAIL, error_text(value), None, False)
            return True
        with suppress(Error):
            # A second cancellation does not end it.
            await asyncio.shield(self.release())
        return False

    async def _report(self, ends: Operation[Any], *arguments: object) -> None:
        """Reports the end of the attempt, until the database answers or the lease is lost."""
        outage = Outage()
        while True:
            try:
                await self._end(ends, *arguments)
            except Error as error:
                if is_lost(error):
                    self._report_lost()
                    return
                if not may_continue(error) or self._lease_state() == "lost":
                    raise
                await asyncio.sleep(
                    outage.failed(f"the end of task {self.id} is not stored", error)
                )
            else:
                outage.ended()
                return


class Slots:
    """The number of tasks of a worker that have not ended, in one event loop."""

    __slots__ = ("_limit", "_stop", "_used", "changed")

    def __init__(self, limit: int, stop: Stop) -> None:
        self._limit, self._stop = limit, stop
        #: Set when a task has ended or the worker was stopped.
        self.changed = asyncio.Event()
        self._used = 0

    async def take(self) -> bool:
        """Waits for a free slot. Returns ``False`` if the worker was stopped."""
        while not self._stop.is_set:
            if self._used < self._limit:
                self._used += 1
                return True
            self.changed.clear()
            await self.changed.wait()
        return False

    async def pause(self, seconds: float) -> None:
        """Waits, unless the worker is stopped."""
        end = asyncio.get_running_loop().time() + seconds
        while not self._stop.is_set:
            left = end - asyncio.get_running_loop().time()
            if left <= 0:
                return
            self.changed.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.changed.wait(), left)

    def give_back(self) -> None:
        self._used -= 1
        self.changed.set()


class Work:
    """An asynchronous iterator of the tasks that a worker runs; see ``TaskManager.work``.

    It belongs to the event loop in which it is first used. In ``async with``, or when it is not
    referenced any more, it restores the signals' handlers.
    """

    __slots__ = ("_arguments", "_has_ended", "_loop", "_outage", "_slots", "_stop")

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        self._stop = Stop()
        self._outage = Outage()
        # The tasks have no reference to this object, which restores the signals' handlers.
        self._slots = Slots(arguments.concurrency, self._stop)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_ended = False

    def stop(self) -> None:
        """Ends the iteration, within about a second. No further task is claimed.

        The tasks that were returned can still be finished. It can be called on any thread, and in a
        signal handler.
        """
        self._stop.set()
        if self._loop is not None:
            notify(self._loop, self._slots.changed)

    def __aiter__(self: Self) -> Self:
        return self

    async def __anext__(self) -> RunningTask:
        if self._has_ended:
            raise StopAsyncIteration
        if self._loop is None:
            loop, changed = asyncio.get_running_loop(), self._slots.changed
            self._loop = loop
            if self._arguments.stop_on_signals:
                self._stop.install(lambda: notify(loop, changed))
        try:
            task = await self._next()
        except BaseException:
            self._end()
            raise
        if task is None:
            self._end()
            raise StopAsyncIteration
        return task

    async def _next(self) -> RunningTask | None:
        """Returns the next task, or ``None`` if the worker was stopped."""
        while await self._slots.take():
            task = None
            try:
                task = await self._claim()
            finally:
                if task is None:
                    self._slots.give_back()
            if task is not None:
                return task
        return None

    async def _claim(self) -> RunningTask | None:
        arguments = self._arguments
        try:
            submitted = submit(arguments.store, CLAIM, arguments.claim())
            try:
                claimed = await asyncio.shield(submitted)
            except asyncio.CancelledError:
                # The claim continues. Its tasks are released, unless the loop ends before.
                submitted.add_done_callback(self._release)
                raise
            self._outage.ended()
            if not claimed:
                return None
            task = RunningTask(arguments.store, claimed[0], self._slots.give_back)
            if self._stop.is_set:
                # The slot is given back by the caller.
                await submit(arguments.store, RELEASE, task._lease())
                return None
            # It does not wait, and is not interrupted by a cancellation.
            call(arguments.store, KEEP, (*task._lease(), arguments.lease_seconds))
        except Error as error:
            if not may_continue(error):
                raise
            await self._slots.pause(self._outage.failed("no task can be claimed", error))
            return None
        return task

    def _release(self, submitted: asyncio.Future[list[ClaimedTask]]) -> None:
        if submitted.cancelled() or submitted.exception() is not None:
            return
        for claimed in submitted.result():
            lease = (claimed["task"]["public_id"], claimed["lease_token"])
            with suppress(Error):
                # If it fails, the lease ends.
                submit(self._arguments.store, RELEASE, lease).add_done_callback(
                    lambda released: released.cancelled() or released.exception()
                )

    def _end(self) -> None:
        self._has_ended = True
        self._stop.restore()

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
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


def notify(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    """Wakes the worker in its event loop, on any thread."""
    with suppress(RuntimeError):
        # The loop may be closed.
        loop.call_soon_threadsafe(changed.set)


# Users import the classes from the package, and tracebacks show its name.
RunningTask.__module__ = Work.__module__ = "chatkeep.asyncio"
