"""Items of the LangGraph store. `cargo xtask frameworks` runs LangGraph's own tests."""

import asyncio
import random

from langgraph.store.base import GetOp, ListNamespacesOp, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore
from store_items import both_forms, keys

HOSTILE = ["a", "A", "ab", "a ", "a/", "\\", "%", "_", "é", "e\u0301", "🎉", "a\n", "'; DROP --"]
VALUES = [
    {},
    {"": None, "a": True, "b": [False, {}, []], "é": "\"\\\r\n\t🎉 '; --"},
    {"a": 2**63 - 1, "b": 2**64 - 1, "c": -(2**63), "d": 0.1, "e": 1e300, "f": 1.0, "g": -1.5},
    {"tuple": [1, 2], "nested": {"x": {"y": [{"z": None}]}}},
]


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
