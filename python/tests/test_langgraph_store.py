"""The store of the LangGraph integration. `cargo xtask frameworks` runs LangGraph's own tests."""

import asyncio
import gc
import math
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import chatkeep
import pytest
from chatkeep import InvalidInputError, InvalidTypeError
from chatkeep.langgraph import ChatkeepSaver, ChatkeepStore
from chatkeep.langgraph._sweeper import Sweeper
from databases import DOWN
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)
from langgraph.store.memory import InMemoryStore

HOSTILE = ["a", "A", "ab", "a ", "a/", "\\", "%", "_", "é", "e\u0301", "🎉", "a\n", "'; DROP --"]
VALUES = [
    {},
    {"": None, "a": True, "b": [False, {}, []], "é": "\"\\\r\n\t🎉 '; --"},
    {"a": 2**63 - 1, "b": 2**64 - 1, "c": -(2**63), "d": 0.1, "e": 1e300, "f": 1.0, "g": -1.5},
    {"tuple": [1, 2], "nested": {"x": {"y": [{"z": None}]}}},
]
#: Values that no database can store.
REFUSED = [
    {"a": math.nan},
    {"a": [math.inf]},
    {"a": {"b": "\ud800"}},
    {"\udfff": 1},
    {"a": "\0"},
    {"a": 2**64},
    {"a": -(2**70)},
    {1: "a"},
    {"a": b"bytes"},
    {"a": object()},
    {"a": {"b": {1, 2}}},
]


@pytest.fixture
def store(chat):
    return ChatkeepStore(chat)


@pytest.fixture
def local(memory):
    """A store in memory, for tests that do not depend on the engine."""
    return ChatkeepStore(memory)


def keys(found):
    return [item.key for item in found]


def both_forms(store, method, *arguments, **named):
    """Yields the blocking form of a call, and its coroutine."""
    yield lambda: getattr(store, method)(*arguments, **named)
    yield lambda: asyncio.run(getattr(store, f"a{method}")(*arguments, **named))


def test_values_are_returned_exactly(store):
    for number, value in enumerate(VALUES):
        namespace = ("values", str(number))
        for put in both_forms(store, "put", namespace, "key", value):
            assert put() is None
            for get in both_forms(store, "get", namespace, "key"):
                item = get()
                assert (item.namespace, item.key, item.value) == (namespace, "key", value)
                assert repr(item.value) == repr(dict(sorted(value.items())))
                assert item.created_at <= item.updated_at
                assert item.created_at.utcoffset().total_seconds() == 0
            for search in both_forms(store, "search", namespace):
                (found,) = search()
                assert (found.value, found.score) == (value, None)
                assert (found.created_at, found.updated_at) == (item.created_at, item.updated_at)
    assert store.get(("values", "0"), "Key") is None


@pytest.mark.parametrize("value", REFUSED, ids=range(len(REFUSED)))
def test_values_that_cannot_be_stored_are_refused_by_name(local, value):
    local.put(("a",), "key", {"a": 1})
    for put in both_forms(local, "put", ("a",), "key", value):
        with pytest.raises(InvalidInputError, match=r"^value: ") as caught:
            put()
        assert (caught.value.field, caught.value.operation) == ("value", "put_memories")
    ops = [GetOp(("a",), "key"), PutOp(("a",), "key", {}), PutOp(("b",), "key", value)]
    for batch in both_forms(local, "batch", ops):
        with pytest.raises(InvalidInputError, match=r"^ops\[2\]\.value: ") as caught:
            batch()
        assert caught.value.field == "ops[2].value"
    assert local.get(("a",), "key").value == {"a": 1}
    assert local.list_namespaces() == [("a",)]


def test_namespaces_and_keys_are_told_apart_by_their_characters(store):
    namespaces = [(one,) for one in HOSTILE] + [(one, two) for one in HOSTILE for two in HOSTILE]
    store.batch([PutOp(namespace, "k", {"n": list(namespace)}) for namespace in namespaces])
    store.batch([PutOp(("keys",), key, {"key": key}) for key in HOSTILE])
    for prefix in [*namespaces[:30], ()]:
        expected = {one for one in namespaces if one[: len(prefix)] == prefix}
        found = store.search(prefix, filter={"key": None}, limit=1_000)
        assert {item.namespace for item in found} == expected
        assert all(item.value == {"n": list(item.namespace)} for item in found)
        if prefix:
            assert set(store.list_namespaces(prefix=prefix, limit=1_000)) == expected
    for key in HOSTILE:
        assert store.get(("keys",), key).value == {"key": key}
    store.delete(("keys",), "a ")
    assert store.get(("keys",), "a ") is None
    assert store.get(("keys",), "a") is not None


