"""The LangGraph integration."""

import asyncio
import math
import operator
import pickle
import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, TypedDict
from uuid import UUID, uuid4

import chatkeep
import chatkeep.asyncio
import pytest
from chatkeep import InvalidInputError, InvalidTypeError
from chatkeep.langgraph import ChatkeepSaver
from databases import DOWN
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import INTERRUPT, TASKS
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

HOSTILE_TEXTS = ["", "a\0b", "'; DROP TABLE graph_checkpoints; --", "%_\\", "日本語 🎉", "\r\n\t"]
HOSTILE_VALUES = [
    *HOSTILE_TEXTS,
    None,
    True,
    0,
    2**63 - 1,
    2**64 - 1,
    -(2**63),
    0.1,
    1e308,
    math.inf,
    -math.inf,
    bytes(range(256)),
    [],
    {},
    [[], {}, [None]],
    {"\0": {"": ["a\0b"]}},
    {1: "an integer as key"},
    datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    Decimal("0.10"),
    UUID(int=2**128 - 1),
    {1, 2},
]


class PickleSerializer:
    """A serializer that supports every value."""

    def dumps_typed(self, value):
        return "pickle", pickle.dumps(value)

    def loads_typed(self, data):
        assert data[0] == "pickle"
        return pickle.loads(data[1])


@pytest.fixture
def saver(chat):
    return ChatkeepSaver(chat)


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


def test_hostile_values_are_stored_exactly(saver):
    channels = {f"channel {number} \u2028 '": value for number, value in enumerate(HOSTILE_VALUES)}
    writes = list(channels.items())
    metadata = {f"key {number}": value for number, value in enumerate(HOSTILE_VALUES)}
    saved = put(saver, config_of("a"), "1", channels, **metadata)
    saver.put_writes(saved, writes, "task", "path")
    found = saver.get_tuple(config_of("a"))
    assert found.checkpoint == checkpoint_of("1", channels)
    assert found.metadata == {"source": "loop", "step": 1, **metadata}
    assert found.pending_writes == [("task", name, value) for name, value in writes]
    types = [type(value) for value in found.checkpoint["channel_values"].values()]
    assert types == [type(value) for value in HOSTILE_VALUES]
    assert list(saver.list(config_of("a"))) == [found]


def test_nan_is_stored_in_channels_writes_and_metadata(saver):
    saved = put(saver, config_of("a"), "1", {"c": [math.nan]}, metadata_value=math.nan)
    saver.put_writes(saved, [("c", math.nan)], "task")
    found = saver.get_tuple(saved)
    assert math.isnan(found.checkpoint["channel_values"]["c"][0])
    assert math.isnan(found.pending_writes[0][2])
    assert math.isnan(found.metadata["metadata_value"])


def test_values_of_the_config_become_metadata_with_their_nul_characters(saver):
    config = config_of("a") | {"metadata": {"user": "a\0b", "source": "other", "skipped": [1]}}
    config["configurable"] |= {"tenant": 7, "__private": 1, "checkpoint_map": {"": "1"}}
    put(saver, config, "1", note="c\0d")
    assert saver.get_tuple(config_of("a")).metadata == {
        "source": "loop",
        "step": 1,
        "note": "c\0d",
        "user": "a\0b",
        "tenant": 7,
    }


@pytest.mark.parametrize("value", [2**70, -(2**64), {"a\ud800": 1}, object()], ids=range(4))
def test_values_that_the_serializer_rejects_store_nothing(saver, value):
    saved = put(saver, config_of("a"), "1", {"c": "before"})
    with pytest.raises(TypeError):
        put(saver, saved, "2", {"c": value}, {"c": 2})
    with pytest.raises(TypeError):
        put(saver, saved, "2", {"c": "after"}, {"c": 2}, note=value)
    with pytest.raises(TypeError):
        saver.put_writes(saved, [("c", "after"), ("c", value)], "task")
    assert ids(saver.list(config_of("a"))) == ["1"]
    assert saver.get_tuple(saved).pending_writes == []


def test_surrogates_are_stored_as_the_serializer_encodes_them(saver):
    memory = InMemorySaver()
    expected = put(memory, config_of("a"), "1", {"c": "a\ud800b"})
    saved = put(saver, config_of("a"), "1", {"c": "a\ud800b"})
    assert values_of(saver, saved) == values_of(memory, expected)


