"""examples/worker: each message is stored once, across outages, unknown outcomes and kills."""

import asyncio
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path

import chatkeep
import chatkeep.asyncio
import pytest
from programs import environment
from relay import Relay
from waiting import wait_until

EXAMPLE = Path(__file__).parents[2] / "examples/worker"


@pytest.fixture
def modules(monkeypatch):
    """The modules `spool` and `worker` of the example."""

    def load(name):
        source = importlib.util.spec_from_file_location(name, EXAMPLE / f"{name}.py")
        module = importlib.util.module_from_spec(source)
        monkeypatch.setitem(sys.modules, name, module)
        source.loader.exec_module(module)
        return module

    return load("spool"), load("worker")


@pytest.fixture
def spool(modules, tmp_path):
    return modules[0].Spool(str(tmp_path / "spool"))


@contextmanager
def running(url, tmp_path, **variables):
    """Runs the worker on the folder `spool`, with short timeouts."""
    settings = {"DB_QUERY_TIMEOUT": "1", "DB_POOL_TIMEOUT": "2", "DB_CONNECT_TIMEOUT": "2"}
    path = tmp_path / "worker.log"
    # Without PYTHONSAFEPATH, as a user runs it: the script's folder is on the module path.
    started = environment(
        **settings | {"DATABASE_URL": url, "SPOOL": str(tmp_path / "spool")} | variables
    )
    started.pop("PYTHONSAFEPATH", None)
    with path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, EXAMPLE / "worker.py"], env=started, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        print(path.read_text(encoding="utf-8"))


def stop(process):
    process.terminate()
    return process.wait(60)


def queued(tmp_path):
    return os.listdir(tmp_path / "spool/new")


def stored_entries(url):
    """Returns how often each entry is stored."""
    with chatkeep.Chatkeep(url) as chat:
        return Counter(
            message["metadata"]["queue_entry"] for message in chat.message_logger.iter_messages()
        )


def test_worker_stores_queued_messages_with_their_timestamps(database, spool, tmp_path):
    names = [spool.put({"message": f"héllo {n}", "metadata": {"n": n}}) for n in range(300)]
    with running(database.url, tmp_path) as worker:
        wait_until(lambda: not queued(tmp_path))
        late = spool.put({"message": "late", "response": "hi", "tokens_used": 7})
        wait_until(lambda: not queued(tmp_path))
        assert stop(worker) == 0
    with chatkeep.Chatkeep(database.url) as chat:
        rows = list(chat.message_logger.iter_messages(oldest_first=True))
    assert [row["metadata"]["queue_entry"] for row in rows] == [*names, late]
    assert rows[7]["metadata"] == {"n": 7, "queue_entry": names[7]}
    assert (rows[-1]["bot_response"], rows[-1]["tokens_used"]) == ("hi", 7)
    assert not (tmp_path / "spool/in-use").exists()


def test_invalid_entries_are_moved_to_the_folder_failed(sqlite, spool, tmp_path):
    bad = [
        spool.put(content)
        for content in (
            {"message": "a\0"},
            {"message": 7},
            {"message": "a", "tokens_used": -1},
            {"message": "a", "colour": "red"},
            {"message": "a", "metadata": [1]},
            {"message": "a", "timestamp": "soon"},
            {"message": "a", "timestamp": None},
            {"response": "a"},
        )
    ]
    for name, content in (
        ("0-cut", '{"message": "secret'),
        ("1-list", "[]"),
        ("2-deep", "[" * 10**5),
    ):
        (tmp_path / "spool/new" / name).write_text(content)
        bad.append(name)
    good = spool.put({"message": "good"})
    with running(sqlite.url, tmp_path) as worker:
        wait_until(lambda: not queued(tmp_path))
        assert stop(worker) == 0
    assert sorted(os.listdir(tmp_path / "spool/failed")) == sorted(bad)
    assert stored_entries(sqlite.url) == {good: 1}
    log = (tmp_path / "worker.log").read_text()
    assert all(name in log for name in bad)
    assert "secret" not in log


def test_messages_of_an_outage_are_stored_once(server, spool, tmp_path):
    names, finished = [], threading.Event()

    def produce():
        while not finished.is_set():
            names.append(spool.put({"message": f"message {len(names)}"}))

    with closing(Relay(server.url)) as relay, running(relay.url, tmp_path) as worker:
        producer = threading.Thread(target=produce)
        producer.start()
        try:
            wait_until(lambda: stored_entries(server.url))
            for _ in range(3):
                before = len(names)
                while len(names) < before + 50:
                    time.sleep(0.02)
                relay.cut()
                time.sleep(0.3)
                relay.restore()
        finally:
            finished.set()
            producer.join()
        wait_until(lambda: not queued(tmp_path))
        assert stop(worker) == 0
    assert stored_entries(server.url) == dict.fromkeys(names, 1)
    log = (tmp_path / "worker.log").read_text()
    assert "messages stay queued" in log or "outcome unknown" in log
    assert f":{server.url.split('@')[0].rsplit(':')[-1]}@" not in log


