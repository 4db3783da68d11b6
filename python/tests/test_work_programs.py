"""Workers as processes: signals, kills, forks and exits."""

import signal
import time

import chatkeep
import pytest
from programs import start
from waiting import wait_until


def add(chat, **options):
    return chat.task_manager.enqueue_task("k", {"n": 1}, **options)["public_id"]


def get(chat, task_id):
    return chat.task_manager.get_task(task_id)


BLOCKING = """
    import sys, time
    import chatkeep

    with chatkeep.Chatkeep(sys.argv[1]) as chat:
        for task in chat.task_manager.work(["k"], lease_seconds=60, concurrency=4):
            with task:
                print("running", task.id, flush=True)
                time.sleep(float(sys.argv[2]))
                task.result = {"done": True}
    print("ended", flush=True)
    """

AWAITED = """
    import asyncio, sys
    from chatkeep.asyncio import Chatkeep

    async def main():
        async with Chatkeep(sys.argv[1]) as chat:
            async for task in chat.task_manager.work(["k"], lease_seconds=60, concurrency=4):
                async with task:
                    print("running", task.id, flush=True)
                    await asyncio.sleep(float(sys.argv[2]))
                    task.result = {"done": True}
        print("ended", flush=True)

    asyncio.run(main())
    """

UVLOOP = AWAITED.replace("asyncio.run(main())", "uvloop.run(main())").replace(
    "import asyncio, sys", "import asyncio, sys, uvloop"
)


@pytest.mark.parametrize("program", [BLOCKING, AWAITED, UVLOOP], ids=["sync", "asyncio", "uvloop"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_worker_after_its_task(program, number, database):
    with chatkeep.Chatkeep(database.url) as chat:
        ids = [add(chat), add(chat)]
        worker = start(program, database.url, "1")
        try:
            assert worker.stdout.readline() == f"running {ids[0]}\n"
            worker.send_signal(number)
            out, err = worker.communicate(timeout=60)
        finally:
            worker.kill()
        assert (worker.returncode, out, err) == (0, "ended\n", "")
        assert get(chat, ids[0])["result"] == {"done": True}
        assert (get(chat, ids[1])["status"], get(chat, ids[1])["attempts"]) == ("queued", 0)
        # An idle worker stops, too.
        chat.task_manager.cancel_task(ids[1])
        worker = start(program, database.url, "0")
        try:
            last = add(chat)
            assert worker.stdout.readline() == f"running {last}\n"
            wait_until(lambda: get(chat, last)["status"] == "completed")
            time.sleep(0.5)
            worker.send_signal(number)
            out, err = worker.communicate(timeout=60)
        finally:
            worker.kill()
        assert (worker.returncode, out, err) == (0, "ended\n", "")


@pytest.mark.parametrize("program", [BLOCKING, AWAITED], ids=["sync", "asyncio"])
def test_a_second_signal_has_its_usual_effect(program, sqlite):
    with chatkeep.Chatkeep(sqlite.url) as chat:
        task_id = add(chat)
        worker = start(program, sqlite.url, "60")
        try:
            assert worker.stdout.readline() == f"running {task_id}\n"
            worker.send_signal(signal.SIGINT)
            time.sleep(0.5)
            assert worker.poll() is None
            worker.send_signal(signal.SIGINT)
            worker.communicate(timeout=60)
        finally:
            worker.kill()
        assert worker.returncode in (1, 130, -signal.SIGINT)
        assert get(chat, task_id)["status"] == "queued", "it is released"


def test_a_normal_exit_releases_unfinished_tasks(database):
    with chatkeep.Chatkeep(database.url) as chat:
        task_id = add(chat)
        worker = start(
            """
            import sys
            import chatkeep

            chat = chatkeep.Chatkeep(sys.argv[1])
            task = next(chat.task_manager.work(["k"], lease_seconds=3600))
            print("claimed", flush=True)
            """,
            database.url,
        )
        try:
            out, err = worker.communicate(timeout=60)
        finally:
            worker.kill()
        assert (worker.returncode, out, err) == (0, "claimed\n", "")
        assert (get(chat, task_id)["status"], get(chat, task_id)["attempts"]) == ("queued", 0)


def test_a_killed_worker_is_replaced(database):
    with chatkeep.Chatkeep(database.url) as chat:
        task_id = add(chat)
        worker = start(BLOCKING.replace("lease_seconds=60", "lease_seconds=2"), database.url, "60")
        try:
            assert worker.stdout.readline() == f"running {task_id}\n"
            # Longer than the lease, which is renewed.
            time.sleep(3)
            assert get(chat, task_id)["attempts"] == 1
            worker.kill()
            worker.communicate(timeout=60)
            with next(chat.task_manager.work(["k"])) as task:
                assert (task.id, task.attempts) == (task_id, 2)
        finally:
            worker.kill()


def test_a_forked_child_keeps_no_leases(sqlite):
    worker = start(
        """
        import os, sys, time
        import chatkeep

        chat = chatkeep.Chatkeep(sys.argv[1])
        chat.task_manager.enqueue_task("k", {})
        task = next(chat.task_manager.work(["k"], lease_seconds=2))
        child = os.fork()
        if child == 0:
            assert task.is_cancelled
            assert chat.task_manager.release_kept_tasks() == 0
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        time.sleep(3)
        assert not task.is_cancelled
        with task:
            pass
        chat.close()
        """,
        sqlite.url,
    )
    out, err = worker.communicate(timeout=60)
    assert (worker.returncode, out, err) == (0, "", "")


def test_an_import_and_an_open_store_start_no_threads(sqlite):
    worker = start(
        """
        import os, sys
        import chatkeep

        def threads():
            return sum(1 for _ in os.scandir("/proc/self/task"))

        assert threads() == 1
        chat = chatkeep.Chatkeep(sys.argv[1])
        chat.task_manager.work(["k"])
        assert threads() == 1
        chat.task_manager.enqueue_task("k", {})
        before = threads()
        task = next(chat.task_manager.work(["k"]))
        assert threads() > before
        task.complete()
        chat.close()
        """,
        sqlite.url,
    )
    out, err = worker.communicate(timeout=60)
    assert (worker.returncode, out, err) == (0, "", "")