def test_another_serializer_stores_what_the_default_one_rejects(chat):
    saver = ChatkeepSaver(chat, serde=PickleSerializer())
    value = {"big": 2**70, "a\ud800b": ["\udfff"]}
    saved = put(saver, config_of("a"), "1", {"c": value}, note=value)
    saver.put_writes(saved, [("c", value)], "task")
    found = saver.get_tuple(saved)
    assert found.checkpoint["channel_values"] == {"c": value}
    assert found.metadata["note"] == value
    assert found.pending_writes == [("task", "c", value)]


def test_state_of_10_megabytes_is_stored(saver):
    value = {"text": random.Random(1).randbytes(5_000_000).hex(), "list": list(range(100_000))}
    saved = put(saver, config_of("a"), "1", {"c": value})
    saver.put_writes(saved, [("c", value)], "task")
    found = saver.get_tuple(saved)
    assert found.checkpoint["channel_values"]["c"] == value
    assert found.pending_writes == [("task", "c", value)]


def test_values_without_a_version_and_of_the_first_checkpoint_are_stored(saver):
    checkpoint = checkpoint_of("1", {"a": [1], "b": [2]}, {"a": 1})
    saved = saver.put(config_of("a"), checkpoint, {}, {})
    assert values_of(saver, saved) == {"a": [1], "b": [2]}
    assert saver.get_tuple(saved).metadata == {}


@pytest.mark.parametrize("thread_id", [42, -1, 2**70, UUID(int=5)])
def test_thread_ids_of_other_types_are_returned_as_given(saver, thread_id):
    first = put(saver, config_of(thread_id), "1", {"c": 1})
    second = put(saver, first, "2", {"c": 1}, changed={})
    saver.put_writes(second, [("c", 2)], "task")
    assert second == config_of(thread_id, "2")
    found = saver.get_tuple(config_of(thread_id))
    assert (found.config, found.parent_config) == (second, first)
    assert found.pending_writes == [("task", "c", 2)]
    assert [one.config for one in saver.list(config_of(thread_id))] == [second, first]
    # The same thread, named by its text.
    assert saver.get_tuple(config_of(str(thread_id))).config == config_of(str(thread_id), "2")
    assert next(saver.list(None)).config == config_of(str(thread_id), "2")
    saver.copy_thread(thread_id, "copy")
    assert saver.prune([thread_id]) == 1
    saver.delete_thread(thread_id)
    assert saver.get_tuple(config_of(thread_id)) is None
    assert ids(saver.list(config_of("copy"))) == ["2", "1"]


def test_long_ids_are_stored_exactly(saver):
    thread, namespace = "é" * 32_768, "n|" * 32_768
    last = "ü" * 255
    first = put(saver, config_of(thread, None, namespace), "ü" * 254, {"c": 1})
    saved = put(saver, first, last, {"c" * 255: 1}, {"c" * 255: "v" * 253})
    saver.put_writes(saved, [("c" * 255, 2)], "t" * 255, "p" * 1000)
    found = saver.get_tuple(config_of(thread, None, namespace))
    assert found.config == config_of(thread, last, namespace)
    assert found.parent_config == first
    assert found.checkpoint["channel_values"] == {"c" * 255: 1}
    assert found.pending_writes == [("t" * 255, "c" * 255, 2)]
    # Ids that are equal up to their last characters are different threads.
    assert saver.get_tuple(config_of(thread[:-1] + "e", None, namespace)) is None


def test_config_without_a_namespace_means_the_root(saver):
    saved = put(saver, {"configurable": {"thread_id": "a"}}, "1", {"c": 1})
    assert saved == config_of("a", "1")
    put(saver, config_of("a", None, "child"), "2", {"c": 2})
    assert (
        saver.get_tuple({"configurable": {"thread_id": "a", "checkpoint_id": ""}}).config == saved
    )
    assert ids(saver.list({"configurable": {"thread_id": "a"}})) == ["2", "1"]
    assert ids(saver.list(config_of("a"))) == ["1"]
    saver.put_writes({"configurable": {"thread_id": "a", "checkpoint_id": "1"}}, [("c", 1)], "t")
    assert saver.get_tuple(saved).pending_writes == [("t", "c", 1)]


