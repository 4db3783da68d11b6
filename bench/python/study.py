"""Measures the cost of chatkeep for an event loop.

See `src/studies/asyncio_calls.rs` and `src/studies/event_loop.rs`.

study.py asyncio-calls GATHERS
study.py event-loop LIBRARY SECONDS

The setup is read from standard input, as for a competitor. The output is one line of figures by
name.
"""

import asyncio
import sys
import time
from statistics import median

import protocol

GATHER = 100
TICK = 0.001


async def cost(make):
    """Returns the CPU time of this thread per call in microseconds, for `GATHER` calls."""
    begin = time.thread_time_ns()
    await asyncio.gather(*(make() for _ in range(GATHER)))
    return (time.thread_time_ns() - begin) / GATHER / 1000


async def resolved():
    """Does the work of asyncio for a call: a task and a future that the loop resolves."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_soon(future.set_result, None)
    await future


async def asyncio_calls(setup, gathers):
    from chatkeep_asyncio import Facade

    facade = await Facade.open(setup)
    log = facade.chat.message_logger
    message_id = await log.log_message("to be read")
    kinds = {
        "alone": resolved,
        "log": lambda: log.log_message(**facade.message),
        "read": lambda: log.get_message_by_id(message_id),
    }
    # In turns; the first calls are a warm-up.
    taken = {name: [] for name in kinds}
    for _ in range(gathers + gathers // 10):
        for name, make in kinds.items():
            taken[name].append(await cost(make))
    return {name: median(costs[-gathers:]) for name, costs in taken.items()}


async def ticks(seconds):
    """Returns the delays of a timer of one millisecond, in microseconds, sorted."""
    loop = asyncio.get_running_loop()
    late, end = [], loop.time() + seconds
    while (now := loop.time()) < end:
        await asyncio.sleep(TICK)
        late.append(max(loop.time() - now - TICK, 0.0) * 1e6)
    return sorted(late)


class Blocking:
    """A synchronous driver that is called from a coroutine and blocks the loop."""

    @classmethod
    async def open(cls, setup):
        import drivers

        driver = {"sqlite": drivers.Sqlite3, "postgresql": drivers.Psycopg}
        self = cls()
        self.call = driver.get(setup.engine, drivers.PyMySql)(setup).call
        self.next = -1
        return self

    async def log(self):
        self.next = (self.next + 1) % 64
        # Yields to other tasks, because a blocking call never does.
        await asyncio.sleep(0)
        return self.call(self.next)()


async def event_loop(setup, library, seconds):
    if library == "chatkeep":
        from chatkeep_asyncio import Facade as Competitor
    elif library == "sqlalchemy":
        from sqlalchemy_asyncio import Orm as Competitor
    else:
        Competitor = Blocking
    competitor = await Competitor.open(setup)
    await competitor.log()
    idle = await ticks(seconds / 3)
    logged, over = 0, False

    async def work():
        nonlocal logged
        while not over:
            # Two statements, because `+=` would read the number before other tasks run.
            ids = await competitor.log()
            logged += len(ids)

    tasks = [asyncio.create_task(work()) for _ in range(setup.callers)]
    await asyncio.sleep(seconds / 10)
    begin, before = time.perf_counter(), logged
    busy = await ticks(seconds)
    rate = (logged - before) / (time.perf_counter() - begin)
    over = True
    await asyncio.gather(*tasks)
    p99 = lambda late: late[len(late) * 99 // 100]  # noqa: E731
    return {
        "idle_p99": p99(idle),
        "idle_longest": idle[-1],
        "busy_p99": p99(busy),
        "busy_longest": busy[-1],
        "rate": rate,
    }


def main():
    name, *arguments = sys.argv[1:]
    setup = protocol.read_setup()
    try:
        if name == "asyncio-calls":
            figures = asyncio.run(asyncio_calls(setup, int(arguments[0])))
        else:
            figures = asyncio.run(event_loop(setup, arguments[0], float(arguments[1])))
    except Exception as error:
        protocol.explain(error)
    protocol.send(figures=figures)


if __name__ == "__main__":
    main()
