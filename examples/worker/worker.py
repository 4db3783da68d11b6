"""A worker that logs messages from a queue: each one once, also across crashes and outages."""

import asyncio
import logging
import os
import signal
import sys
import time
from typing import Any

import chatkeep
from chatkeep.asyncio import Chatkeep, MessageLogger
from spool import Entry, Receiver, Spool

#: Number of messages that are logged concurrently. They share transactions.
IN_FLIGHT = 256
#: Pause between two looks at an empty queue, in seconds.
POLL_INTERVAL = 0.2
#: Maximum pause between two attempts while the database is down, in seconds.
MAX_DELAY = 30.0
#: Time after which the server has ended a statement whose connection broke, in seconds.
STATEMENT_TIMEOUT = float(os.environ.get("DB_QUERY_TIMEOUT", "30"))
#: Arguments of ``log_message`` that an entry may have.
FIELDS = {"message", "response", "provider", "model", "tokens_used", "metadata", "timestamp"}

logger = logging.getLogger("worker")


class Worker:
    """Logs the messages of a queue until it is stopped.

    Args:
        queue (Receiver): Queue to empty. Any queue works whose entries stay until they are
            acknowledged.
        log (MessageLogger): Log to fill.
    """

    def __init__(self, queue: Receiver, log: MessageLogger) -> None:
        self._queue, self._log = queue, log
        self._stopping = asyncio.Event()
        self._is_down = False
        #: Time from which statements of an earlier worker have ended.
        self._settled = time.monotonic() + STATEMENT_TIMEOUT
        #: Error that retries cannot solve, such as a full disk.
        self.failure: chatkeep.Error | None = None

    def stop(self) -> None:
        """Ends `run` after the received messages are stored."""
        self._stopping.set()

    async def run(self) -> None:
        """Delivers messages until `stop` is called or an error needs an operator."""
        received: asyncio.Queue[Entry | None] = asyncio.Queue(1)
        await asyncio.gather(
            self._receive(received), *(self._consume(received) for _ in range(IN_FLIGHT))
        )

    async def _receive(self, received: asyncio.Queue[Entry | None]) -> None:
        while not self._stopping.is_set():
            entry = self._queue.receive()
            if entry is None:
                await self._pause(POLL_INTERVAL)
            else:
                await received.put(entry)
        for _ in range(IN_FLIGHT):
            await received.put(None)

    async def _consume(self, received: asyncio.Queue[Entry | None]) -> None:
        while entry := await received.get():
            await self._deliver(entry)

    async def _deliver(self, entry: Entry) -> None:
        """Logs a message once and acknowledges it. Without success it stays in the queue."""
        try:
            arguments = log_arguments(entry)
        except ValueError as error:
            self._reject(entry, error)
            return
        may_be_stored, delay = entry.is_redelivered, 1.0
        if may_be_stored and await self._pause(self._settled - time.monotonic()):
            return
        while True:
            try:
                if not (may_be_stored and await self._is_stored(entry)):
                    await self._log.log_message(**arguments)
            except chatkeep.OutcomeUnknownError:
                # A repetition could store the message twice. It is looked up first, after the
                # server has ended the statement.
                may_be_stored, pause = True, STATEMENT_TIMEOUT
                logger.warning("entry %s: outcome unknown; looking it up later", entry.name)
            except chatkeep.InvalidInputError as error:
                self._reject(entry, error)
                return
            except chatkeep.Error as error:
                if not error.retryable:
                    # Neither a retry nor another message would succeed: an operator must act.
                    self.failure = self.failure or error
                    self.stop()
                self._report_outage(error)
                pause, delay = delay, min(delay * 2, MAX_DELAY)
            else:
                self._queue.acknowledge(entry)
                self._report_recovery()
                return
            if await self._pause(pause):
                if not may_be_stored:
                    self._queue.release(entry)
                return

    async def _is_stored(self, entry: Entry) -> bool:
        # The exact timestamp makes the lookup fast however long the log is.
        at = entry.content["timestamp"]
        found = await self._log.get_messages(
            limit=1, start_date=at, end_date=at, metadata={"queue_entry": entry.name}
        )
        return bool(found)

    async def _pause(self, seconds: float) -> bool:
        """Waits, and returns whether the worker is stopping."""
        if self._stopping.is_set():
            return True
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    def _reject(self, entry: Entry, error: Exception) -> None:
        # No retry can store it. It is kept, so that an operator can correct and queue it again.
        logger.error("entry %s was moved to the folder failed: %s", entry.name, error)
        self._queue.reject(entry)

    def _report_outage(self, error: chatkeep.Error) -> None:
        # Once per outage, not once per message.
        if not self._is_down:
            logger.warning("messages stay queued: %s", error)
        self._is_down = True

    def _report_recovery(self) -> None:
        if self._is_down:
            logger.warning("messages are stored again")
        self._is_down = False


def log_arguments(entry: Entry) -> dict[str, Any]:
    """Returns the arguments of ``log_message`` for an entry, with its name in the metadata.

    Raises:
        ValueError: The entry is not a JSON object with these arguments.
    """
    content = entry.content
    if not isinstance(content, dict):
        raise ValueError("the entry is not a JSON object")
    if missing := {"message", "timestamp"} - content.keys():
        raise ValueError(f"missing: {', '.join(sorted(missing))}")
    if unknown := content.keys() - FIELDS:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    if not isinstance(content["timestamp"], str):
        raise ValueError("timestamp is not a string")
    metadata = content.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise ValueError("metadata is not a JSON object")
    # The name makes the message recognisable after an unknown outcome.
    return content | {"metadata": metadata | {"queue_entry": entry.name}}


async def main() -> None:
    """Runs a worker until SIGTERM or Ctrl-C."""
    async with Chatkeep() as chat:
        await chat.db_manager.wait_until_ready()
        queue = Receiver(Spool(os.environ.get("SPOOL", "spool")))
        worker = Worker(queue, chat.message_logger)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, worker.stop)
        logger.info("waiting for messages")
        await worker.run()
        queue.close()
    if worker.failure is not None:
        raise worker.failure


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        asyncio.run(main())
    except (chatkeep.Error, BlockingIOError) as error:
        # The service manager starts it again; see README.md.
        logger.critical("stopped: %s", error)
        sys.exit(1)
