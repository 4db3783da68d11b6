"""Fixtures: a database of the test's own, and a chatkeep on it."""

import chatkeep
import chatkeep.asyncio
import pytest
from databases import database as make_database
from databases import engines

ENGINES = engines()


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    """What the machine has set must not decide a test."""
    for name in ("DATABASE_URL", "DB_TYPE", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=ENGINES)
def database(request, tmp_path):
    """An empty database; the test runs once on each engine."""
    with make_database(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=ENGINES[1:])
def server(request, tmp_path):
    """An empty database on each server."""
    with make_database(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def sqlite(tmp_path):
    """An empty database on SQLite, for what does not depend on the engine."""
    with make_database("sqlite", tmp_path) as made:
        yield made


@pytest.fixture
def chat(database):
    """A store on an empty database; the test runs once on each engine."""
    with chatkeep.Chatkeep(database.url) as store:
        yield store


@pytest.fixture
def log(chat):
    """The message log of `chat`."""
    return chat.message_logger


@pytest.fixture
def memory():
    """A store in memory, for what does not depend on the engine."""
    with chatkeep.Chatkeep("sqlite:///:memory:") as store:
        yield store
