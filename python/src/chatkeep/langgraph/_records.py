"""Conversion between LangGraph's checkpoints and the records that are stored.

The saver's serializer encodes and decodes every value. Nothing else is done to stored bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from langgraph.checkpoint.base import EXCLUDED_METADATA_KEYS, WRITES_IDX_MAP

from chatkeep._texts import is_storable
from chatkeep.errors import InvalidInputError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import (
        ChannelVersions,
        Checkpoint,
        CheckpointMetadata,
        PendingWrite,
    )
    from langgraph.checkpoint.serde.base import SerializerProtocol

    from chatkeep.langgraph._target import Target
    from chatkeep.types import (
        GraphChannel,
        GraphCheckpoint,
        NewChannel,
        NewCheckpoint,
        NewGraphWrite,
    )

#: Metadata of graphs with delta channels: a dict whose keys are their names.
DELTA_COUNTERS = "counters_since_delta_snapshot"
#: Limit of the texts that are stored in columns, in characters.
MAX_TEXT = 255


def new_checkpoint(
    serde: SerializerProtocol,
    target: Target,
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    new_versions: ChannelVersions,
) -> NewCheckpoint:
    """Returns the record of a checkpoint to store."""
    if not checkpoint.get("id"):
        raise InvalidInputError(
            "checkpoint.id: must be given", field="checkpoint.id", operation="put"
        )
    values = checkpoint.get("channel_values") or {}
    versions = checkpoint.get("channel_versions") or {}
    stored: dict[str, object] = {
        key: value for key, value in checkpoint.items() if key != "channel_values"
    }
    # LangGraph gives every channel a version. Values without one, of other callers, are part of the
    # checkpoint.
    if others := {name: value for name, value in values.items() if name not in versions}:
        stored["channel_values"] = others
    merged = merged_metadata(config, metadata)
    counters = merged.get(DELTA_COUNTERS)
    format_, data = serde.dumps_typed(stored)
    metadata_format, metadata_data = serde.dumps_typed(merged)
    return {
        "id": checkpoint["id"],
        "namespace": target.namespace or "",
        "parent_id": target.checkpoint_id,
        "format": format_,
        "data": data,
        "metadata_format": metadata_format,
        "metadata": metadata_data,
        "source": _column(merged.get("source")),
        "step": _integer(merged.get("step")),
        "run_id": _run_id(merged.get("run_id")),
        "delta_channels": list(counters) if isinstance(counters, Mapping) else None,
        "channels": [
            _new_channel(
                serde,
                name,
                version,
                values,
                # The first checkpoint of a branch has no parent to take a value from.
                name in new_versions or (target.checkpoint_id is None and name in values),
            )
            for name, version in versions.items()
        ],
    }


def _new_channel(
    serde: SerializerProtocol,
    name: str,
    version: object,
    values: Mapping[str, object],
    changed: bool,
) -> NewChannel:
    channel: NewChannel = {"channel": name, "version": json.dumps(version), "changed": changed}
    if changed and name in values:
        channel["format"], channel["data"] = serde.dumps_typed(values[name])
    return channel


def merged_metadata(config: RunnableConfig, metadata: CheckpointMetadata) -> dict[str, Any]:
    """Returns the metadata with the values of the config that belong to it.

    The rules for keys are those of LangGraph's ``get_checkpoint_metadata``, which also removes NUL
    characters from texts. Here every value stays as it is.
    """
    merged: dict[str, Any] = dict(metadata)
    for source in (config.get("metadata"), config.get("configurable")):
        for key, value in (source or {}).items():
            if key in merged or key in EXCLUDED_METADATA_KEYS or key.startswith("__"):
                continue
            if isinstance(value, (str, int, float)):
                merged[key] = value
    return merged


def _column(value: object) -> str | None:
    """Returns a text that fits a column. The serialized metadata has every value."""
    if isinstance(value, str) and len(value) <= MAX_TEXT and is_storable(value):
        return value
    return None


def _integer(value: object) -> int | None:
    is_stored = isinstance(value, int) and -(2**63) <= value < 2**63
    return int(cast("int", value)) if is_stored else None


def _run_id(value: object) -> str | None:
    return (str(value) or None) if isinstance(value, (str, int, UUID)) else None


def new_writes(serde: SerializerProtocol, writes: Sequence[tuple[str, Any]]) -> list[NewGraphWrite]:
    """Returns the records of a task's writes. Of two with the same index, the last one is stored."""
    records: dict[int, NewGraphWrite] = {}
    for position, (channel, value) in enumerate(writes):
        index = WRITES_IDX_MAP.get(channel, position)
        format_, data = serde.dumps_typed(value)
        records[index] = {"index": index, "channel": channel, "format": format_, "data": data}
    return list(records.values())


def stored_value(serde: SerializerProtocol, channel: GraphChannel | None) -> tuple[bool, Any]:
    """Returns whether a channel has a value, and the value."""
    if channel is None:
        return False, None
    format_, data = channel["format"], channel["data"]
    if format_ is None or data is None:
        return False, None
    return True, serde.loads_typed((format_, data))


def loaded_checkpoint(serde: SerializerProtocol, record: GraphCheckpoint) -> dict[str, Any]:
    """Returns LangGraph's checkpoint, with the values of its channels."""
    checkpoint: dict[str, Any] = serde.loads_typed((record["format"], record["data"]))
    values: dict[str, Any] = dict(checkpoint.get("channel_values") or {})
    channels = {channel["channel"]: channel for channel in record["channels"]}
    for name in checkpoint.get("channel_versions") or {}:
        is_present, value = stored_value(serde, channels.get(name))
        if is_present:
            values[name] = value
    return {**checkpoint, "channel_values": values}


def loaded_metadata(serde: SerializerProtocol, record: GraphCheckpoint) -> CheckpointMetadata:
    """Returns the metadata of a checkpoint."""
    loaded = serde.loads_typed((record["metadata_format"], record["metadata"]))
    return cast("CheckpointMetadata", loaded)


def loaded_writes(
    serde: SerializerProtocol, record: GraphCheckpoint, channels: Sequence[str] | None = None
) -> list[PendingWrite]:
    """Returns the writes of a checkpoint to some or all channels, in LangGraph's order."""
    return [
        (
            write["task_id"],
            write["channel"],
            serde.loads_typed((write["format"], write["data"])),
        )
        for write in record["writes"]
        if channels is None or write["channel"] in channels
    ]
