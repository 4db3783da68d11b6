"""Opening, sharing and closing of the saver of the LangGraph integration."""

import asyncio

import chatkeep
import chatkeep.asyncio
import pytest
from chatkeep import InvalidTypeError
from chatkeep.langgraph import ChatkeepSaver
from checkpoints import checkpoint_of, config_of, ids, put
from databases import DOWN
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer


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
