"""The conformance suite of the Claude Agent SDK for session stores."""

import asyncio
import traceback

import chatkeep
from chatkeep.claude_agent import ChatkeepSessionStore
from claude_agent_sdk.testing import run_session_store_conformance

#: Contracts. The suite makes one store for each, and one before.
TESTS = 14


def empty(chat):
    """Deletes the sessions of the previous contract."""
    conversations = chat.conversation_manager
    while found := conversations.list_all_conversations()["conversations"]:
        for conversation in found:
            conversations.delete_conversation(conversation["public_id"])
    chat.memory_manager.delete_memories_under(["claude-agent"])


def run_conformance(url):
    """Runs the suite on a database. Returns the number of contracts that passed, and failures."""
    made = 0
    failures = []
    with chatkeep.Chatkeep(url) as chat:

        def make_store():
            nonlocal made
            made += 1
            empty(chat)
            return ChatkeepSessionStore(chat)

        try:
            asyncio.run(run_session_store_conformance(make_store))
        except Exception:
            failures.append(traceback.format_exc())
    return made - 1 - len(failures), failures
