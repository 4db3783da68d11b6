"""Values that the saver of the LangGraph integration stores."""

import math
import pickle
import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from chatkeep.langgraph import ChatkeepSaver
from checkpoints import checkpoint_of, config_of, ids, put, values_of
from langgraph.checkpoint.memory import InMemorySaver

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


def test_texts_that_no_column_holds_are_only_in_the_metadata(saver):
    metadata = {"source": "s\0" * 300, "step": 2**63, "user": "u"}
    put(saver, config_of("a"), "1", **metadata)
    assert saver.get_tuple(config_of("a")).metadata == metadata