def test_filters_compare_by_type(store):
    values = {"int": 1, "float": 1.0, "text": "1", "true": True, "null": None, "ten": "10", "9": 9}
    for key, value in values.items():
        store.put(("n",), key, {"a": value, "o": {"b": [1, value]}})
    store.put(("n",), "missing", {})
    for filter, expected in [
        ({"a": 1}, {"int", "float"}),
        ({"a": "1"}, {"text"}),
        ({"a": True}, {"true"}),
        ({"a": None}, {"null", "missing"}),
        ({"a": {"$gt": 1}}, {"9"}),
        ({"a": {"$lt": "9"}}, {"text", "ten"}),
        ({"a": {"$gte": 1, "$lt": 9}}, {"int", "float"}),
        ({"a": {"$ne": 1}}, {"text", "true", "null", "ten", "9", "missing"}),
        ({"a": {"$eq": "10"}, "o": {"b": (1, "10")}}, {"ten"}),
        ({"o": {"$eq": {"b": [1.0, 9]}}}, {"9"}),
        ({}, {*values, "missing"}),
        (None, {*values, "missing"}),
    ]:
        for search in both_forms(store, "search", ("n",), filter=filter):
            assert set(keys(search())) == expected, filter
    for search in both_forms(store, "search", (), filter={"a": {"$regex": "1"}}):
        with pytest.raises(InvalidInputError, match=r"^filter: .*\$regex") as caught:
            search()
        assert caught.value.field == "filter"


NUMBERS = {"int", "huge", "tiny"}
#: Values that no object has, and the items that a search for them finds.
UNSTORABLE = [
    ({"$lt": math.inf}, NUMBERS),
    ({"$lte": math.inf}, NUMBERS),
    ({"$gt": -math.inf}, NUMBERS),
    ({"$gt": math.inf}, set()),
    ({"$gte": math.inf}, set()),
    ({"$lt": -math.inf}, set()),
    ({"$lt": math.nan}, set()),
    ({"$gte": math.nan}, set()),
    ({"$eq": math.nan}, set()),
    ({"$ne": math.nan}, {*NUMBERS, "text", "missing"}),
    ({"$ne": math.nan, "$lt": 5}, {"int", "tiny"}),
    ({"$lt": math.inf, "$lte": 1}, {"int", "tiny"}),
    (math.nan, set()),
    ([1, {"x": math.inf}], set()),
    ({"$lt": 10**100}, {"int", "tiny"}),
    ({"$gt": 10**100}, {"huge"}),
    ({"$lt": 10**400}, NUMBERS),
    ({"$gt": -(10**400)}, NUMBERS),
    ({"$gt": 2**63}, {"huge"}),
    (10**400, set()),
    (10**300, {"huge"}),
    ("a\0' OR '1'='1", set()),
    ("\ud800", set()),
    ({"x": "\0"}, set()),
    ({"$ne": "\0"}, {*NUMBERS, "text", "missing"}),
]


@pytest.mark.parametrize(("wanted", "expected"), UNSTORABLE, ids=range(len(UNSTORABLE)))
def test_filters_with_values_that_no_object_has_are_answered(local, wanted, expected):
    for key, value in [("int", 1), ("huge", 1e300), ("tiny", -1e300), ("text", "a")]:
        local.put(("n",), key, {"a": value})
    local.put(("n",), "missing", {})
    for search in both_forms(local, "search", ("n",), filter={"a": wanted}):
        assert set(keys(search())) == expected


