"""Workers: the loop, its tasks, signals and outages."""

import asyncio
import functools
import inspect
import os
import signal
import threading
import time

import chatkeep
import pytest
from chatkeep.asyncio import Chatkeep


def add(chat, kind="k", **options):
    return chat.task_manager.enqueue_task(kind, {"n": 1}, **options)["public_id"]


def get(chat, task_id):
    return chat.task_manager.get_task(task_id)


def awaited(test):
    """Runs a coroutine function as a test."""

    @functools.wraps(test)
    def run(*arguments, **named):
        asyncio.run(asyncio.wait_for(test(*arguments, **named), 60))

    run.__signature__ = inspect.signature(test)
    return run


def test_a_block_completes_or_fails_the_task(chat, caplog):
    ids = [add(chat, priority=-number, user_id=None) for number in range(4)]
    work = chat.task_manager.work(["k"], worker="w-1")
    for number, task in enumerate(work):
        assert (task.id, task.kind, task.input) == (ids[number], "k", {"n": 1})
        assert (task.user_id, task.attempts, task.max_attempts) == (None, 1, 3)
        assert task.task["worker"] == "w-1"
        assert repr(task) == f"<RunningTask k {task.id}>"
        with task as entered:
            assert entered is task
            assert not task.is_cancelled
            if number == 0:
                task.result = {"words": 3}
            elif number == 1:
                raise ValueError("no\0answer\ud800")
            elif number == 2:
                task.result = {"x": object()}
            else:
                task.fail("useless", is_final=True)
                work.stop()
        assert task.is_cancelled
    tasks = [get(chat, task_id) for task_id in ids]
    assert (tasks[0]["status"], tasks[0]["result"]) == ("completed", {"words": 3})
    assert (tasks[1]["status"], tasks[1]["error"]) == ("queued", "ValueError: no\ufffdanswer?")
    assert tasks[2]["status"] == "queued"
    assert tasks[2]["error"].startswith(("InvalidInputError: ", "InvalidTypeError: "))
    assert (tasks[3]["status"], tasks[3]["error"]) == ("failed", "useless")
    assert "ValueError" in caplog.text
    assert caplog.text.count("failed") == 2
    assert next(work, None) is None


@awaited
async def test_awaited_blocks_complete_or_fail_the_task(chat, caplog):
    ids = [add(chat, priority=-number) for number in range(4)]
    work = Chatkeep.of(chat).task_manager.work(["k"], worker="w-1")
    number = 0
    async for task in work:
        assert (task.id, task.kind, task.input) == (ids[number], "k", {"n": 1})
        async with task as entered:
            assert entered is task
            assert not task.is_cancelled
            if number == 0:
                task.result = {"words": 3}
            elif number == 1:
                raise ValueError("no\0answer\ud800")
            elif number == 2:
                task.result = {"x": object()}
            else:
                await task.fail("useless", is_final=True)
                work.stop()
        number += 1
    tasks = [get(chat, task_id) for task_id in ids]
    assert (tasks[0]["status"], tasks[0]["result"]) == ("completed", {"words": 3})
    assert (tasks[1]["status"], tasks[1]["error"]) == ("queued", "ValueError: no\ufffdanswer?")
    assert tasks[2]["status"] == "queued"
    assert (tasks[3]["status"], tasks[3]["error"]) == ("failed", "useless")
    assert caplog.text.count("failed") == 2
    with pytest.raises(StopAsyncIteration):
        await anext(work)


def test_methods_end_the_task(memory):
    ids = [add(memory, priority=-number) for number in range(3)]
    work = iter(memory.task_manager.work(["k"]))
    task = next(work)
    task.result = {"a": 1}
    task.complete()
    with pytest.raises(chatkeep.ConflictError) as raised:
        task.complete()
    assert raised.value.field == "lease_token"
    with pytest.raises(KeyError), task:
        raise KeyError("after the end")
    task = next(work)
    assert task.fail("slow", retry_after_seconds=3_600)["status"] == "queued"
    task = next(work)
    assert task.release()["attempts"] == 0
    task = next(work)
    assert task.id == ids[2]
    with pytest.raises(chatkeep.InvalidInputError):
        task.complete({"a": "x" * (1 << 20)})
    task.complete({"b": 2})
    assert get(memory, ids[0])["result"] == {"a": 1}
    assert get(memory, ids[2])["result"] == {"b": 2}


def test_interrupted_blocks_release_the_task(memory):
    task_id = add(memory)
    for error in (KeyboardInterrupt, SystemExit, GeneratorExit):
        with memory.task_manager.work(["k"]) as work:
            task = next(work)
            assert task.attempts == 1
            with pytest.raises(error), task:
                raise error
        assert get(memory, task_id)["status"] == "queued"


@awaited
async def test_cancelled_blocks_release_the_task(memory):
    task_id = add(memory)
    began = asyncio.Event()

    async def run():
        async for task in Chatkeep.of(memory).task_manager.work(["k"]):
            async with task:
                began.set()
                await asyncio.sleep(60)

    running = asyncio.create_task(run())
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (get(memory, task_id)["status"], get(memory, task_id)["attempts"]) == ("queued", 0)