def test_filters_compare_whole_values_of_the_metadata(saver):
    for number, metadata in enumerate(
        [
            {"user": {"id": 1, "name": "Ada"}, "tags": ["a", "b"]},
            {"user": {"id": 1}, "tags": ["a"]},
            {"user": None, "score": 9},
            {"score": 10, "key'; --": "a\0b"},
        ]
    ):
        put(saver, config_of("a"), str(number), **metadata)

    def found(**filter):
        result = ids(saver.list(config_of("a"), filter=filter))
        assert result == ids(collected(saver.alist(config_of("a"), filter=filter)))
        return result

    assert found(user={"id": 1}) == ["1"]
    assert found(user={"name": "Ada", "id": 1}) == ["0"]
    assert found(user=None) == ["3", "2"]
    assert found(tags=["a"]) == ["1"]
    assert found(score=9) == ["2"]
    assert found(score="9") == []
    assert found(source="loop", step=1, score=10) == ["3"]
    assert found(**{"key'; --": "a\0b"}) == ["3"]
    assert found(**{"user.id": 1}) == []
    assert found() == ["3", "2", "1", "0"]


def test_lists_are_paged_over_all_threads_without_gaps_or_repetitions(saver):
    names = [f"{number:03}" for number in range(45)]
    config = config_of("a")
    for name in names:
        config = put(saver, config, name, {"c": name}, parity=int(name) % 2)
    # The copies have the same ids, so pages begin within equal ones.
    saver.copy_thread("a", "b")
    saver.copy_thread("a", "c")
    everything = list(saver.list(None))
    assert ids(everything) == sorted(names * 3, reverse=True)
    places = {(one.config["configurable"]["thread_id"], one.checkpoint["id"]) for one in everything}
    assert len(places) == 135
    assert all(one.checkpoint["channel_values"]["c"] == one.checkpoint["id"] for one in everything)
    assert collected(saver.alist(None)) == everything
    before = config_of("another", "040")
    assert ids(saver.list(None, before=before, limit=4)) == ["039"] * 3 + ["038"]
    odd = ids(saver.list(config_of("b"), filter={"parity": 1}, limit=21))
    assert odd == sorted(names[1::2], reverse=True)[:21]
    assert ids(saver.list(config_of("b", "007"))) == ["007"]
    assert list(saver.list(config_of("b", "007"), before=config_of("b", "007"))) == []
    for limit in (0, -1):
        assert (
            list(saver.list(None, limit=limit)) == collected(saver.alist(None, limit=limit)) == []
        )
    for limit in (1, 20, 21, 40, 135, 136):
        assert list(saver.list(None, limit=limit)) == everything[:limit]


def test_list_continues_while_other_calls_use_the_saver(saver):
    config = config_of("a")
    for number in range(30):
        config = put(saver, config, f"{number:03}", {"c": number})
    seen = []
    for found in saver.list(config_of("a")):
        checkpoint_id = found.checkpoint["id"]
        seen.append(checkpoint_id)
        saver.put_writes(found.config, [("c", 1)], "task")
        put(saver, config_of("a"), "9" + checkpoint_id)
    assert seen == [f"{number:03}" for number in range(29, -1, -1)]


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


def test_pruning_keeps_what_delta_channels_need(saver):
    (head,) = delta_thread(saver, "d", 1, 25, ["m"])
    arguments = {"config": head, "channels": ["m"]}
    expected = saver.get_delta_channel_history(**arguments)
    assert expected["m"]["seed"] == ["snapshot 0 20"]
    # The last checkpoint, and its ancestors up to the snapshot.
    assert saver.prune(["d"], dry_run=True) == 20
    assert saver.prune(["d"]) == 20
    assert ids(saver.list(config_of("d"))) == [f"0{step} 0" for step in range(25, 19, -1)]
    assert saver.get_delta_channel_history(**arguments) == expected
    # Without a snapshot of "n", every checkpoint is needed.
    delta_thread(saver, "e", 1, 25)
    assert saver.prune(["d", "e"], keep_last=2) == 0


