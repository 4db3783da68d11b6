"""Checkpoints of LangGraph, for tests of its saver."""

import asyncio


def config_of(thread_id, checkpoint_id=None, checkpoint_ns=""):
    values = {"thread_id": thread_id, "checkpoint_ns": checkpoint_ns}
    if checkpoint_id is not None:
        values["checkpoint_id"] = checkpoint_id
    return {"configurable": values}


def checkpoint_of(checkpoint_id, values=None, versions=None, v=4):
    values = values or {}
    versions = dict.fromkeys(values, 1) if versions is None else versions
    return {
        "v": v,
        "id": checkpoint_id,
        "ts": "2024-01-01T00:00:00+00:00",
        "channel_values": values,
        "channel_versions": versions,
        "versions_seen": {},
        "updated_channels": None,
    }


def put(saver, config, checkpoint_id, values=None, versions=None, changed=None, **metadata):
    """Stores a checkpoint, by default with all its channels changed."""
    checkpoint = checkpoint_of(checkpoint_id, values, versions)
    changed = checkpoint["channel_versions"] if changed is None else changed
    return saver.put(config, checkpoint, {"source": "loop", "step": 1, **metadata}, changed)


def values_of(saver, config):
    return saver.get_tuple(config).checkpoint["channel_values"]


def ids(found):
    return [one.config["configurable"]["checkpoint_id"] for one in found]


def collected(iterator):
    async def collect():
        return [one async for one in iterator]

    return asyncio.run(collect())


def delta_thread(saver, thread, branches=2, steps=30, channels=("m", "n")):
    """Stores interleaved branches with delta channels. "m" has a snapshot every ten steps."""
    heads = [put(saver, config_of(thread), "000", {"m": ["start"]})] * branches
    for step in range(1, steps + 1):
        for branch in range(branches):
            # Writes of step n are stored at the checkpoint before it.
            text = f"{branch} {step}"
            saver.put_writes(heads[branch], [(name, text) for name in channels], f"task {branch}")
            values = {"m": [f"snapshot {branch} {step}"]} if step % 10 == 0 else {}
            versions = dict.fromkeys(channels, step + 1)
            counters = dict.fromkeys(channels, (step, step))
            heads[branch] = put(
                saver,
                heads[branch],
                f"{step:03} {branch}",
                values,
                versions,
                counters_since_delta_snapshot=counters,
            )
    return heads