@awaited
async def test_a_task_of_a_cancelled_wait_is_released(memory):
    work = Chatkeep.of(memory).task_manager.work(["k"])
    waiting = asyncio.create_task(anext(work))
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    task_id = add(memory)

    def is_released():
        task = get(memory, task_id)
        return task["started_at"] is not None and task["status"] == "queued"

    end = time.monotonic() + 30
    while not is_released() and time.monotonic() < end:
        await asyncio.sleep(0.02)
    # Unless the claim ended before the task was enqueued.
    assert get(memory, task_id)["status"] == "queued"


def test_the_number_of_unfinished_tasks_is_limited(memory):
    for _ in range(3):
        add(memory)
    work = iter(memory.task_manager.work(["k"], concurrency=2))
    first, second = next(work), next(work)
    third = []
    thread = threading.Thread(target=lambda: third.append(next(work)))
    thread.start()
    time.sleep(0.5)
    assert not third
    second.complete()
    thread.join(30)
    assert third[0].id not in (first.id, second.id)
    first.complete()
    third[0].complete()


@awaited
async def test_the_number_of_unfinished_awaited_tasks_is_limited(memory):
    ids = [add(memory) for _ in range(6)]
    work = Chatkeep.of(memory).task_manager.work(["k"], concurrency=2)
    running, most, done = 0, 0, []

    async def run(task):
        nonlocal running, most
        async with task:
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.05)
            running -= 1
        done.append(task.id)
        if len(done) == len(ids):
            work.stop()

    async with asyncio.TaskGroup() as group:
        async for task in work:
            group.create_task(run(task))
    assert (most, sorted(done)) == (2, sorted(ids))


def test_a_task_outlasts_its_lease_and_is_cancelled(chat):
    task_id = add(chat)
    with chat.task_manager.work(["k"], lease_seconds=1) as work, next(work) as task:
        time.sleep(3)
        assert chat.task_manager.claim_tasks(["k"], "w") == []
        assert not task.is_cancelled
        chat.task_manager.cancel_task(task_id)
        assert task.is_cancelled
        task.fail("stopped")
    assert get(chat, task_id)["status"] == "cancelled"


def test_a_lost_lease_is_logged(memory, caplog):
    task_id = add(memory)
    work = iter(memory.task_manager.work(["k"]))
    with next(work) as task:
        # As if the lease had ended.
        memory.task_manager.release_task(task_id, task.lease_token)
        assert task.is_cancelled
    assert f"the lease of task {task_id} was lost" in caplog.text
    assert get(memory, task_id)["status"] == "queued"
    with next(work) as task:
        assert task.id == task_id


def test_invalid_arguments_are_rejected(memory):
    for concurrency in (0, -1, 1.5, True, "2"):
        with pytest.raises(chatkeep.InvalidInputError) as raised:
            memory.task_manager.work(["k"], concurrency=concurrency)
        assert raised.value.field == "concurrency"
    for arguments, options, field in [
        ([[]], {}, "kinds"),
        (["email"], {}, "kinds"),
        ([[""]], {}, "kinds[0]"),
        ([["k"]], {"lease_seconds": 0}, "lease_seconds"),
        ([["k"]], {"worker": ""}, "worker"),
    ]:
        work = memory.task_manager.work(*arguments, **options)
        with pytest.raises(chatkeep.InvalidInputError) as raised:
            next(work)
        assert raised.value.field == field
        assert next(work, None) is None


def test_handlers_of_signals_are_restored(memory):
    numbers = (signal.SIGTERM, signal.SIGINT)

    def handlers():
        return [signal.getsignal(number) for number in numbers]

    before = handlers()
    task_id = add(memory)
    for task in memory.task_manager.work(["k"]):
        assert handlers() != before
        task.release()
        break
    assert handlers() == before, "the iterator is not referenced any more"
    for task in memory.task_manager.work(["k"]):
        task.complete()
        os.kill(os.getpid(), signal.SIGTERM)
    assert handlers() == before
    assert get(memory, task_id)["status"] == "completed"
    add(memory)
    with memory.task_manager.work(["k"], stop_on_signals=False) as work:
        next(work).complete()
        assert handlers() == before
    add(memory)
    work = memory.task_manager.work(["k"])
    thread = threading.Thread(target=lambda: next(work).complete())
    thread.start()
    thread.join(30)
    assert handlers() == before, "other threads cannot handle signals"


def test_a_closed_store_ends_the_iteration(sqlite):
    chat = chatkeep.Chatkeep(sqlite.url)
    work = chat.task_manager.work(["k"])
    errors = []

    def run():
        try:
            next(work)
        except chatkeep.Error as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.3)
    chat.close()
    thread.join(30)
    assert [(error.kind, error.retryable) for error in errors] == [("Unavailable", False)]
