"""The writes to delta channels, of which a checkpoint stores a value only now and then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chatkeep.langgraph._records import loaded_writes, stored_value
from chatkeep.langgraph._steps import PAGE, Pages, Steps, get
from chatkeep.langgraph._target import Target

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import DeltaChannelHistory, PendingWrite
    from langgraph.checkpoint.serde.base import SerializerProtocol

    from chatkeep.types import GraphCheckpoint


def delta_history(
    serde: SerializerProtocol, config: RunnableConfig, channels: Sequence[str]
) -> Steps[dict[str, DeltaChannelHistory]]:
    """Walks from a checkpoint's parent to the nearest stored value of each channel.

    Ancestors are read in pages. An ancestor outside of a page is queried alone: one before many
    checkpoints of other branches, or one with an id that is not in order.
    """
    if not channels:
        return {}
    target = Target.of(config, "get_delta_channel_history")
    newest_first: dict[str, list[PendingWrite]] = {channel: [] for channel in channels}
    seeds: dict[str, Any] = {}
    remaining = list(newest_first)
    record: GraphCheckpoint | None = yield get(target, target.checkpoint_id)
    namespace = target._replace(namespace=target.namespace or "", checkpoint_id=None)
    page: dict[str, GraphCheckpoint] = {}
    visited: set[str] = set()
    while record is not None and remaining:
        visited.add(record["id"])
        parent_id = record["parent_id"]
        # A checkpoint may be stored again with its own config, and is then its own parent.
        if not parent_id or parent_id in visited:
            break
        if parent_id not in page:
            earlier = Pages(namespace, record["id"])
            records: list[GraphCheckpoint] = yield earlier.request(PAGE)
            page = {found["id"]: found for found in records}
        record = page.get(parent_id)
        if record is None:
            record = yield get(target, parent_id)
        if record is None:
            break
        for write in reversed(loaded_writes(serde, record, remaining)):
            newest_first[write[1]].append(write)
        stored = {channel["channel"]: channel for channel in record["channels"]}
        for channel in tuple(remaining):
            is_present, value = stored_value(serde, stored.get(channel))
            if is_present:
                seeds[channel] = value
                remaining.remove(channel)
    histories: dict[str, DeltaChannelHistory] = {}
    for channel, writes in newest_first.items():
        histories[channel] = {"writes": writes[::-1]}
        if channel in seeds:
            histories[channel]["seed"] = seeds[channel]
    return histories
