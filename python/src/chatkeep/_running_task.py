"""A task that a worker runs. ``chatkeep.asyncio`` shares its values."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

import time
from contextlib import suppress

from chatkeep._native import call
from chatkeep._worker import (
    COMPLETE,
    FAIL,
    RELEASE,
    STATE,
    Outage,
    error_text,
    is_lost,
    log,
    may_continue,
)
from chatkeep.errors import Error, InvalidInputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any, TypeVar

    from chatkeep._native import Operation, Store
    from chatkeep.types import ClaimedTask, LeaseState, Task

    T = TypeVar("T")


class BaseTask:
    """The values of a task that a worker runs."""

    __slots__ = ("_has_ended", "_store", "lease_token", "result", "task")

    #: The task, as it was claimed.
    task: Task
    #: Token of the lease.
    lease_token: str
    #: Result with which the end of the ``with`` block completes the task.
    result: Mapping[str, Any] | None

    def __init__(self, store: Store, claimed: ClaimedTask) -> None:
        self._store = store
        self.task, self.lease_token = claimed["task"], claimed["lease_token"]
        self.result = None
        self._has_ended = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.kind} {self.id}>"

    @property
    def id(self) -> str:
        """The task's public id."""
        return self.task["public_id"]

    @property
    def kind(self) -> str:
        """Kind of the task."""
        return self.task["kind"]

    @property
    def input(self) -> dict[str, Any]:
        """Input for the worker."""
        return self.task["input"]

    @property
    def user_id(self) -> str | None:
        """Public id of the task's user, if any."""
        return self.task["user_id"]

    @property
    def attempts(self) -> int:
        """Number of attempts, with the current one."""
        return self.task["attempts"]

    @property
    def max_attempts(self) -> int:
        """Number of attempts after which the task fails."""
        return self.task["max_attempts"]

    @property
    def is_cancelled(self) -> bool:
        """Whether a cancellation was requested or the lease is lost, so the worker should stop.

        It does not query the database. A cancellation by another process is known after a third of
        the lease.
        """
        return self._lease_state() != "held"

    def _lease_state(self) -> LeaseState:
        return call(self._store, STATE, self._lease())

    def _lease(self) -> tuple[str, str]:
        return self.id, self.lease_token

    def _report_lost(self) -> None:
        log.warning("the lease of task %s was lost; another worker may run it", self.id)

    def _report_failure(self) -> None:
        log.warning("task %s of kind %s failed", self.id, self.kind, exc_info=True)


class RunningTask(BaseTask):
    """A task that a worker runs, from ``TaskManager.work``. Its lease is renewed in the background.

    The worker ends it with ``complete``, ``fail`` or ``release``. Or it uses the task as a context
    manager: the end of the block completes the task with ``result``. An exception fails the attempt
    with the type and text of the exception, is logged, and is not raised again.
    ``KeyboardInterrupt`` and ``SystemExit`` release the task, and are raised again.

    While the database is down, the end of the block is reported again until the lease is lost. A
    lost lease is logged.
    """

    __slots__ = ("_ended",)

    def __init__(self, store: Store, claimed: ClaimedTask, ended: Callable[[], object]) -> None:
        super().__init__(store, claimed)
        self._ended = ended

    def complete(self, result: Mapping[str, Any] | None = None) -> None:
        """Completes the task.

        Args:
            result (Mapping[str, Any] | None): Result; by default the attribute ``result``.

        Raises:
            ConflictError: The lease is lost.
            Error: See ``TaskManager.complete_task``. The call can be repeated.
        """
        self._end(COMPLETE, self.result if result is None else result)

    def fail(
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
        return self._end(FAIL, error, retry_after_seconds, is_final)

    def release(self) -> Task:
        """Gives the task back, so that another worker can claim it. The attempt does not count.

        Returns:
            Task: The task, with its new state.

        Raises:
            ConflictError: The lease is lost.
            Error: See ``TaskManager.release_task``. The call can be repeated.
        """
        return self._end(RELEASE)

    def _end(self, ends: Operation[T], *arguments: object) -> T:
        try:
            ended = call(self._store, ends, (*self._lease(), *arguments))
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

    def __enter__(self) -> RunningTask:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if self._has_ended:
            return False
        if value is None:
            try:
                self._report(COMPLETE, self.result)
            except InvalidInputError as error:
                # The result is invalid.
                self._report_failure()
                self._report(FAIL, error_text(error), None, False)
            return True
        if isinstance(value, Exception):
            self._report_failure()
            self._report(FAIL, error_text(value), None, False)
            return True
        with suppress(Error):
            self.release()
        return False

    def _report(self, ends: Operation[Any], *arguments: object) -> None:
        """Reports the end of the attempt, until the database answers or the lease is lost."""
        outage = Outage()
        while True:
            try:
                self._end(ends, *arguments)
            except Error as error:
                if is_lost(error):
                    self._report_lost()
                    return
                if not may_continue(error) or self._lease_state() == "lost":
                    raise
                time.sleep(outage.failed(f"the end of task {self.id} is not stored", error))
            else:
                outage.ended()
                return
