"""The asyncio API."""

import asyncio
import gc
import inspect
import os
import threading
import time
import weakref

import chatkeep
import pytest
import uvloop
from chatkeep.asyncio import Chatkeep


class LoopWithoutReaders(asyncio.SelectorEventLoop):
    """A loop that supports no readers, like the default loop of Windows."""

    def add_reader(self, *arguments):
        raise NotImplementedError

    def remove_reader(self, *arguments):
        raise NotImplementedError


LOOPS = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
    "no readers": LoopWithoutReaders,
}


def run(main, make=asyncio.SelectorEventLoop):
    loop = make()
    try:
        return loop.run_until_complete(asyncio.wait_for(main, 60))
    finally:
        loop.close()


@pytest.fixture(params=LOOPS.values(), ids=LOOPS.keys())
def make_loop(request):
    return request.param


def open_files():
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def test_coroutines_return_the_results_of_the_blocking_calls(database):
    async def main():
        async with Chatkeep(database.url) as chat:
            log, tokens, manager = chat.message_logger, chat.token_manager, chat.db_manager
            blocking = chat.blocking.message_logger
            ids = await asyncio.gather(
                log.log_message("q", "a", "openai", "gpt-4o", 42, {"k": 1}, "2000-01-01"),
                log.log_message(message="b", response="c"),
            )
            ids += await log.log_messages([{"message": "x"}])
            assert await log.get_messages(limit=2) == blocking.get_messages(limit=2)
            assert await log.retrieve_messages(provider="openai") == blocking.get_messages(
                provider="openai"
            )
            first = await log.get_messages(limit=1)
            assert await log.get_messages(
                cursor=log.cursor_after(first[0])
            ) == blocking.get_messages(offset=1)
            assert await log.get_message_by_id(ids[0]) == blocking.get_message_by_id(ids[0])
            assert await log.get_message_by_id(10**9) is None
            assert await log.get_message_count(metadata={"k": 1}) == 1
            assert [message async for message in log.iter_messages()] == list(
                blocking.iter_messages()
            )
            assert await log.search_messages("Q") == blocking.search_messages("Q")
            assert await log.get_analytics() == blocking.get_analytics()
            assert await log.export_for_fine_tuning("alpaca") == blocking.export_for_fine_tuning(
                "alpaca"
            )
            await log.rebuild_totals()
            assert (await log.check_totals())["differences"] == []
            assert await log.count_old_messages(days=30) == 1
            assert await log.delete_old_messages() == 1
            await log.flush()
            created = await tokens.create_token("web app", expires_days=1)
            assert await tokens.verify_token(created["token"]) is True
            assert (await tokens.check_token(created["token"]))["reason"] == "valid"
            assert await tokens.verify_token("no token") is False
            assert (await tokens.get_token_info(created["id"]))["description"] == "web app"
            assert len(await tokens.list_tokens()) == 1
            assert await tokens.revoke_token(created["id"]) is True
            assert await tokens.verify_token(created["token"]) is False
            assert await tokens.delete_expired_tokens() == 0
            await manager.wait_until_ready()
            assert (await manager.health())["engine"] == manager.db_type == database.engine
            assert (await manager.migration_status())["pending"] == []
            assert await manager.upgrade() == []
            assert await manager.search_index() in ("absent", "unsupported")
            assert manager.pool_status()["max"] > 0
            return chat

    chat = run(main())
    with pytest.raises(chatkeep.UnavailableError, match="closed"):
        run(chat.message_logger.log_message("late"))


def test_every_method_is_a_coroutine_with_the_blocking_signature():
    synchronous = {"cursor_after", "pool_status", "db_type", "database_url"}
    for name in ("MessageLogger", "TokenManager", "DatabaseManager"):
        blocking, awaited = getattr(chatkeep, name), getattr(chatkeep.asyncio, name)
        calls = {call for call in dir(blocking) if not call.startswith("_")}
        assert calls <= set(dir(awaited))
        for call in calls - synchronous:
            function = getattr(awaited, call)
            assert inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function), (
                call
            )
            expected = inspect.signature(getattr(blocking, call)).parameters.values()
            actual = inspect.signature(function).parameters.values()
            assert [(p.name, p.default, p.kind) for p in actual][1:] == [
                (p.name, p.default, p.kind) for p in expected
            ][1:], call


def test_errors_name_the_field_and_the_operation(make_loop, memory):
    log = Chatkeep.of(memory).message_logger

    async def main():
        outcomes = await asyncio.gather(
            log.log_message("a\0"),
            log.log_message("fine"),
            log.log_message(b"bytes"),
            log.get_messages(limit=0),
            log.get_message_by_id("1"),
            return_exceptions=True,
        )
        return [
            (getattr(outcome, "field", outcome), getattr(outcome, "operation", None))
            for outcome in outcomes
        ]

    assert run(main(), make_loop) == [
        ("message", "log_message"),
        (1, None),
        ("message", "log_message"),
        ("limit", "get_messages"),
        ("id", "get_message_by_id"),
    ]