def test_pruning_keeps_the_last_checkpoints_of_each_namespace(saver):
    for namespace in ("", "child:1"):
        config = config_of("a", None, namespace)
        for number in range(6):
            config = put(
                saver, config, str(number), {"c": 1}, changed={"c": 1} if number == 0 else {}
            )
        saver.put_writes(config, [("c", namespace)], "task")
    saver.copy_thread("a", "b")
    assert saver.prune(["a"], keep_last=2, dry_run=True) == 8
    assert len(list(saver.list(config_of("a")))) == 6
    assert saver.prune(["a"], keep_last=2) == 8
    assert saver.prune(["a", "missing"], keep_last=2) == 0
    for namespace in ("", "child:1"):
        found = list(saver.list(config_of("a", None, namespace)))
        assert ids(found) == ["5", "4"]
        assert [one.checkpoint["channel_values"] for one in found] == [{"c": 1}] * 2
        assert found[0].pending_writes == [("task", "c", namespace)]
    assert saver.prune(["a"]) == 2
    assert saver.prune(["a"], strategy="delete", dry_run=True) == 2
    assert saver.prune(["a", "b"], strategy="delete") == 14
    assert list(saver.list(None)) == []
    assert saver.prune([]) == 0


class State(TypedDict):
    texts: Annotated[list[str], operator.add]


def interrupted_graph(saver):
    """Returns a graph that asks a question in a subgraph, after a step of each."""
    inner = StateGraph(State)
    inner.add_node("before", lambda state: {"texts": ["inner"]})
    inner.add_node("ask", lambda state: {"texts": [interrupt("which?")]})
    inner.add_edge(START, "before")
    inner.add_edge("before", "ask")
    outer = StateGraph(State)
    outer.add_node("before", lambda state: {"texts": ["outer"]})
    outer.add_node("inner", inner.compile())
    outer.add_edge(START, "before")
    outer.add_edge("before", "inner")
    return outer.compile(checkpointer=saver)


def test_interrupted_graphs_are_resumed_after_pruning(saver):
    graph = interrupted_graph(saver)
    for thread in "ab":
        asked = graph.invoke({"texts": ["in"]}, config_of(thread))
        assert [one.value for one in asked["__interrupt__"]] == ["which?"]
    assert saver.prune(["a", "b"]) > 0
    expected = ["in", "outer", "in", "outer", "inner", "this"]
    # The coroutines resume what the blocking calls stored.
    resumed = asyncio.run(graph.ainvoke(Command(resume="this"), config_of("a")))
    assert resumed == {"texts": expected}
    assert graph.invoke(Command(resume="this"), config_of("b")) == {"texts": expected}


def test_state_of_an_earlier_checkpoint_can_be_continued(saver):
    graph = interrupted_graph(saver)
    graph.invoke({"texts": ["in"]}, config_of("a"))
    graph.invoke(Command(resume="this"), config_of("a"))
    states = list(graph.get_state_history(config_of("a")))
    (earlier,) = [state for state in states if state.next == ("before",)]
    asked = graph.invoke(None, earlier.config)
    assert asked["texts"] == ["in", "outer"]
    resumed = graph.invoke(Command(resume="that"), config_of("a"))
    assert resumed["texts"][-1] == "that"
    ends = [state.values["texts"][-1:] for state in graph.get_state_history(config_of("a"))]
    assert ends.count(["this"]) == ends.count(["that"]) == 1


def test_runs_are_deleted_in_all_threads(saver):
    for thread in "ab":
        config = config_of(thread) | {"metadata": {"run_id": "run 1"}}
        first = put(saver, config, "1")
        put(saver, first, "2", run_id="run 2")
    saver.delete_for_runs(["run 1", "missing"])
    assert ids(saver.list(None)) == ["2", "2"]
    run = uuid4()
    put(saver, config_of("c"), "3", run_id=run)
    saver.delete_for_runs([run])
    saver.delete_for_runs([])
    assert ids(saver.list(None)) == ["2", "2"]


def test_texts_that_no_column_holds_are_only_in_the_metadata(saver):
    metadata = {"source": "s\0" * 300, "step": 2**63, "user": "u"}
    put(saver, config_of("a"), "1", **metadata)
    assert saver.get_tuple(config_of("a")).metadata == metadata


LONG = "x" * 256


def call(method, *arguments, **named):
    return method, arguments, named


