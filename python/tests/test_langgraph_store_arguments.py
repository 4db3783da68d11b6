"""Arguments that the LangGraph store rejects."""

import math

import pytest
from chatkeep import InvalidInputError, InvalidTypeError
from chatkeep.langgraph import ChatkeepStore
from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)
from store_items import both_forms

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
