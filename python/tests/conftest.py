"""Fixtures: a database per test, and a store on it."""

import chatkeep
import chatkeep.asyncio
import pytest
from databases import database as make_database
from databases import engines

ENGINES = engines()


def pytest_report_header():
    """Names the engines under test in the first lines of the output."""
    return f"engines: {', '.join(ENGINES)}"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    """Removes settings of the machine from the environment."""
    for name in ("DATABASE_URL", "DB_TYPE", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=ENGINES)
def database(request, tmp_path):
    """An empty database; the test runs once per engine."""
    with make_database(request.param, tmp_path) as created:
        yield created


@pytest.fixture(params=ENGINES[1:])
def server(request, tmp_path):
    """An empty database; the test runs once per server engine."""
    with make_database(request.param, tmp_path) as created:
        yield created


@pytest.fixture
def sqlite(tmp_path):
    """An empty SQLite database, for tests that do not depend on the engine."""
    with make_database("sqlite", tmp_path) as created:
        yield created


@pytest.fixture
def chat(database):
    """A store on an empty database; the test runs once per engine."""
    with chatkeep.Chatkeep(database.url) as store:
        yield store


@pytest.fixture
def log(chat):
    """The message logger of `chat`."""
    return chat.message_logger


@pytest.fixture
def memory():
    """A store in memory, for tests that do not depend on the engine."""
    with chatkeep.Chatkeep("sqlite:///:memory:") as store:
        yield store


# Only the tests of LangGraph import it: it takes a quarter of a second.
@pytest.fixture
def saver(chat):
    """A LangGraph saver on `chat`."""
    from chatkeep.langgraph import ChatkeepSaver

    return ChatkeepSaver(chat)


@pytest.fixture
def store(chat):
    """A LangGraph store on `chat`."""
    from chatkeep.langgraph import ChatkeepStore

    return ChatkeepStore(chat)


@pytest.fixture
def local(memory):
    """A LangGraph store in memory, for tests that do not depend on the engine."""
    from chatkeep.langgraph import ChatkeepStore

    return ChatkeepStore(memory)
