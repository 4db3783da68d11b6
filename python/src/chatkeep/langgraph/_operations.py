"""The operations of the saver, as steps."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.serde.types import TASKS

from chatkeep.errors import InvalidInputError, InvalidTypeError
from chatkeep.langgraph._records import (
    loaded_checkpoint,
    loaded_metadata,
    loaded_writes,
    new_checkpoint,
    new_writes,
)
from chatkeep.langgraph._steps import PAGE, Pages, Steps, get
from chatkeep.langgraph._target import Target, id_text

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import (
        ChannelVersions,
        Checkpoint,
        CheckpointMetadata,
    )
    from langgraph.checkpoint.serde.base import SerializerProtocol

    from chatkeep.types import GraphCheckpoint

#: Version of LangGraph's checkpoints from which on pending sends are a channel's value.
SENDS_ARE_A_CHANNEL = 4
STRATEGIES = ("keep_latest", "delete")


def load(serde: SerializerProtocol, config: RunnableConfig) -> Steps[CheckpointTuple | None]:
    """Loads the checkpoint that the config names, or the newest one."""
    target = Target.of(config, "get_tuple")
    record: GraphCheckpoint | None = yield get(target, target.checkpoint_id)
    if record is None:
        return None
    metadata = loaded_metadata(serde, record)
    return (yield from to_tuple(serde, target, record, metadata))


def to_tuple(
    serde: SerializerProtocol,
    target: Target,
    record: GraphCheckpoint,
    metadata: CheckpointMetadata,
) -> Steps[CheckpointTuple]:
    """Converts a record, in the thread and namespace of ``target``."""
    checkpoint = loaded_checkpoint(serde, record)
    parent_id = record["parent_id"]
    if parent_id and checkpoint.get("v", SENDS_ARE_A_CHANNEL) < SENDS_ARE_A_CHANNEL:
        parent: GraphCheckpoint | None = yield get(target, parent_id)
        if parent is not None and (sends := loaded_writes(serde, parent, (TASKS,))):
            checkpoint["channel_values"][TASKS] = [value for _, _, value in sends]
            versions = checkpoint["channel_versions"]
            versions[TASKS] = max(versions.values()) if versions else next_version(None)
    return CheckpointTuple(
        config=target.config(record["id"]),
        checkpoint=cast("Checkpoint", checkpoint),
        metadata=metadata,
        parent_config=target.config(parent_id) if parent_id else None,
        pending_writes=loaded_writes(serde, record),
    )


def put(
    serde: SerializerProtocol,
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    new_versions: ChannelVersions,
) -> Steps[RunnableConfig]:
    """Stores a checkpoint."""
    target = Target.of(config, "put")
    record = new_checkpoint(serde, target, config, checkpoint, metadata, new_versions)
    yield lambda graph: graph.put_checkpoint(target.thread, record)
    return target.config(checkpoint["id"])


def put_writes(
    serde: SerializerProtocol,
    config: RunnableConfig,
    writes: Sequence[tuple[str, Any]],
    task_id: str,
    task_path: str,
) -> Steps[None]:
    """Stores the writes of a task."""
    target = Target.of(config, "put_writes")
    checkpoint_id = target.checkpoint_id
    if checkpoint_id is None:
        message = 'checkpoint_id: must be given in config["configurable"]'
        raise InvalidInputError(message, field="checkpoint_id", operation="put_writes")
    records = new_writes(serde, writes)
    if records:
        yield lambda graph: graph.put_writes(
            target.thread,
            checkpoint_id,
            task_id,
            records,
            namespace=target.namespace or "",
            task_path=task_path,
        )


def _texts(values: Sequence[str], field: str, operation: str) -> Sequence[str]:
    """Returns the texts of several ids. One text is not a sequence of ids."""
    if isinstance(values, (str, bytes)):
        message = f"{field}: must be a list, not {type(values).__name__}"
        raise InvalidTypeError(message, field=field, operation=operation)
    return [id_text(value, f"{field}[{index}]", operation) for index, value in enumerate(values)]


def delete_thread(thread_id: str) -> Steps[None]:
    """Deletes a thread."""
    thread = id_text(thread_id, "thread_id", "delete_thread")
    yield lambda graph: graph.delete_thread(thread)


def delete_for_runs(run_ids: Sequence[str]) -> Steps[None]:
    """Deletes the checkpoints of runs."""
    runs = _texts(run_ids, "run_ids", "delete_for_runs")
    if runs:
        yield lambda graph: graph.delete_runs(runs)


def copy_thread(source_thread_id: str, target_thread_id: str) -> Steps[None]:
    """Copies a thread."""
    source = id_text(source_thread_id, "source_thread_id", "copy_thread")
    target = id_text(target_thread_id, "target_thread_id", "copy_thread")
    yield lambda graph: graph.copy_thread(source, target)


def prune(
    thread_ids: Sequence[str], strategy: str, keep_last: int | None, dry_run: bool
) -> Steps[int]:
    """Deletes old checkpoints of threads, or all. Returns their number."""
    threads = list(dict.fromkeys(_texts(thread_ids, "thread_ids", "prune")))
    if strategy not in STRATEGIES:
        message = f"strategy: must be {' or '.join(STRATEGIES)}"
        raise InvalidInputError(message, field="strategy", operation="prune")
    if strategy == "delete" and keep_last is not None:
        message = "keep_last: must not be given with the strategy delete"
        raise InvalidInputError(message, field="keep_last", operation="prune")
    if strategy == "delete":
        return (yield from _delete_threads(threads, dry_run))
    if not threads:
        return 0
    kept = 1 if keep_last is None else keep_last
    pruned: int = yield lambda graph: graph.prune_threads(threads, keep_last=kept, dry_run=dry_run)
    return pruned


def _delete_threads(threads: Sequence[str], dry_run: bool) -> Steps[int]:
    """Deletes threads, and returns the number of their checkpoints."""
    deleted = 0
    if threads and not dry_run:
        # Counting loads whole checkpoints, so all but the last ones are pruned and counted before.
        deleted = yield lambda graph: graph.prune_threads(threads)
    for thread in threads:
        pages = Pages(Target(thread, thread, None, None))
        while records := (yield pages.request(PAGE)):
            pages.advance(records)
            deleted += len(records)
        if not dry_run:
            yield from delete_thread(thread)
    return deleted


def next_version(current: str | int | None) -> str:
    """Returns the version that follows ``current``: 32 digits, and a random fraction."""
    if current is None:
        number = 0
    elif isinstance(current, str):
        number = int(current.split(".")[0])
    else:
        number = int(current)
    return f"{number + 1:032}.{random.random():016}"
