"""Pytest plugin that makes LangGraph's tests of SqliteSaver and AsyncSqliteSaver use ChatkeepSaver.

`CHATKEEP_FRAMEWORKS_URL` names an empty database. Each saver finds it empty.
"""

import os
from contextlib import asynccontextmanager, contextmanager

import chatkeep
import uses_output
from chatkeep.langgraph import ChatkeepSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

CHAT = chatkeep.Chatkeep(os.environ["CHATKEEP_FRAMEWORKS_URL"])
made = 0


def saver():
    """Returns a saver on the database, without the threads of the previous test."""
    global made
    made += 1
    graphs = CHAT.graph_manager
    while threads := graphs.list_threads(limit=100):
        for thread in threads:
            graphs.delete_thread(thread["thread"])
    return ChatkeepSaver(CHAT)


@contextmanager
def blocking(conn_string):
    yield saver()


@asynccontextmanager
async def awaited(conn_string):
    yield saver()


def pytest_configure(config):
    SqliteSaver.from_conn_string = staticmethod(blocking)
    AsyncSqliteSaver.from_conn_string = staticmethod(awaited)


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(uses_output.line(made))


def pytest_unconfigure(config):
    CHAT.close()