def test_searches_return_the_last_stored_items_first(store):
    for key in ["c", "a", "b", "d"]:
        store.put(("n", key), key, {"even": key in "bd"})
    store.put(("n", "a"), "a", {"even": False})
    assert keys(store.search(("n",))) == ["a", "d", "b", "c"]
    assert keys(store.search(("n",), limit=2, offset=1)) == ["d", "b"]
    assert keys(store.search(("n",), filter={"even": True})) == ["d", "b"]
    assert keys(store.search(("n",), filter={"even": False}, limit=1, offset=1)) == ["c"]
    # Without semantic search, a query has no effect.
    assert keys(store.search(("n",), query="something", limit=1)) == ["a"]
    for none in both_forms(store, "search", ("n",), limit=0):
        assert none() == []
    assert store.list_namespaces(limit=0) == []


def test_limits_beyond_a_call_of_chatkeep_are_answered(local):
    local.batch([PutOp((f"{number:05}",), "k", {}) for number in range(10_050)])
    found = local.search((), limit=1_000_000)
    assert len({item.namespace for item in found}) == len(found) == 10_050
    assert len(local.search((), filter={"x": None}, limit=10_010)) == 10_010
    listed = local.list_namespaces(limit=1_000_000)
    assert (len(listed), listed[-1]) == (10_050, ("10049",))
    assert len(local.list_namespaces(limit=1_000_000, offset=40)) == 10_010


def test_a_batch_reads_before_it_changes(store):
    store.put(("a",), "old", {"n": 1})
    ops = [
        PutOp(("a",), "new", {"n": 2}),
        GetOp(("a",), "new"),
        PutOp(("a",), "old", None),
        GetOp(("a",), "old"),
        SearchOp(("a",)),
        PutOp(("a",), "new", {"n": 3}),
        PutOp(("a",), "none", None),
        ListNamespacesOp(),
    ]
    results = store.batch(iter(ops))
    assert [results[index] for index in (0, 1, 2, 5, 6)] == [None] * 5
    assert results[3].value == {"n": 1}
    assert keys(results[4]) == ["old"]
    assert results[7] == [("a",)]
    assert store.get(("a",), "new").value == {"n": 3}
    assert store.get(("a",), "old") is None
    results = asyncio.run(store.abatch(ops))
    assert results[1].value == {"n": 3}
    assert results[3] is None
    assert store.batch([]) == asyncio.run(store.abatch([])) == []


def test_a_batch_with_an_invalid_operation_changes_nothing(store):
    for ops, error in [
        ([PutOp(("a",), "k", {}), PutOp(("a.b",), "k", {})], InvalidNamespaceError),
        ([PutOp(("a",), "k", {}), PutOp(("a",), "", {})], InvalidInputError),
        ([PutOp(("a",), "k", {}), PutOp(("a",), "k" * 256, {})], InvalidInputError),
        ([PutOp(("a",), "k", {}), PutOp(("x" * 256,), "k", {})], InvalidInputError),
        ([PutOp(("a",), "k", {}), PutOp(("x" * 200,) * 3, "k", {})], InvalidInputError),
        ([PutOp(("a",), "k", {}), PutOp((), "k", {})], InvalidInputError),
        ([PutOp(("a",), "k", {}), PutOp(("a",), "k", {}, ttl=0)], InvalidInputError),
        ([PutOp(("a",), "k", {}), "get"], InvalidTypeError),
        ([PutOp(("a",), "k", {}), SearchOp((), filter={"a": {"$x": 1}})], InvalidInputError),
        ([PutOp(("a",), "k", {}), SearchOp((), offset=-1)], InvalidInputError),
        ([PutOp(("a",), "k", {}), ListNamespacesOp(max_depth=0)], InvalidInputError),
        (
            [
                PutOp(("a",), "k", {}),
                ListNamespacesOp(match_conditions=(MatchCondition("infix", ("a",)),)),
            ],
            InvalidInputError,
        ),
    ]:
        for batch in both_forms(store, "batch", ops):
            with pytest.raises(error):
                batch()
    assert store.list_namespaces() == []


