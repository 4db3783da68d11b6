"""Examples of the operations on messages. The docstrings and the reference include them."""

import asyncio

from chatkeep import Chatkeep
from chatkeep.asyncio import Chatkeep as AsyncChatkeep


def messages() -> None:
    log = Chatkeep("sqlite:///:memory:").message_logger
    log.log_message("Explain WAL.", "Write-ahead logging.", provider="openai")
    # -> 1
    [message["user_message"] for message in log.get_messages(provider="openai")]
    # -> ['Explain WAL.']


def log_message() -> None:
    log = Chatkeep("sqlite:///:memory:").message_logger
    noon = "2024-02-29T12:00:00+01:00"
    log.log_message("hello", "hi", metadata={"session": "a1"}, timestamp=noon)
    # -> 1
    log.get_messages()[0]["timestamp"]
    # -> '2024-02-29T11:00:00.000000+00:00'


def log_messages() -> None:
    log = Chatkeep("sqlite:///:memory:").message_logger
    log.log_messages([{"message": "a"}, {"message": "b", "response": "c"}])
    # -> [1, 2]


def get_messages() -> None:
    log = Chatkeep("sqlite:///:memory:").message_logger
    log.log_messages([{"message": text} for text in "abc"])
    # -> [1, 2, 3]
    first = log.get_messages(limit=2)
    [message["user_message"] for message in first]
    # -> ['c', 'b']
    [message["user_message"] for message in log.get_messages(limit=2, cursor=first[-1])]
    # -> ['a']


def get_message_count() -> None:
    log = Chatkeep("sqlite:///:memory:").message_logger
    log.log_message("hello", provider="openai", metadata={"session": "a1"})
    # -> 1
    log.get_message_count(metadata={"session": "a1"})
    # -> 1
    log.get_message_count("anthropic")
    # -> 0


def iter_messages() -> None:
    log = Chatkeep("sqlite:///:memory:").message_logger
    log.log_messages([{"message": text} for text in "abc"])
    # -> [1, 2, 3]
    [message["user_message"] for message in log.iter_messages(oldest_first=True)]
    # -> ['a', 'b', 'c']


def async_iter_messages() -> None:
    async def texts() -> list[str]:
        async with AsyncChatkeep("sqlite:///:memory:") as chat:
            await chat.message_logger.log_messages([{"message": "a"}, {"message": "b"}])
            messages = chat.message_logger.iter_messages(oldest_first=True)
            return [message["user_message"] async for message in messages]

    asyncio.run(texts())
    # -> ['a', 'b']


def search_messages() -> None:
    log = Chatkeep("sqlite:///:memory:").message_logger
    log.log_message("How large is a WAL file?", "It depends.")
    # -> 1
    [message["id"] for message in log.search_messages("wal FILE")]
    # -> [1]


def get_analytics() -> None:
    log = Chatkeep("sqlite:///:memory:").message_logger
    log.log_message("hello", provider="openai", tokens_used=12)
    # -> 1
    totals = log.get_analytics()
    totals["total_messages"], totals["total_tokens"], totals["providers"]
    # -> (1, 12, {'openai': 1})


def delete_old_messages() -> None:
    log = Chatkeep("sqlite:///:memory:").message_logger
    log.log_message("old", timestamp="2000-01-01")
    # -> 1
    log.delete_old_messages(days=365)
    # -> 1


def export_for_fine_tuning() -> None:
    log = Chatkeep("sqlite:///:memory:").message_logger
    log.log_message("q", "a")
    # -> 1
    log.export_for_fine_tuning("alpaca")
    # -> '{"input":"","instruction":"q","output":"a"}\n'
