"""Pages of checkpoints, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chatkeep.errors import InvalidTypeError
from chatkeep.langgraph._records import loaded_metadata
from chatkeep.langgraph._steps import PAGE, Pages, Request
from chatkeep.langgraph._target import Target, checkpoint_id_of

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import CheckpointMetadata
    from langgraph.checkpoint.serde.base import SerializerProtocol

    from chatkeep.types import GraphCheckpoint


class Listing:
    """The position of a listing. Between two pages it holds no connection."""

    def __init__(
        self,
        serde: SerializerProtocol,
        config: RunnableConfig | None,
        filter: Mapping[str, Any] | None,
        before: RunnableConfig | None,
        limit: int | None,
    ) -> None:
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
            message = f"limit: must be an int, not {type(limit).__name__}"
            raise InvalidTypeError(message, field="limit", operation="list")
        self._serde = serde
        self._target = Target.of(config, "list") if config else None
        self._filter = filter or {}
        self._remaining = limit
        self._pages = Pages(self._target, checkpoint_id_of(before, "list"))
        self._is_complete = False

    def request(self) -> Request | None:
        """Returns the request of the next page, or ``None`` after the last one."""
        remaining = self._remaining
        if self._is_complete or (remaining is not None and remaining <= 0):
            return None
        # Without a filter, every checkpoint of a page is returned.
        if self._filter or remaining is None:
            return self._pages.request(PAGE)
        return self._pages.request(min(PAGE, remaining))

    def matches(
        self, records: list[GraphCheckpoint]
    ) -> list[tuple[Target, GraphCheckpoint, CheckpointMetadata]]:
        """Returns the checkpoints of a page that the filter selects, with their metadata."""
        if records:
            self._pages.advance(records)
        else:
            self._is_complete = True
        found = []
        for record in records:
            if self._remaining is not None and self._remaining <= 0:
                break
            metadata = loaded_metadata(self._serde, record)
            if not self._selects(metadata):
                continue
            if self._remaining is not None:
                self._remaining -= 1
            # The thread as the caller named it, or the stored text.
            thread = record["thread"]
            thread_id = self._target.thread_id if self._target else thread
            found.append((Target(thread_id, thread, record["namespace"], None), record, metadata))
        return found

    def _selects(self, metadata: Mapping[str, Any]) -> bool:
        """Returns whether each key of the filter has an equal value, also a nested one."""
        return all(metadata.get(key) == value for key, value in self._filter.items())
