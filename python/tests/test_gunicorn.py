"""gunicorn with `--preload`: the workers are forks of a process that has already logged."""

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
    """Returns the response of the application; raises if it fails."""
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
    """Sends a concurrent request to every worker."""
    with ThreadPoolExecutor(WORKERS) as callers:
        return list(callers.map(ask, [server] * WORKERS, ["/meet"] * WORKERS))


class Callers:
    """Threads that send requests in a loop and record the responses."""

    def __init__(self, server, number=4):
        self.responses, self.failed, self.stopping = [], 0, threading.Event()
        self._server = server
        self._threads = [threading.Thread(target=self._ask) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def _ask(self):
        while not self.stopping.is_set():
            try:
                self.responses.append(ask(self._server, "/again"))
            except (OSError, http.client.HTTPException):
                self.failed += 1

    def until(self, done):
        """Waits until `done` returns true for the responses."""
        deadline = time.monotonic() + 60
        while not done(list(self.responses)):
            assert time.monotonic() < deadline, "timed out"
            self.stopping.wait(0.01)

    def stop(self):
        self.stopping.set()
        for thread in self._threads:
            thread.join()
        return self.responses


def connections(database):
    """Returns the number of connections to this database, as reported by the server."""
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


def test_every_worker_logs_over_its_own_connections(database, tmp_path):
    with gunicorn(database.url, tmp_path) as server:
        answers = meet(server) + meet(server)
        workers = {answer["worker"] for answer in answers}
        assert len(workers) == WORKERS
        assert server.process.pid not in workers
        if database.engine != "sqlite":
            # One of the parent, and one per worker.
            assert connections(database) >= WORKERS + 1
        assert server.stop() == 0
        log = server.log_text()
    rows = stored(database)
    assert {row["id"] for row in rows if row["user_message"] == "/meet"} == {
        answer["id"] for answer in answers
    }
    assert [row["provider"] for row in rows if row["user_message"] == "import"] == [
        str(server.process.pid)
    ]
    assert len(rows) == 1 + 2 * WORKERS
    assert "Traceback" not in log


def test_reload_and_shutdown_lose_no_acknowledged_message(database, tmp_path):
    with gunicorn(database.url, tmp_path) as server:
        before = {answer["worker"] for answer in meet(server)}
        callers = Callers(server)
        try:
            callers.until(lambda responses: len(responses) >= 20)
            os.kill(server.process.pid, signal.SIGHUP)
            # New workers respond, and the old ones have exited.
            callers.until(lambda responses: {answer["worker"] for answer in responses} - before)
            callers.until(lambda _: not any(os.path.exists(f"/proc/{pid}") for pid in before))
            after = {answer["worker"] for answer in meet(server)}
            assert len(after) == WORKERS
            assert not after & before
            reloaded = len(callers.responses)
            callers.until(lambda responses: len(responses) >= reloaded + 20)
            assert server.stop() == 0
        finally:
            answers = callers.stop()
        log = server.log_text()
    rows = {row["id"]: row["provider"] for row in stored(database)}
    # Each response has one row, written by the worker that responded.
    assert len({answer["id"] for answer in answers}) == len(answers)
    for answer in answers:
        assert rows[answer["id"]] == str(answer["worker"])
    # Rows without a response belong to requests that failed when the server stopped.
    assert len(rows) - 1 - 2 * WORKERS - len(answers) <= callers.failed
    for trouble in ("Traceback", "SIGKILL", "WORKER TIMEOUT"):
        assert trouble not in log