def test_conditions_of_one_kind_are_combined(local):
    for namespace in [("a", "b", "c"), ("a", "x", "c"), ("a", "b"), ("b", "b", "c")]:
        local.put(namespace, "k", {})

    def listed(*conditions):
        matches = tuple(MatchCondition(*condition) for condition in conditions)
        return local.batch([ListNamespacesOp(match_conditions=matches)])[0]

    assert listed(("prefix", ("a",)), ("prefix", ("*", "b"))) == [("a", "b"), ("a", "b", "c")]
    assert listed(("prefix", ("*", "b", "*")), ("prefix", ("a",))) == [("a", "b", "c")]
    assert listed(("suffix", ("c",)), ("suffix", ("b", "*"))) == [("a", "b", "c"), ("b", "b", "c")]
    assert listed(("prefix", ("a",)), ("prefix", ("b",))) == []
    assert listed(("suffix", ("a", "c")), ("suffix", ("b", "c"))) == []
    assert listed(("prefix", ("a",)), ("suffix", ("x", "c"))) == [("a", "x", "c")]
    assert len(listed(("prefix", ()), ("suffix", ()))) == 4


def test_items_expire_after_minutes(store):
    store.put(("a",), "short", {}, ttl=3 / 60)
    store.put(("a",), "long", {}, ttl=10)
    store.put(("a",), "forever", {})
    assert set(keys(store.search(("a",), refresh_ttl=False))) == {"short", "long", "forever"}
    time.sleep(3.1)
    for get in both_forms(store, "get", ("a",), "short"):
        assert get() is None
    assert set(keys(store.search(("a",)))) == {"long", "forever"}
    assert store.sweep_ttl() == 1
    assert asyncio.run(store.asweep_ttl()) == 0


def test_reads_extend_items_unless_they_are_told_not_to(store):
    for key in ["get", "search", "not refreshed"]:
        store.put((key,), key, {}, ttl=3 / 60)
    for _ in range(4):
        time.sleep(1)
        assert store.get(("get",), "get") is not None
        assert len(store.search(("search",))) == 1
        store.get(("not refreshed",), "not refreshed", refresh_ttl=False)
    assert set(store.list_namespaces()) == {("get",), ("search",)}


def test_times_to_live_are_whole_seconds_rounded_up(memory):
    store = ChatkeepStore(memory, ttl={"default_ttl": 2, "refresh_on_read": False})

    def stored():
        return memory.memory_manager.get_memory(["a"], "k", refresh_ttl=False)["ttl_seconds"]

    store.put(("a",), "k", {})
    assert stored() == 120
    for ttl, expected in [(1, 60), (1 / 60, 1), (7 / 60, 7), (0.001, 1), (1e-9, 1), (1.51, 91)]:
        store.put(("a",), "k", {}, ttl=ttl)
        assert stored() == expected
    store.put(("a",), "k", {}, ttl=None)
    assert stored() is None
    for ttl in [0, -1, math.nan, math.inf, 1e300, "1", True]:
        for put in both_forms(store, "put", ("a",), "k", {}, ttl=ttl):
            with pytest.raises(InvalidInputError, match=r"^ttl: ") as caught:
                put()
            assert caught.value.field == "ttl"