WRONG = [
    (call("get_tuple", {"configurable": {}}), "thread_id", InvalidInputError),
    (call("get_tuple", config_of(None)), "thread_id", InvalidInputError),
    (call("get_tuple", config_of(1.5)), "thread_id", InvalidTypeError),
    (call("get_tuple", config_of(True)), "thread_id", InvalidTypeError),
    (call("get_tuple", config_of(b"a")), "thread_id", InvalidTypeError),
    (call("get_tuple", {}), "config", InvalidTypeError),
    (call("get_tuple", None), "config", InvalidTypeError),
    (call("get_tuple", config_of("")), "thread", InvalidInputError),
    (call("get_tuple", config_of("a\0")), "thread", InvalidInputError),
    (call("get_tuple", config_of("\ud800")), "thread", InvalidInputError),
    (call("get_tuple", config_of("é" * 32_769)), "thread", InvalidInputError),
    (call("get_tuple", config_of("a", None, "n" * 65_537)), "namespace", InvalidInputError),
    (call("get_tuple", config_of("a", None, 5)), "checkpoint_ns", InvalidTypeError),
    (call("get_tuple", config_of("a", 5)), "checkpoint_id", InvalidTypeError),
    (call("get_tuple", config_of("a", LONG)), "checkpoint_id", InvalidInputError),
    (call("put_writes", config_of("a"), [("c", 1)], "t"), "checkpoint_id", InvalidInputError),
    (call("put_writes", config_of("a", "1"), [("c", 1)], LONG), "task_id", InvalidInputError),
    (call("put_writes", config_of("a", "1"), [("c", 1)], 5), "task_id", InvalidTypeError),
    (
        call("put_writes", config_of("a", "1"), [(LONG, 1)], "t"),
        "writes[0].channel",
        InvalidInputError,
    ),
    (call("put", config_of("a"), {}, {}, {}), "checkpoint.id", InvalidInputError),
    (call("put", config_of("a"), checkpoint_of(LONG), {}, {}), "checkpoint.id", InvalidInputError),
    (call("put", config_of("a"), checkpoint_of("\0"), {}, {}), "checkpoint.id", InvalidInputError),
    (
        call("put", config_of("a", LONG), checkpoint_of("1"), {}, {}),
        "checkpoint.parent_id",
        InvalidInputError,
    ),
    (
        call("put", config_of("a"), checkpoint_of("1", {LONG: 1}), {}, {}),
        "checkpoint.channels[0].channel",
        InvalidInputError,
    ),
    (
        call("put", config_of("a"), checkpoint_of("1", {}, {"c": "v" * 254}), {}, {}),
        "checkpoint.channels[0].version",
        InvalidInputError,
    ),
    (
        call("put", config_of("a"), checkpoint_of("1"), {"run_id": LONG}, {}),
        "checkpoint.run_id",
        InvalidInputError,
    ),
    (call("delete_thread", None), "thread_id", InvalidTypeError),
    (call("delete_thread", ""), "thread", InvalidInputError),
    (call("delete_for_runs", "run"), "run_ids", InvalidTypeError),
    (call("delete_for_runs", [None]), "run_ids[0]", InvalidTypeError),
    (call("delete_for_runs", [""]), "run_ids[0]", InvalidInputError),
    (call("copy_thread", "", "b"), "source", InvalidInputError),
    (call("copy_thread", "a", "a"), "target", InvalidInputError),
    (call("copy_thread", "a", 1.5), "target_thread_id", InvalidTypeError),
    (call("prune", "a"), "thread_ids", InvalidTypeError),
    (call("prune", ["a", None]), "thread_ids[1]", InvalidTypeError),
    (call("prune", ["a"], strategy="oldest"), "strategy", InvalidInputError),
    (call("prune", ["a"], strategy="delete", keep_last=1), "keep_last", InvalidInputError),
    (call("prune", ["a"], keep_last=-1), "keep_last", InvalidInputError),
    (call("prune", ["a"], keep_last=0), "keep_last", InvalidInputError),
    (call("list", config_of(1.5)), "thread_id", InvalidTypeError),
    (call("list", config_of("a", 5)), "checkpoint_id", InvalidTypeError),
    (call("list", None, before=config_of("a", 5)), "checkpoint_id", InvalidTypeError),
    (call("list", None, limit="5"), "limit", InvalidTypeError),
    (call("list", None, limit=True), "limit", InvalidTypeError),
    (
        call("get_delta_channel_history", config=config_of(None), channels=["c"]),
        "thread_id",
        InvalidInputError,
    ),
]


async def awaited(result):
    return [one async for one in result] if hasattr(result, "__aiter__") else await result