def test_killed_workers_store_each_message_once(database, spool, tmp_path):
    with chatkeep.Chatkeep(database.url) as chat:
        count = chat.message_logger.get_message_count
        names = [spool.put({"message": f"message {n}"}) for n in range(600)]
        for kill in range(3):
            with running(database.url, tmp_path) as worker:
                wait_until(lambda least=kill * 100 + 1: count() >= least)
                worker.kill()
                worker.wait()
        assert (tmp_path / "spool/in-use").exists()
    with running(database.url, tmp_path) as worker:
        wait_until(lambda: not queued(tmp_path))
        assert stop(worker) == 0
    assert stored_entries(database.url) == dict.fromkeys(names, 1)


def test_worker_stops_during_an_outage_and_keeps_its_entries(server, spool, tmp_path):
    with closing(Relay(server.url)) as relay, running(relay.url, tmp_path) as worker:
        first = spool.put({"message": "first"})
        wait_until(lambda: not queued(tmp_path))
        relay.cut()
        names = [spool.put({"message": f"message {n}"}) for n in range(20)]
        wait_until(lambda: "messages stay queued" in (tmp_path / "worker.log").read_text())
        assert stop(worker) == 0
        assert sorted(queued(tmp_path)) == names
    with running(server.url, tmp_path) as worker:
        wait_until(lambda: not queued(tmp_path))
        assert stop(worker) == 0
    assert stored_entries(server.url) == dict.fromkeys([first, *names], 1)


def test_errors_that_no_retry_solves_end_the_worker_and_keep_the_entries(sqlite, spool, tmp_path):
    with chatkeep.Chatkeep(sqlite.url) as chat:
        chat.message_logger.log_message("before", metadata={"queue_entry": "before"})
    name = spool.put({"message": "a"})
    with running(f"{sqlite.url}?mode=ro", tmp_path) as worker:
        assert worker.wait(60) == 1
    assert "stopped: " in (tmp_path / "worker.log").read_text()
    assert queued(tmp_path) == [name]
    with running(sqlite.url, tmp_path) as worker:
        wait_until(lambda: not queued(tmp_path))
        assert stop(worker) == 0
    assert stored_entries(sqlite.url) == {"before": 1, name: 1}


def test_a_second_worker_on_the_same_spool_is_rejected(sqlite, spool, tmp_path):
    with running(sqlite.url, tmp_path) as first:
        wait_until(lambda: "waiting for messages" in (tmp_path / "worker.log").read_text())
        with running(sqlite.url, tmp_path) as second:
            assert second.wait(60) == 1
        spool.put({"message": "a"})
        wait_until(lambda: not queued(tmp_path))
        assert stop(first) == 0
    assert "another worker has the spool" in (tmp_path / "worker.log").read_text()


class LossyLog:
    """A message log that loses the connection at each message's first attempt."""

    def __init__(self, log, stores):
        self._log, self._stores, self.attempts = log, stores, Counter()
        self.get_messages = log.get_messages

    async def log_message(self, message, **rest):
        self.attempts[message] += 1
        if self.attempts[message] == 1:
            if self._stores:
                await self._log.log_message(message, **rest)
            raise chatkeep.OutcomeUnknownError("the connection was lost")
        return await self._log.log_message(message, **rest)


@pytest.mark.parametrize("stores", [True, False])
def test_messages_of_an_unknown_outcome_are_looked_up(
    modules, spool, database, stores, monkeypatch
):
    receiver_module, module = modules
    monkeypatch.setattr(module, "STATEMENT_TIMEOUT", 0.1)
    names = [spool.put({"message": f"message {n}"}) for n in range(20)]

    async def work():
        async with chatkeep.asyncio.Chatkeep(database.url) as chat:
            log = LossyLog(chat.message_logger, stores)
            queue = receiver_module.Receiver(spool)
            worker = module.Worker(queue, log)
            running = asyncio.create_task(worker.run())
            while os.listdir(queue._new):
                await asyncio.sleep(0.02)
            worker.stop()
            await running
            queue.close()
            return set(log.attempts.values())

    assert asyncio.run(work()) == ({1} if stores else {2})
    assert stored_entries(database.url) == dict.fromkeys(names, 1)


def test_commands_of_the_worker_readme_work(tmp_path):
    folder = tmp_path / "worker"
    shutil.copytree(EXAMPLE, folder)
    page = (folder / "README.md").read_text(encoding="utf-8")
    install, start, use = re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S)
    assert "pip install -r requirements.txt" in install
    put, list_messages = use.splitlines()
    assert start.endswith("\npython worker.py\n")
    for name, arguments in (("python", ""), ("chatkeep", "-m chatkeep")):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        program.chmod(0o755)
    script = f"""
        {start.rstrip()} & worker=$!
        {put} >entry
        until [ -z "$(ls spool/new)" ]; do sleep 0.1; done
        {list_messages}
        kill -TERM "$worker"
        wait "$worker"
    """
    variables = environment(PATH=f"{tmp_path}:{os.environ['PATH']}")
    variables.pop("PYTHONSAFEPATH", None)
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        capture_output=True,
        text=True,
        env=variables,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "What is WAL?" in done.stdout
    entry = (folder / "entry").read_text().strip()
    assert stored_entries(f"sqlite:///{folder}/chat.db") == {entry: 1}


def test_worker_requirements_pin_the_version_of_chatkeep():
    version = re.search(r'^version = "(.+)"', (EXAMPLE.parents[1] / "Cargo.toml").read_text(), re.M)
    assert (EXAMPLE / "requirements.txt").read_text() == f"chatkeep=={version[1]}\n"
