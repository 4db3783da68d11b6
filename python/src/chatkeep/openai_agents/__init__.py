"""OpenAI Agents SDK integration: sessions on every database of chatkeep.

``ChatkeepSession`` stores the history of a session as the items of a conversation. Without a
database, it uses the one that the environment variables name. The SDK is not a dependency of
chatkeep; ``pip install "chatkeep[openai-agents]"`` adds it.

Examples:
    >>> import asyncio
    >>> from chatkeep.openai_agents import ChatkeepSession
    >>> async def main():
    ...     async with ChatkeepSession("ada-1", "sqlite:///:memory:") as session:
    ...         # await Runner.run(agent, "Hello", session=session)
    ...         await session.add_items([{"role": "user", "content": "Hello"}])
    ...         return await session.get_items()
    >>> [item["content"] for item in asyncio.run(main())]
    ['Hello']
"""

from chatkeep.openai_agents._session import ChatkeepSession

__all__ = ["ChatkeepSession"]

# Users import the class from here, and tracebacks show this name.
ChatkeepSession.__module__ = __name__