def test_ten_thousand_concurrent_calls_succeed(make_loop, sqlite):
    async def main():
        async with Chatkeep(sqlite.url) as chat:
            log = chat.message_logger
            ids = await asyncio.gather(*(log.log_message(str(number)) for number in range(10_000)))
            read = await asyncio.gather(
                *(log.get_message_by_id(message_id) for message_id in ids[:1_000])
            )
            assert [message["user_message"] for message in read] == [
                str(number) for number in range(1_000)
            ]
            return len(set(ids)), await log.get_message_count()

    assert run(main(), make_loop) == (10_000, 10_000)


def test_outcomes_of_concurrent_calls_share_wake_ups(memory, monkeypatch):
    wake_ups = []

    class Counting(asyncio.SelectorEventLoop):
        def add_reader(self, number, callback, *arguments):
            def counted():
                wake_ups.append(1)
                callback(*arguments)

            super().add_reader(number, counted)

    log = Chatkeep.of(memory).message_logger

    async def main():
        # All calls are submitted before the loop handles the first outcome.
        await asyncio.gather(*(log.log_message(str(number)) for number in range(500)))

    run(main(), Counting)
    assert 1 <= len(wake_ups) <= 100
    assert memory.message_logger.get_message_count() == 500


def test_cancelled_writes_are_stored_once(make_loop, sqlite):
    async def main():
        async with Chatkeep(sqlite.url) as chat:
            log = chat.message_logger
            tasks = [asyncio.ensure_future(log.log_message(str(number))) for number in range(300)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            await log.flush()
            cancelled = [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes]
            texts = [
                message["user_message"] async for message in log.iter_messages(oldest_first=True)
            ]
            return cancelled[1::2], sorted(texts, key=int)

    finished, texts = run(main(), make_loop)
    assert not any(finished)
    assert texts == [str(number) for number in range(300)]


def test_timeout_around_a_call_raises_in_time(sqlite):
    async def main():
        async with Chatkeep(sqlite.url) as chat:
            await chat.message_logger.log_message("a")
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(chat.message_logger.log_message("b"), 0)
            await chat.flush()
            return await chat.message_logger.get_message_count()

    assert run(main()) in (1, 2)


def test_loops_in_several_threads_share_a_store(sqlite):
    outcomes = []
    with chatkeep.Chatkeep(sqlite.url) as blocking:
        log = Chatkeep.of(blocking).message_logger

        async def main(name):
            return await asyncio.gather(
                *(log.log_message(f"{name} {number}") for number in range(200))
            )

        def work(name):
            make = uvloop.new_event_loop if name % 2 else asyncio.SelectorEventLoop
            for _ in range(3):
                outcomes.extend(run(main(name), make))

        threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (
            len(outcomes)
            == len(set(outcomes))
            == blocking.message_logger.get_message_count()
            == 3_600
        )


def test_closing_the_loop_during_writes_loses_no_message(make_loop, sqlite):
    with chatkeep.Chatkeep(sqlite.url) as chat:
        log = Chatkeep.of(chat).message_logger
        for _ in range(20):
            loop = make_loop()

            async def leave():
                calls = [asyncio.ensure_future(log.log_message("a")) for _ in range(5)]
                await asyncio.sleep(0)
                return [weakref.ref(call) for call in calls]

            calls = loop.run_until_complete(leave())
            task = None  # all calls may have ended
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
            del loop, task
        chat.flush()
        assert chat.message_logger.get_message_count() == 100
        gc.collect()
        assert [call() for call in calls] == [None] * 5


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted on Linux")
def test_thousand_loops_leak_no_file_descriptor(memory):
    log = Chatkeep.of(memory).message_logger
    asyncio.run(log.log_message("first"))
    before = open_files()
    for _ in range(1_000):
        asyncio.run(log.log_message("a"))
    assert open_files() <= before
    assert memory.message_logger.get_message_count() == 1_001


def test_loop_runs_while_calls_wait(sqlite):
    """The loop ticks only if the calls do not block it."""

    async def main():
        async with Chatkeep(sqlite.url) as chat:
            calls = [asyncio.ensure_future(chat.message_logger.log_message("a")) for _ in range(64)]
            ticks = 0
            while not all(call.done() for call in calls):
                await asyncio.sleep(0)
                ticks += 1
            return ticks

    assert run(main()) > 1


def test_call_outside_a_loop_stores_nothing(memory):
    log = Chatkeep.of(memory).message_logger
    coroutine = log.log_message("a")
    with pytest.raises(RuntimeError, match="no running event loop"):
        coroutine.send(None)
    time.sleep(0.01)
    assert memory.message_logger.get_message_count() == 0
