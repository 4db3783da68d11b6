"""Claude Agent SDK integration: session transcripts on every database of chatkeep.

``ChatkeepSessionStore`` stores the transcripts of sessions as items of conversations. Without an
argument, it uses the database that the environment variables name. The SDK is not a dependency of
chatkeep; ``pip install "chatkeep[claude-agent]"`` adds it.

Examples:
    >>> import asyncio
    >>> from chatkeep.claude_agent import ChatkeepSessionStore
    >>> key = {"project_key": "support", "session_id": "ada-1"}
    >>> async def main():
    ...     async with ChatkeepSessionStore("sqlite:///:memory:") as store:
    ...         # options = ClaudeAgentOptions(session_store=store)
    ...         await store.append(key, [{"type": "user", "uuid": "1"}])
    ...         return await store.load(key)
    >>> asyncio.run(main())
    [{'type': 'user', 'uuid': '1'}]
"""

from chatkeep.claude_agent._store import ChatkeepSessionStore

__all__ = ["ChatkeepSessionStore"]

# Users import the class from here, and tracebacks show this name.
ChatkeepSessionStore.__module__ = __name__
