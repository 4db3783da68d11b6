"""Answers of a fake model. One task writes each answer as a stream, and any process reads it."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chatkeep import Error
from chatkeep.asyncio import conversation_manager, stream_manager
from chatkeep.types import StreamStatus

log = logging.getLogger("uvicorn.error")
#: The tasks that write answers. An event loop keeps only weak references.
tasks: set[asyncio.Task[None]] = set()


async def words(question: str) -> AsyncIterator[str]:
    """Placeholder for the model: yields one word after another."""
    for word in f"You asked: {question} I repeat it, because I am only an example.".split():
        await asyncio.sleep(0.03)
        yield f"{word} "


async def start(conversation_id: str, question: str) -> str:
    """Stores a question and starts to answer it. Returns the id of its turn and of its stream."""
    turn_id = await conversation_manager.begin_turn(
        conversation_id,
        question,
        provider="fake",
        model="words-1",
        # Longer than any answer: text does not extend it.
        lease_seconds=3600,
    )
    await stream_manager.create_stream(
        turn_id=turn_id, provider="fake", model="words-1", public_id=turn_id
    )
    task = asyncio.create_task(answer(turn_id, question))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return turn_id


async def answer(turn_id: str, question: str) -> None:
    """Writes the answer to a question, until it is complete or cancelled."""
    status: StreamStatus = "completed"
    try:
        async for word in words(question):
            if await stream_manager.append(turn_id, word):
                status = "cancelled"
                break
        # It also finishes the turn: the text becomes the message of the conversation.
        await stream_manager.finish_stream(turn_id, status)
    except Error as error:
        # After their leases, `maintain` ends the turn and the stream as interrupted.
        log.warning("an answer was not stored: %s", error)


async def events(stream_id: str, after: int) -> AsyncIterator[str]:
    """Yields an answer as server-sent events, from the chunk after the number ``after``."""
    while read := await stream_manager.read(stream_id, after, wait_seconds=15):
        for chunk in read["chunks"]:
            after = chunk["seq"]
            yield f"id: {after}\ndata: {json.dumps(chunk['text'])}\n\n"
        if read["done"] or read["pruned"]:
            yield f"event: end\ndata: {json.dumps(read['status'])}\n\n"
            return
        if not read["chunks"]:
            # A comment, so that no proxy closes the connection.
            yield ": wait\n\n"


async def maintain() -> None:
    """Ends the turns and streams of programs that were killed, once a minute."""
    while True:
        try:
            await conversation_manager.finish_interrupted_turns()
            await stream_manager.interrupt_stale_streams()
        except Error as error:
            log.warning("no maintenance: %s", error)
        await asyncio.sleep(60)


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Runs the maintenance, and waits for the last answers."""
    maintenance = asyncio.create_task(maintain())
    yield
    maintenance.cancel()
    await asyncio.gather(*tasks)
