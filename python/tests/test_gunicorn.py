"""gunicorn with `--preload`: the workers are forks of a process that has logged already."""

import http.client
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import chatkeep
from web_servers import web_server

WORKERS = 8
SUPPORT = Path(__file__).parent / "support"


@contextmanager
def gunicorn(url, tmp_path):
    with web_server(
        "gunicorn",
        "logging_app:app",
        "--preload",
        "--worker-class=sync",
        f"--workers={WORKERS}",
        "--no-control-socket",
        f"--worker-tmp-dir={tmp_path}",
        option="--bind fd://{}",
        folder=SUPPORT,
        log=tmp_path / "gunicorn.log",
        DATABASE_URL=url,
        WORKERS=str(WORKERS),
    ) as server:
        yield server


def ask(server, path):
    """What the application answers; an error when it does not."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise http.client.HTTPException(f"{answer.status}: {body!r}")
        return json.loads(body)
    finally:
        connection.close()


def meet(server):
    """A request for every worker at the same time."""
    with ThreadPoolExecutor(WORKERS) as callers:
        return list(callers.map(ask, [server] * WORKERS, ["/meet"] * WORKERS))


class Callers:
    """Threads that ask again and again; what they were told is kept."""

    def __init__(self, server, number=4):
        self.told, self.refused, self.enough = [], 0, threading.Event()
        self._server = server
        self._threads = [threading.Thread(target=self._ask) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def _ask(self):
        while not self.enough.is_set():
            try:
                self.told.append(ask(self._server, "/again"))
            except (OSError, http.client.HTTPException):
                self.refused += 1

    def until(self, done):
        """Waits until what was told is what is waited for."""
        deadline = time.monotonic() + 60
        while not done(list(self.told)):
            assert time.monotonic() < deadline, "waited for too long"
            self.enough.wait(0.01)

    def stop(self):
        self.enough.set()
        for thread in self._threads:
            thread.join()
        return self.told


def connections(database):
    """How many there are to this database, by who serves it."""
    query = {
        "postgresql": "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    }.get(
        database.engine,
        "SELECT count(*) FROM information_schema.processlist "
        "WHERE db = database() AND id <> connection_id()",
    )
    with database.connection() as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def stored(database):
    with chatkeep.Chatkeep(database.url) as chat:
        return list(chat.message_logger.iter_messages())


def test_every_worker_logs_over_connections_of_its_own(database, tmp_path):
    with gunicorn(database.url, tmp_path) as server:
        answers = meet(server) + meet(server)
        workers = {answer["worker"] for answer in answers}
        assert len(workers) == WORKERS
        assert server.process.pid not in workers
        if database.engine != "sqlite":
            # The parent's, and one for each worker.
            assert connections(database) >= WORKERS + 1
        assert server.stop() == 0
        told = server.told()
    rows = stored(database)
    assert {row["id"] for row in rows if row["user_message"] == "/meet"} == {
        answer["id"] for answer in answers
    }
    assert [row["provider"] for row in rows if row["user_message"] == "import"] == [
        str(server.process.pid)
    ]
    assert len(rows) == 1 + 2 * WORKERS
    assert "Traceback" not in told


def test_nothing_acknowledged_is_lost_when_it_reloads_and_ends(database, tmp_path):
    with gunicorn(database.url, tmp_path) as server:
        before = {answer["worker"] for answer in meet(server)}
        callers = Callers(server)
        try:
            callers.until(lambda told: len(told) >= 20)
            os.kill(server.process.pid, signal.SIGHUP)
            # The new workers serve, and the old ones are gone.
            callers.until(lambda told: {answer["worker"] for answer in told} - before)
            callers.until(lambda _: not any(os.path.exists(f"/proc/{pid}") for pid in before))
            after = {answer["worker"] for answer in meet(server)}
            assert len(after) == WORKERS
            assert not after & before
            reloaded = len(callers.told)
            callers.until(lambda told: len(told) >= reloaded + 20)
            assert server.stop() == 0
        finally:
            answers = callers.stop()
        told = server.told()
    rows = {row["id"]: row["provider"] for row in stored(database)}
    # Each answer stands for one row, of the worker that gave it.
    assert len({answer["id"] for answer in answers}) == len(answers)
    for answer in answers:
        assert rows[answer["id"]] == str(answer["worker"])
    # What was stored and not answered for was on its way when the server ended.
    assert len(rows) - 1 - 2 * WORKERS - len(answers) <= callers.refused
    for trouble in ("Traceback", "SIGKILL", "WORKER TIMEOUT"):
        assert trouble not in told
