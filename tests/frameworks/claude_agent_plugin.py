"""Pytest plugin that makes the Claude Agent SDK's tests use ChatkeepSessionStore.

They are those of InMemorySessionStore. `CHATKEEP_FRAMEWORKS_URL` names an empty database. Each store
has its own projects.
"""

import os
import re

import chatkeep
import claude_agent_sdk
import claude_agent_sdk._internal.session_store
import pytest
import uses_output
from chatkeep._item_lists import items_after, values_of
from chatkeep._steps import run
from chatkeep.claude_agent import ChatkeepSessionStore
from chatkeep.claude_agent._transcript import Transcript, entries_of, sessions_of

CHAT = chatkeep.Chatkeep(os.environ["CHATKEEP_FRAMEWORKS_URL"])
made = 0

#: Tests that are not run, by reasons.
NOT_RUN = {
    # They need another event loop than asyncio's.
    r"\[trio",
    # They expect a store that answers within a number of turns of the event loop.
    "concurrency_is_bounded|bounded_concurrency|eager_flush_mode_appends|cancelled_after_mkdtemp",
    # They use the fields of InMemorySessionStore.
    "continue_picks_most_recent|continue_skips_sidechain|continue_tie_break|clear_helper",
}
SKIPPED = re.compile("|".join(sorted(NOT_RUN)))


class Store(ChatkeepSessionStore):
    """A store that is made as InMemorySessionStore is, and has its helpers for tests."""

    def __init__(self):
        global made
        made += 1
        self._number = made
        self._projects = set()
        super().__init__(CHAT)

    def _own(self, key):
        if isinstance(key, str):
            self._projects.add(key)
            return f"{self._number} {key}"
        return {**key, "project_key": self._own(key["project_key"])}

    async def append(self, key, entries):
        await super().append(self._own(key), entries)

    async def load(self, key):
        return await super().load(self._own(key))

    async def list_sessions(self, project_key):
        return await super().list_sessions(self._own(project_key))

    async def list_session_summaries(self, project_key):
        return await super().list_session_summaries(self._own(project_key))

    async def delete(self, key):
        await super().delete(self._own(key))

    async def list_subkeys(self, key):
        return await super().list_subkeys(self._own(key))

    def get_entries(self, key):
        conversation = Transcript.of(self._own(key), "get_entries").conversation
        return values_of(run(CHAT, items_after(conversation)))

    @property
    def size(self):
        lists = [sessions_of(self._own(project)) for project in list(self._projects)]
        return sum(len(run(CHAT, entries_of(namespace))) for namespace in lists)


@pytest.fixture
def anyio_backend():
    """Runs coroutines by asyncio, as the tests expect."""
    return "asyncio"


def pytest_configure(config):
    claude_agent_sdk.InMemorySessionStore = Store
    claude_agent_sdk._internal.session_store.InMemorySessionStore = Store


def pytest_collection_modifyitems(config, items):
    """Removes tests that are not run."""
    removed = [item for item in items if SKIPPED.search(item.name)]
    items[:] = [item for item in items if item not in removed]
    config.hook.pytest_deselected(items=removed)


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(uses_output.line(made))


def pytest_unconfigure(config):
    CHAT.close()
