"""Times to live of the items of the LangGraph store."""

import asyncio
import gc
import math
import threading
import time

import chatkeep
import pytest
from chatkeep import InvalidInputError
from chatkeep.langgraph import ChatkeepStore
from chatkeep.langgraph._sweeper import Sweeper
from store_items import both_forms, keys
from waiting import wait_until


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
