"""Pytest plugin that makes the tests of LangGraph's stores use ChatkeepStore.

They are those of InMemoryStore, SqliteStore, PostgresStore and the asynchronous forms of these.
`CHATKEEP_FRAMEWORKS_URL` names an empty database. Each store finds its memory empty.
"""

import os
import re
from contextlib import asynccontextmanager, contextmanager

import chatkeep
import langgraph.store.memory
import pytest
import uses_output
from chatkeep.langgraph import ChatkeepStore
from langgraph.store.sqlite import AsyncSqliteStore, SqliteStore

CHAT = chatkeep.Chatkeep(os.environ["CHATKEEP_FRAMEWORKS_URL"])
made = 0

#: Tests that are not run, by reasons.
NOT_RUN = {
    # Semantic search. Other tests with an index make no such search.
    "vector|embed|test_scores|test_search_sorting|test_non_ascii",
    # Functions and statements of the reference stores.
    "test_escape|match_pattern|indexable_condition|migrations|single_pool_checkout",
    # They change rows of the reference stores by SQL. The tests of chatkeep have the same cases.
    "omit_expired",
    # Blocking calls in an event loop are allowed, as of SqliteStore.
    "test_no_running_loop",
    # Keys of filters have no syntax: one with a quote or a dot is compared as it is.
    "test_sql_injection_vulnerability|test_filter_keys_with_hyphens_and_digits",
    # Reads extend items by default, as TTLConfig documents it. SqliteStore does not extend them.
    "test_ttl_override_default",
}
SKIPPED = re.compile("|".join(sorted(NOT_RUN)))


class AwaitedStore(ChatkeepStore):
    """A store whose methods for expired items are awaited, as those of the asynchronous stores."""

    async def sweep_ttl(self):
        return await self.asweep_ttl()

    async def start_ttl_sweeper(self, *arguments):
        super().start_ttl_sweeper(*arguments)

    async def stop_ttl_sweeper(self, *arguments):
        return super().stop_ttl_sweeper(*arguments)


class MemoryStore(ChatkeepStore):
    """A store that is made as InMemoryStore is."""

    def __init__(self, *, index=None):
        empty()
        super().__init__(CHAT)


def empty():
    """Deletes the items of the previous test."""
    global made
    made += 1
    memory = CHAT.memory_manager
    memory.delete_expired_memories()
    while roots := memory.list_memory_namespaces(max_depth=1):
        for root in roots:
            memory.delete_memories_under(root)


def store(form=ChatkeepStore, ttl=None):
    """Returns a store on the database, without items."""
    empty()
    return form(CHAT, ttl=ttl)


@contextmanager
def blocking(conn_string, *, index=None, ttl=None):
    yield store(ttl=ttl)


@asynccontextmanager
async def awaited(conn_string, *, index=None, ttl=None):
    yield store(AwaitedStore, ttl=ttl)


@pytest.fixture(scope="module")
def anyio_backend():
    """Runs coroutines by asyncio, as the tests expect."""
    return "asyncio"


def pytest_configure(config):
    langgraph.store.memory.InMemoryStore = MemoryStore
    SqliteStore.from_conn_string = staticmethod(blocking)
    AsyncSqliteStore.from_conn_string = staticmethod(awaited)


def pytest_collection_modifyitems(config, items):
    """Removes tests that are not run, and further variants of the `store`, which are the same."""
    variants = ("memory", "default", None)
    removed = []
    for item in items[:]:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if SKIPPED.search(item.originalname) or parameters.get("store") not in variants:
            items.remove(item)
            removed.append(item)
    config.hook.pytest_deselected(items=removed)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef, request):
    """Replaces the fixtures of the tests of PostgresStore, which connect to its server."""
    if fixturedef.argname in ("conn", "clear_test_db"):
        value = True
    elif fixturedef.argname == "store" and hasattr(request.module, "TTL_MINUTES"):
        form = AwaitedStore if "async" in request.module.__name__ else ChatkeepStore
        ttl = {"default_ttl": request.module.TTL_MINUTES, "refresh_on_read": True}
        value = store(form, ttl=ttl)
    else:
        return None
    fixturedef.cached_result = (value, fixturedef.cache_key(request), None)
    return value


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(uses_output.line(made))


def pytest_unconfigure(config):
    CHAT.close()
