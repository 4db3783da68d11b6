"""Branches, versions, writes and delta channels of the checkpoints of LangGraph."""

import asyncio
import random

from checkpoints import checkpoint_of, collected, config_of, delta_thread, put, values_of
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.types import INTERRUPT, TASKS


def test_forks_with_equal_integer_versions_keep_their_own_values(saver):
    root = put(saver, config_of("a"), "00", {"kept": ["root"], "list": [0]})
    branches = [root, root, root]
    for step in range(1, 6):
        for branch in range(3):
            versions = {"kept": 1, "list": 1 + step}
            values = {"kept": ["root"], "list": [0, *(f"{branch} {n}" for n in range(step))]}
            name = f"{step}{branch}"
            branches[branch] = put(
                saver, branches[branch], name, values, versions, {"list": versions["list"]}
            )
    for branch, head in enumerate(branches):
        unchanged = put(
            saver, head, f"9{branch}", {}, {"kept": 1, "list": 6}, changed={}, branch=branch
        )
        expected = {"kept": ["root"], "list": [0, *(f"{branch} {n}" for n in range(5))]}
        assert values_of(saver, head) == expected
        assert values_of(saver, unchanged) == expected
    assert values_of(saver, root) == {"kept": ["root"], "list": [0]}


def test_random_operations_have_the_results_of_the_saver_in_memory(saver):
    chance = random.Random(3)
    memory = InMemorySaver()
    states = {}
    for number in range(150):
        thread, namespace = chance.choice("ab"), chance.choice(["", "child:1"])
        known = states.setdefault((thread, namespace), [])
        parent, values, versions = chance.choice(known) if known else (None, {}, {})
        config = config_of(thread, parent, namespace)
        if parent and chance.random() < 0.4:
            writes = [(chance.choice(["x", "y", INTERRUPT]), number) for _ in range(3)]
            # Two interrupts of a task are one write, of which the last value counts.
            task, path = f"task {chance.randrange(3)}", chance.choice(["", "a", "b"])
            for one in (saver, memory):
                one.put_writes(config, writes, task, path)
            continue
        changed = chance.sample(["x", "y", "z"], chance.randrange(3))
        values, versions = dict(values), dict(versions)
        for name in changed:
            versions[name] = memory.get_next_version(versions.get(name), None)
            values[name] = chance.choice([number, [number] * 3, {"a": [number]}, None])
            if chance.random() < 0.2:
                del values[name]
        name = f"{number:04}"
        for one in (saver, memory):
            new = {channel: versions[channel] for channel in changed}
            put(one, config, name, values, versions, new, number=number)
        known.append((name, values, versions))
    for (thread, namespace), known in states.items():
        for name, *_ in known:
            config = config_of(thread, name, namespace)
            assert saver.get_tuple(config) == memory.get_tuple(config)
        config = config_of(thread, None, namespace)
        assert list(saver.list(config)) == list(memory.list(config))


def test_versions_are_made_as_by_the_saver_in_memory(saver, monkeypatch):
    monkeypatch.setattr(random, "random", lambda: 0.125)
    for current in (None, 7, "00000000000000000000000000000009.0.5"):
        expected = InMemorySaver().get_next_version(current, None)
        assert saver.get_next_version(current, None) == expected
    assert saver.get_next_version(7.0, None) == saver.get_next_version(7, None)


def test_writes_of_a_position_stay_and_special_writes_are_replaced(saver):
    config = config_of("a", "1")
    # The checkpoint is stored after its writes, as with durability="exit".
    saver.put_writes(config, [("x", 1), (INTERRUPT, 1), ("y", 1)], "task", "b")
    saver.put_writes(config, [("x", 2), (INTERRUPT, 2), (INTERRUPT, 3)], "task", "b")
    saver.put_writes(config, [("x", 4)], "another", "a")
    saver.put_writes(config, [], "nothing")
    put(saver, config_of("a"), "1")
    assert saver.get_tuple(config).pending_writes == [
        ("another", "x", 4),
        ("task", INTERRUPT, 3),
        ("task", "x", 1),
        ("task", "y", 1),
    ]


def test_pending_sends_of_old_checkpoints_are_a_channel(saver):
    old = checkpoint_of("1", {}, {"x": 3}, v=3)
    parent = saver.put(config_of("a"), old, {}, {})
    saver.put_writes(parent, [(TASKS, "send 1"), ("x", 1), (TASKS, "send 2")], "task")
    for number, version in ((2, 3), (3, 4)):
        saver.put(parent, checkpoint_of(str(number), {}, {"x": 3}, version), {}, {})
    found = saver.get_tuple(config_of("a", "2"))
    assert found.checkpoint["channel_values"] == {TASKS: ["send 1", "send 2"]}
    assert found.checkpoint["channel_versions"] == {"x": 3, TASKS: 3}
    assert saver.get_tuple(config_of("a", "3")).checkpoint["channel_values"] == {}
    listed = next(saver.list(config_of("a", "2")))
    assert listed == collected(saver.alist(config_of("a", "2")))[0] == found


def test_delta_history_is_that_of_the_base_class(saver):
    heads = delta_thread(saver, "d")
    heads += [config_of("d"), config_of("d", "015 1"), config_of("d", "000"), config_of("none")]
    for config in heads:
        arguments = {"config": config, "channels": ["m", "n", "other"]}
        expected = BaseCheckpointSaver.get_delta_channel_history(saver, **arguments)
        assert saver.get_delta_channel_history(**arguments) == expected
        assert asyncio.run(saver.aget_delta_channel_history(**arguments)) == expected
    history = saver.get_delta_channel_history(config=heads[3], channels=["m", "n"])
    assert history["m"]["seed"] == ["snapshot 1 10"]
    assert [value for _, _, value in history["m"]["writes"]] == [f"1 {n}" for n in range(11, 16)]
    assert "seed" not in history["n"]
    assert saver.get_delta_channel_history(config=heads[0], channels=[]) == {}


def test_delta_history_ends_at_a_checkpoint_that_is_its_own_parent(saver):
    saved = put(saver, config_of("a"), "1", {}, {"m": 1})
    saver.put_writes(saved, [("m", "x")], "task")
    put(saver, saved, "1", {}, {"m": 1})
    put(saver, saved, "2", {}, {"m": 2})
    history = saver.get_delta_channel_history(config=config_of("a", "2"), channels=["m"])
    assert history == {"m": {"writes": [("task", "m", "x")]}}
