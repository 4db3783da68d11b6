"""The steps of the saver's operations: requests to the graph manager."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from chatkeep._steps import T

if TYPE_CHECKING:
    from chatkeep import GraphManager
    from chatkeep.langgraph._target import Target
    from chatkeep.types import GraphCheckpoint

#: A call of the graph manager; with that of ``chatkeep.asyncio``, its result is awaited.
Request = Callable[["GraphManager"], Any]
Steps = Generator[Request, Any, T]

#: Checkpoints per query of a walk and a listing. A page of large ones has fewer.
PAGE = 50


def get(target: Target, checkpoint_id: str | None) -> Request:
    """Returns the request of a checkpoint in the thread and namespace of ``target``."""
    thread, namespace = target.thread, target.namespace or ""
    return lambda graph: graph.get_checkpoint(
        thread, namespace=namespace, checkpoint_id=checkpoint_id
    )


class Pages:
    """The position in a list of checkpoints, newest first.

    A page of large checkpoints has fewer than requested. Only an empty one is the end.
    """

    def __init__(self, target: Target | None, before: str | None = None) -> None:
        self._target = target
        self._before = before
        self._after: int | None = None

    def request(self, size: int) -> Request:
        """Returns the request of the next page."""
        target, before, after = self._target, self._before, self._after
        return lambda graph: graph.list_checkpoints(
            thread=target.thread if target else None,
            namespace=target.namespace if target else None,
            checkpoint_id=target.checkpoint_id if target else None,
            before=before,
            after=after,
            limit=size,
        )

    def advance(self, records: Sequence[GraphCheckpoint]) -> None:
        """Continues after a page, which is not empty."""
        self._before, self._after = records[-1]["id"], records[-1]["position"]
