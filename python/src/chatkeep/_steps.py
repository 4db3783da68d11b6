"""Operations in steps, which a blocking caller and a coroutine run alike.

An operation is a generator. It yields requests to a manager, and is resumed with their results; its
return value is the result of the operation. The error of a request is raised at its ``yield``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar, cast

T = TypeVar("T")
#: A manager of chatkeep, or a store with all of them.
M = TypeVar("M")


def run(manager: M, steps: Generator[Callable[[M], Any], Any, T]) -> T:
    """Runs an operation with blocking calls."""
    try:
        request = next(steps)
        while True:
            try:
                result = request(manager)
            except Exception as error:
                request = steps.throw(error)
            else:
                request = steps.send(result)
    except StopIteration as end:
        return cast("T", end.value)


async def run_awaited(manager: object, steps: Generator[Callable[[M], Any], Any, T]) -> T:
    """Runs an operation with awaited calls of a manager of ``chatkeep.asyncio``."""
    try:
        request = next(steps)
        while True:
            try:
                result = await awaited(manager, request)
            except Exception as error:
                request = steps.throw(error)
            else:
                request = steps.send(result)
    except StopIteration as end:
        return cast("T", end.value)


async def awaited(manager: object, request: Callable[[M], Any]) -> Any:
    """Makes one awaited call."""
    return await request(cast("M", manager))


async def settled(write: Awaitable[T]) -> T:
    """Awaits a write until its outcome is known, and only then raises a cancellation."""
    task = asyncio.ensure_future(write)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancellation = cancellation or error
    if cancellation is not None:
        if not task.cancelled():
            # The error of a task that is not retrieved is logged.
            task.exception()
        raise cancellation
    return task.result()
