"""Memory use stays constant over many calls, including failing ones."""

import asyncio
import gc
import os

import chatkeep
import pytest
from chatkeep.asyncio import Chatkeep

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is measured on Linux")
def test_memory_use_is_constant(sqlite):
    with chatkeep.Chatkeep(sqlite.url) as chat:
        log, tokens = chat.message_logger, chat.token_manager
        again = Chatkeep.of(chat).message_logger
        token = tokens.create_token()["token"]
        log.log_messages(
            {"message": "x" * 1_000, "metadata": {"n": number}} for number in range(50)
        )

        async def awaited():
            await asyncio.gather(
                *(again.get_message_count() for _ in range(20)), return_exceptions=True
            )
            await asyncio.gather(
                *(again.log_message("\0") for _ in range(20)), return_exceptions=True
            )

        def some(rounds):
            for _ in range(rounds):
                log.get_messages(limit=50)
                assert tokens.verify_token(token)
                tokens.check_token("unknown")
                for wrong in ("a\0", b"a", "a\ud800"):
                    with pytest.raises(chatkeep.InvalidInputError):
                        log.log_message(wrong, metadata={"a": [1, 2, {"b": "c" * 100}]})
                asyncio.run(awaited())

        some(100)
        before = resident()
        some(300)
        # A leak of 1 kB per call would be about 15 MB.
        assert resident() - before < 6_000_000
