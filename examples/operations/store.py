"""Examples of the operations on a store. The docstrings and the reference include them."""

import asyncio

from chatkeep import Chatkeep
from chatkeep.asyncio import Chatkeep as AsyncChatkeep


def store() -> None:
    with Chatkeep("sqlite:///:memory:") as chat:
        message_id = chat.message_logger.log_message("Explain WAL.", "Write-ahead logging.")
        chat.message_logger.search_messages("wal")[0]["id"] == message_id
    # -> True


def async_store() -> None:
    async def main() -> int:
        async with AsyncChatkeep("sqlite:///:memory:") as chat:
            log = chat.message_logger
            await asyncio.gather(*(log.log_message(text) for text in "abc"))
            return await log.get_message_count()

    asyncio.run(main())
    # -> 3