@pytest.mark.parametrize(("wrong", "field", "kind"), WRONG, ids=range(len(WRONG)))
def test_wrong_arguments_are_rejected_with_the_field_name(memory, wrong, field, kind):
    saver = ChatkeepSaver(memory)
    method, arguments, named = wrong
    blocking, coroutine = getattr(saver, method), getattr(saver, f"a{method}")
    for form in (
        lambda: list(blocking(*arguments, **named)),
        lambda: asyncio.run(awaited(coroutine(*arguments, **named))),
    ):
        with pytest.raises(InvalidInputError) as caught:
            form()
        assert type(caught.value) is kind
        assert (caught.value.field, caught.value.kind) == (field, "InvalidInput")
        assert str(caught.value).startswith(f"{field}: ")
        assert caught.value.operation
    assert list(saver.list(None)) == []


def test_saver_from_a_url_is_closed_at_the_end_of_its_block(database):
    with ChatkeepSaver.from_conn_string(database.url, pipeline=True) as saver:
        assert saver.setup() is not None
        put(saver, config_of("a"), "1")
    with pytest.raises(chatkeep.UnavailableError):
        saver.get_tuple(config_of("a"))

    async def main():
        async with ChatkeepSaver.from_conn_string(database.url) as saver:
            await saver.setup()
            await saver.asetup()
            found = await saver.aget_tuple(config_of("a"))
            assert found.config == config_of("a", "1")
            assert saver.get_tuple(config_of("a")) == found
        with pytest.raises(chatkeep.UnavailableError):
            await saver.aget_tuple(config_of("a"))

    asyncio.run(main())


def test_setup_can_be_awaited_without_an_event_loop_before(sqlite):
    with ChatkeepSaver(sqlite.url) as saver:
        done = saver.setup()

        async def main():
            await done

        asyncio.run(main())


def test_saver_shares_the_store_that_it_was_made_from(memory):
    put(ChatkeepSaver(memory), config_of("a"), "1")

    async def main():
        chat = chatkeep.asyncio.Chatkeep.of(memory)
        async with ChatkeepSaver(chat) as saver:
            assert (await saver.aget_tuple(config_of("a"))).checkpoint["id"] == "1"
        assert saver.get_tuple(config_of("a")) is not None

    asyncio.run(main())
    with ChatkeepSaver(memory) as saver:
        assert ids(saver.list(None)) == ["1"]
    # The store is still open.
    assert memory.graph_manager.list_threads()[0]["thread"] == "a"
    for wrong in (5, b"sqlite://"):
        with pytest.raises(InvalidTypeError):
            ChatkeepSaver(wrong)
    with pytest.raises(chatkeep.ConfigurationError):
        ChatkeepSaver("chat.db")


def test_saver_without_an_argument_uses_the_environment(sqlite, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    try:
        with ChatkeepSaver() as saver:
            put(saver, config_of("a"), "1")
        # Other users of the environment's store keep it.
        assert ChatkeepSaver().get_tuple(config_of("a")) is not None
    finally:
        chatkeep.db_manager.close()
    with ChatkeepSaver(sqlite.url) as saver:
        assert saver.get_tuple(config_of("a")) is not None


def test_database_that_is_down_is_never_reported_as_no_checkpoint(monkeypatch):
    monkeypatch.setenv("DB_MAX_RETRIES", "0")
    saver = ChatkeepSaver(chatkeep.Chatkeep(DOWN, connect_timeout=2))
    with pytest.raises(chatkeep.UnavailableError):
        saver.get_tuple(config_of("a"))
    with pytest.raises(chatkeep.UnavailableError):
        asyncio.run(saver.aget_tuple(config_of("a")))


def test_clone_with_an_allowlist_uses_the_same_store(memory):
    saver = ChatkeepSaver(memory, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
    put(saver, config_of("a"), "1")
    clone = saver.with_allowlist([("decimal", "Decimal")])
    assert clone is not saver
    assert clone.get_tuple(config_of("a")) == saver.get_tuple(config_of("a"))


def test_tasks_of_several_event_loops_share_a_saver(saver):
    async def work(name):
        config = config_of(name)
        for step in range(10):
            checkpoint = empty_checkpoint() | checkpoint_of(f"{step:02}", {"c": [name, step]})
            checkpoint["channel_versions"] = {"c": step}
            config = await saver.aput(config, checkpoint, {"step": step}, {"c": step})
            await saver.aput_writes(config, [("c", step)], "task")
            found = await saver.aget_tuple(config)
            assert found.checkpoint["channel_values"] == {"c": [name, step]}

    async def main(loop):
        await asyncio.gather(*(work(f"{loop} {number}") for number in range(16)))

    for loop in range(2):
        asyncio.run(main(loop))
    assert len(list(saver.list(None, filter={"step": 9}))) == 32
