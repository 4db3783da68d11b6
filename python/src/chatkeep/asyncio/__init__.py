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

import chatkeep
from chatkeep._generated.awaited.database import DatabaseManager
from chatkeep._generated.awaited.messages import MessageLogger
from chatkeep._generated.awaited.store import Chatkeep
from chatkeep._generated.awaited.tokens import TokenManager

__all__ = [
    "Chatkeep",
    "DatabaseManager",
    "MessageLogger",
    "TokenManager",
    "db_manager",
    "message_logger",
    "token_manager",
]

for _class in (Chatkeep, DatabaseManager, MessageLogger, TokenManager):
    # Users import the classes from here, and tracebacks show this name.
    _class.__module__ = __name__
del _class

_environment = Chatkeep.of(chatkeep.from_environment())
#: Message log of the database that the environment variables name, as ``chatkeep.message_logger``.
message_logger = _environment.message_logger
#: API tokens of the database that the environment variables name.
token_manager = _environment.token_manager
#: Database that the environment variables name.
db_manager = _environment.db_manager
