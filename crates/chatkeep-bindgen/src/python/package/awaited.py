"""The same operations as coroutines, for any event loop, including uvloop.

A call is submitted when its coroutine first runs, and then runs to completion. Cancelling it, for
example with a timeout, neither loses nor repeats a write. It only stops waiting for the result.

Examples:
    >>> import asyncio
    >>> from chatkeep.asyncio import Chatkeep
    >>> async def main():
    ...     async with Chatkeep("sqlite:///:memory:") as chat:
    ...         log = chat.message_logger
    ...         ids = await asyncio.gather(*(log.log_message(text) for text in "abc"))
    ...         return len(ids), await log.get_message_count()
    >>> asyncio.run(main())
    (3, 3)
"""

# imports

__all__ = []

# modules

_environment = Chatkeep.of(chatkeep.from_environment())
# managers
