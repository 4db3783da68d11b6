"""Pydantic AI integration: message histories on every database of chatkeep.

``ChatkeepConversationStore`` loads, appends and replaces the messages of a conversation. Without an
argument, it uses the database that the environment variables name. Pydantic AI is not a dependency
of chatkeep; ``pip install "chatkeep[pydantic-ai]"`` adds it.

Examples:
    >>> import asyncio
    >>> from chatkeep.pydantic_ai import ChatkeepConversationStore
    >>> from pydantic_ai import Agent
    >>> from pydantic_ai.models.test import TestModel
    >>> agent = Agent(TestModel(custom_output_text="Hi"))
    >>> async def main():
    ...     async with ChatkeepConversationStore("sqlite:///:memory:") as conversations:
    ...         history = await conversations.aload("ada-1")
    ...         result = await agent.run("Hello", message_history=history)
    ...         await conversations.aappend("ada-1", result.new_messages())
    ...         return await conversations.aload("ada-1")
    >>> [message.kind for message in asyncio.run(main())]
    ['request', 'response']
"""

from chatkeep.pydantic_ai._store import ChatkeepConversationStore

__all__ = ["ChatkeepConversationStore"]

# Users import the class from here, and tracebacks show this name.
ChatkeepConversationStore.__module__ = __name__
