"""The protocol of a competitor, like bench/protocol for Rust: one JSON value per line."""

import asyncio
import gc
import hashlib
import json
import sys
import threading
import time
from datetime import datetime, timezone
from types import SimpleNamespace

DURABLE = {
    "sqlite": ("journal_mode", "synchronous"),
    "postgresql": ("fsync", "full_page_writes", "synchronous_commit"),
    "mariadb": ("innodb_doublewrite", "innodb_flush_log_at_trx_commit"),
    "mysql": ("innodb_doublewrite", "innodb_flush_log_at_trx_commit"),
}


def now():
    """Returns the current time as in the schema: UTC without a time zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def now_text():
    """Returns the current time as SQLite text."""
    return now().isoformat(" ", "microseconds")


def hash_of(token):
    return hashlib.sha256(token.encode()).hexdigest()


def read_setup():
    setup = SimpleNamespace(**json.loads(sys.stdin.readline()))
    setup.row = SimpleNamespace(**setup.row)
    return setup


def settings_of(setup, query_value):
    """Returns the durability settings; `query_value` returns the first value of a query."""
    names = DURABLE[setup.engine]
    if setup.engine == "sqlite":
        return {name: str(query_value(f"PRAGMA {name}")) for name in names}
    if setup.engine == "postgresql":
        return {name: str(query_value(f"SHOW {name}")) for name in names}
    return {name: str(query_value(f"SELECT @@{name}")) for name in names}


def queries_of(setup):
    """Returns the queries of the durability settings, for asynchronous drivers."""
    form = {"sqlite": "PRAGMA {}", "postgresql": "SHOW {}"}.get(setup.engine, "SELECT @@{}")
    return {name: form.format(name) for name in DURABLE[setup.engine]}


def send(**response):
    print(json.dumps(response), flush=True)


class Tally:
    """The calls of one caller in a round."""

    def __init__(self):
        self.calls = self.rows = self.id_sum = 0
        self.has_ids = False
        self.times = []

    def add(self, result):
        """Adds a call: a list of the ids of stored rows, or a number of rows with unknown ids."""
        self.calls += 1
        if isinstance(result, int):
            self.rows += result
        else:
            self.rows += len(result)
            self.id_sum += sum(result)
            self.has_ids = True


def outcome(begin, end, tallies):
    times = sorted(taken for tally in tallies for taken in tally.times)

    def percentile(percent):
        return times[max(-(-len(times) * percent // 100), 1) - 1] / 1000

    return {
        "calls": sum(tally.calls for tally in tallies),
        "rows": sum(tally.rows for tally in tallies),
        "seconds": (end - begin) / 1e9,
        "p50_us": percentile(50),
        "p99_us": percentile(99),
        "id_sum": sum(tally.id_sum for tally in tallies)
        if any(tally.has_ids for tally in tallies)
        else None,
    }


def requests():
    for line in sys.stdin:
        # Garbage of the previous round must not affect this one.
        gc.collect()
        yield json.loads(line)["go"]


def explain(error):
    send(error=f"{type(error).__name__}: {error}"[:500])
    raise SystemExit(1)


def serve_threads(setup, competitor):
    """Runs one thread per caller, or the current thread for one caller."""

    def work(caller, end, tallies, errors):
        tally = Tally()
        call = competitor.call(caller)
        clock = time.perf_counter_ns
        try:
            last = clock()
            while last < end:
                tally.add(call())
                now = clock()
                tally.times.append(now - last)
                last = now
        except Exception as error:
            errors.append(error)
        tallies.append(tally)

    try:
        send(ready=competitor.ready())
        for seconds in requests():
            tallies, errors = [], []
            begin = time.perf_counter_ns()
            end = begin + int(seconds * 1e9)
            if setup.callers == 1:
                work(0, end, tallies, errors)
            else:
                threads = [
                    threading.Thread(target=work, args=(caller, end, tallies, errors))
                    for caller in range(setup.callers)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            if errors:
                raise errors[0]
            send(result=outcome(begin, time.perf_counter_ns(), tallies))
    except Exception as error:
        explain(error)


def serve_tasks(setup, open_competitor):
    """Runs one task per caller on one event loop."""

    async def work(competitor, caller, end, tally):
        call = competitor.call(caller)
        clock = time.perf_counter_ns
        last = clock()
        while last < end:
            tally.add(await call())
            now = clock()
            tally.times.append(now - last)
            last = now

    async def serve():
        competitor = await open_competitor(setup)
        send(ready=await competitor.ready())
        waiting = requests()
        # The input is read on a thread, so that the event loop remains available to the drivers.
        while (seconds := await asyncio.to_thread(next, waiting, None)) is not None:
            tallies = [Tally() for _ in range(setup.callers)]
            begin = time.perf_counter_ns()
            end = begin + int(seconds * 1e9)
            await asyncio.gather(
                *(work(competitor, caller, end, tally) for caller, tally in enumerate(tallies))
            )
            send(result=outcome(begin, time.perf_counter_ns(), tallies))

    try:
        asyncio.run(serve())
    except Exception as error:
        explain(error)


class Tokens:
    """Returns the tokens, or the secrets of sessions, in turn."""

    def __init__(self, setup, caller):
        self.tokens, self.index = setup.tokens or setup.sessions, caller

    def next(self):
        self.index = (self.index + 1) % len(self.tokens)
        return self.tokens[self.index]


def check_page(page):
    """Checks a page, a list of mappings with parsed metadata, and returns its length."""
    if not isinstance(page[0]["metadata"], dict):
        raise ValueError("the page has no metadata")
    return len(page)


def check_token(active, expires):
    if not active or (expires is not None and expires <= now()):
        raise ValueError("a valid token was rejected")
    return 1
