"""Arguments that the saver of the LangGraph integration accepts, and rejects."""

import asyncio
from uuid import UUID

import pytest
from chatkeep import InvalidInputError, InvalidTypeError
from chatkeep.langgraph import ChatkeepSaver
from checkpoints import checkpoint_of, config_of, ids, put


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
