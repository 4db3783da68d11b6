"""Opening, sharing and closing of the LangGraph store."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import chatkeep
import chatkeep.asyncio
import pytest
from chatkeep.langgraph import ChatkeepStore
from databases import DOWN
from store_items import both_forms


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
