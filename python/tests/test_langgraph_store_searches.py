"""Searches of the LangGraph store."""

import math

import pytest
from chatkeep import InvalidInputError
from langgraph.store.base import ListNamespacesOp, MatchCondition, PutOp
from store_items import both_forms, keys


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
