"""Pytest plugin that makes the OpenAI Agents SDK's tests of sessions use ChatkeepSession.

They are those of SQLiteSession and AsyncSQLiteSession, also below EncryptedSession and
OpenAIResponsesCompactionSession, and those of the runner with a session. `CHATKEEP_FRAMEWORKS_URL`
names an empty database. Sessions of different files are different, as in the SDK.
"""

import inspect
import itertools
import os
import re

import agents
import agents.extensions.memory
import agents.memory
import chatkeep
import pytest
import uses_output
from chatkeep.openai_agents import ChatkeepSession

CHAT = chatkeep.Chatkeep(os.environ["CHATKEEP_FRAMEWORKS_URL"])
made = 0
files = itertools.count()

#: Tests that are not run, by reasons.
NOT_RUN = {
    # Connections, locks, statements and transactions of SQLite. Chatkeep's tests of databases have
    # the same cases.
    "connection|file_lock|failed_(add|clear|pop)|settled_(pop|clear)_failure|rollback_failure",
    "cancelled_add_items|post_commit_cancellation|initializ|wal_|same_timestamp",
    "failure_then_cancellation|quarantine|cancelled_compaction_commits",
    # They write rows that are not JSON. Chatkeep's database rejects such rows.
    "corrupt",
    # A session of chatkeep does not own the shared database, so it has nothing to close.
    "test_(async_)?sqlite_session_close|test_cancelled_close",
    # Atomic replacement of the last items, by a private method of the SDK's own sessions. Without
    # it, the SDK compacts complete histories only.
    "backend_read_limit|unbounded_hidden_history|expired_read_overhead",
    r"rollback_budget\[.*True\]|compaction_skips_unencrypted",
    # Verification before an item is removed, by a private method of SQLiteSession.
    "pop_wrong_key|pop_rechecks|pop_authentication|pop_cancellation_waits",
    # Sessions of SQLAlchemy and Redis.
    "pop_preserves_sqlalchemy|redis_negative_limit",
}
SKIPPED = re.compile("|".join(sorted(NOT_RUN)))


class Session(ChatkeepSession):
    """A session that is made as SQLiteSession is. The name of its file is a part of its id."""

    def __init__(
        self,
        session_id,
        db_path=":memory:",
        sessions_table="agent_sessions",
        messages_table="agent_messages",
        session_settings=None,
    ):
        global made
        made += 1
        file = next(files) if str(db_path) == ":memory:" else db_path
        stored_id = f"{file} {sessions_table} {messages_table} {session_id}"
        super().__init__(stored_id, CHAT, session_settings=session_settings)
        self.session_id = session_id


class AwaitedSession(Session):
    """A session that is closed as AsyncSQLiteSession is."""

    async def close(self):
        pass


@pytest.fixture
def anyio_backend():
    """Runs coroutines by asyncio, as the tests expect."""
    return "asyncio"


def pytest_configure(config):
    config.addinivalue_line("markers", "asyncio: tests that anyio's plugin runs here")
    agents.SQLiteSession = Session
    agents.memory.SQLiteSession = Session
    agents.extensions.memory.AsyncSQLiteSession = AwaitedSession


def pytest_collection_modifyitems(config, items):
    """Removes tests that are not run, and tests of the runner without such a session."""
    removed = []
    for item in items[:]:
        is_used = item.path.parent.name == "memory" or "SQLiteSession" in inspect.getsource(
            item.function
        )
        if SKIPPED.search(item.name) or not is_used:
            items.remove(item)
            removed.append(item)
    config.hook.pytest_deselected(items=removed)


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(uses_output.line(made))


def pytest_unconfigure(config):
    CHAT.close()