def wait_until(condition):
    """Waits until the condition is true, for at most 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def sweepers():
    return [thread.name for thread in threading.enumerate()].count("chatkeep-sweeper")


def test_expired_items_are_swept_periodically_also_after_errors():
    class Memory:
        calls = 0

        def delete_expired_memories(self):
            self.calls += 1
            if self.calls % 2:
                raise chatkeep.UnavailableError("the server does not answer")

    memory, store = Memory(), Memory()
    sweeper = Sweeper(store, memory, 0.01)
    wait_until(lambda: memory.calls >= 5)
    assert sweeper.is_running()
    assert sweeper.stop(timeout=20)
    assert not sweeper.is_running()


def test_sweeper_ends_when_it_is_stopped_and_with_its_store(memory):
    store = ChatkeepStore(memory, ttl={"sweep_interval_minutes": 10})
    assert store.stop_ttl_sweeper()
    store.start_ttl_sweeper()
    store.start_ttl_sweeper(sweep_interval_minutes=1)
    assert sweepers() == 1
    assert store.stop_ttl_sweeper()
    assert store.stop_ttl_sweeper(timeout=1)
    assert sweepers() == 0
    store.start_ttl_sweeper()
    store.close()
    assert sweepers() == 0
    store.put(("a",), "k", {})  # The store of chatkeep is the caller's, and stays open.
    store.start_ttl_sweeper()
    asyncio.run(store.aclose())
    assert sweepers() == 0
    store.start_ttl_sweeper()
    del store
    gc.collect()
    wait_until(lambda: sweepers() == 0)


def test_semantic_search_is_refused(memory):
    index = {"dims": 3, "embed": lambda texts: [[0.0] * 3 for _ in texts]}
    for make in (
        lambda: ChatkeepStore(memory, index=index),
        lambda: ChatkeepStore.from_conn_string("sqlite:///:memory:", index=index),
    ):
        with pytest.raises(InvalidInputError, match=r"^index: semantic search") as caught:
            make()
        assert caught.value.field == "index"
    store = ChatkeepStore(memory)
    store.put(("a",), "k", {"text": "a"}, index=["text"])
    store.put(("a",), "k2", {"text": "a"}, index=False)
    assert len(store.search(("a",), query="a")) == 2


#: Filters of which both stores have the same opinion.
FILTERS = [
    None,
    {"n": 1},
    {"t": None},
    {"l": [1]},
    {"n": {"$eq": 3}},
    {"t": {"$ne": "x"}},
    {"n": {"$lt": 2, "$ne": 0}},
    {"n": {"$gte": 2}, "t": "x"},
]


def test_random_operations_have_the_results_of_the_store_in_memory(store):
    chance = random.Random(5)
    memory = InMemoryStore()
    names = ["a", "ab", "b%"]
    for _ in range(250):
        namespace = tuple(chance.choice(names) for _ in range(chance.randrange(1, 4)))
        key = chance.choice("kl")
        kind = chance.choice(["put", "put", "delete", "get", "search", "batch"])
        if kind == "put":
            value = {"n": chance.randrange(4), "t": chance.choice(["x", "y", None]), "l": [1]}
            for one in (store, memory):
                one.put(namespace, key, value)
        elif kind == "delete":
            for one in (store, memory):
                one.delete(namespace, key)
        elif kind == "get":
            found, expected = store.get(namespace, key), memory.get(namespace, key)
            assert (found and found.value) == (expected and expected.value)
        elif kind == "batch":
            ops = [PutOp(namespace, chance.choice("kl"), {"n": n, "t": "z"}) for n in range(3)]
            ops += [PutOp(namespace[:1], "k", None), GetOp(namespace, "k")]
            results, expected = store.batch(ops), memory.batch(ops)
            assert [one and one.value for one in results] == [one and one.value for one in expected]
        else:
            prefix = namespace[: chance.randrange(3)]
            filter = chance.choice(FILTERS)
            found, expected = (
                {
                    (item.namespace, item.key): item.value
                    for item in one.search(prefix, filter=filter, limit=1_000)
                }
                for one in (store, memory)
            )
            assert found == expected, filter
    stored = {item.namespace for item in memory.search((), limit=1_000)}
    assert store.list_namespaces() == sorted(stored)
    shortened = {namespace[:2] for namespace in stored if namespace[-1] == "a"}
    assert store.list_namespaces(suffix=("a",), max_depth=2) == sorted(shortened)


def test_concurrent_callers_share_a_store(store):
    def work(number):
        for step in range(10):
            store.put(("shared",), "k", {"n": number, "step": step})
            store.put(("own", str(number)), str(step), {"n": number})
            assert store.get(("shared",), "k") is not None
        return len(store.search(("own", str(number))))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [10] * 8

    async def main():
        await asyncio.gather(
            *(store.aput(("async", str(number % 3)), str(number), {}) for number in range(60))
        )
        return await store.asearch(("async",), limit=100)

    assert len(asyncio.run(main())) == 60
    assert len(store.search(("shared",))) == 1


def test_graphs_use_the_store(chat):
    def remember(state: MessagesState, *, store: BaseStore):
        store.put(("users", "ada"), "last", {"text": state["messages"][-1].content})
        return {"messages": [("ai", f"{len(store.search(('users',)))} memories")]}

    async def recall(state: MessagesState, *, store: BaseStore):
        item = await store.aget(("users", "ada"), "last")
        return {"messages": [("ai", item.value["text"])]}

    def graph(node):
        builder = StateGraph(MessagesState)
        builder.add_node("node", node)
        builder.add_edge(START, "node")
        return builder.compile(checkpointer=ChatkeepSaver(chat), store=ChatkeepStore(chat))

    config = {"configurable": {"thread_id": "a"}}
    answer = graph(remember).invoke({"messages": [("user", "I like tea")]}, config)
    assert answer["messages"][-1].content == "1 memories"
    config = {"configurable": {"thread_id": "b"}}
    answer = asyncio.run(graph(recall).ainvoke({"messages": [("user", "?")]}, config))
    assert answer["messages"][-1].content == "I like tea"


def test_store_from_a_url_is_closed_at_the_end_of_its_block(database):
    with ChatkeepStore.from_conn_string(database.url, pipeline=True, pool_config={}) as store:
        assert store.setup() is not None
        store.put(("a",), "k", {"n": 1})
        store.start_ttl_sweeper()
    with pytest.raises(chatkeep.UnavailableError):
        store.get(("a",), "k")

    async def main():
        async with ChatkeepStore.from_conn_string(database.url, ttl={"default_ttl": 5}) as store:
            await store.setup()
            await store.asetup()
            store.start_ttl_sweeper()
            assert (await store.aget(("a",), "k")).value == {"n": 1}
        with pytest.raises(chatkeep.UnavailableError):
            await store.aget(("a",), "k")

    asyncio.run(main())


def test_store_shares_the_store_of_chatkeep_that_it_was_made_from(memory):
    for made in (memory, chatkeep.asyncio.Chatkeep.of(memory)):
        with ChatkeepStore(made) as store:
            store.put(("a",), "k", {"n": 1})
    assert memory.memory_manager.get_memory(["a"], "k")["value"] == {"n": 1}
    memory.memory_manager.put_memory(["b/c"], "k", {"n": 2})
    assert ChatkeepStore(memory).search(("b/c",))[0].namespace == ("b/c",)


def test_store_without_an_argument_uses_the_environment(sqlite, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    try:
        ChatkeepStore().put(("a",), "k", {})
        assert ChatkeepStore().get(("a",), "k") is not None
    finally:
        chatkeep.db_manager.close()
    with ChatkeepStore(sqlite.url) as store:
        assert store.list_namespaces() == [("a",)]


def test_items_of_a_read_only_database_are_returned(sqlite):
    with ChatkeepStore(sqlite.url) as store:
        store.put(("a",), "k", {"n": 1}, ttl=1)
        with chatkeep.Chatkeep(f"{sqlite.url}?mode=ro") as chat:
            reader = ChatkeepStore(chat)
            time.sleep(1.1)  # Now a read would extend it.
            assert reader.get(("a",), "k").value == {"n": 1}
            assert len(reader.search(("a",))) == 1
            with pytest.raises(chatkeep.ReadOnlyError):
                reader.put(("a",), "k", {})


def test_database_that_is_down_is_never_reported_as_no_item(monkeypatch):
    monkeypatch.setenv("DB_MAX_RETRIES", "0")
    store = ChatkeepStore(chatkeep.Chatkeep(DOWN, connect_timeout=2))
    for method, arguments in [
        ("get", (("a",), "k")),
        ("search", (("a",),)),
        ("list_namespaces", ()),
        ("put", (("a",), "k", {})),
    ]:
        for call in both_forms(store, method, *arguments):
            with pytest.raises(chatkeep.UnavailableError):
                call()


def test_wrong_types_are_rejected_by_name(local):
    for method, arguments, named, field in [
        ("put", (("a",), "k", {}), {"ttl": "1"}, "ttl"),
        ("search", (("a",),), {"limit": "1"}, "limit"),
        ("search", (("a",),), {"filter": {"a": object()}}, "filter"),
        ("search", (("a",),), {"filter": {1: 1}}, "filter"),
        ("list_namespaces", (), {"max_depth": "1"}, "max_depth"),
    ]:
        for call in both_forms(local, method, *arguments, **named):
            with pytest.raises(InvalidTypeError, match=f"^{field}: ") as caught:
                call()
            assert caught.value.field == field
    with pytest.raises(InvalidTypeError, match=r"^chat: "):
        ChatkeepStore(1)
    for get in both_forms(local, "get", (), "k"):
        assert get() is None
