"""What a contestant of the benchmark is told and says, as bench/contest has it for Rust: one JSON value a line."""

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
    """The moment as the schema has it: UTC, without a zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def moment():
    """The moment as SQLite's text."""
    return now().isoformat(" ", "microseconds")


def hash_of(token):
    return hashlib.sha256(token.encode()).hexdigest()


def read_setup():
    setup = SimpleNamespace(**json.loads(sys.stdin.readline()))
    setup.row = SimpleNamespace(**setup.row)
    return setup


def settings_of(setup, ask):
    """The settings that make the engine durable; `ask` gives the first value of a query."""
    names = DURABLE[setup.engine]
    if setup.engine == "sqlite":
        return {name: str(ask(f"PRAGMA {name}")) for name in names}
    if setup.engine == "postgresql":
        return {name: str(ask(f"SHOW {name}")) for name in names}
    return {name: str(ask(f"SELECT @@{name}")) for name in names}


def questions_of(setup):
    """As `settings_of`, for those who have to wait for each answer."""
    form = {"sqlite": "PRAGMA {}", "postgresql": "SHOW {}"}.get(setup.engine, "SELECT @@{}")
    return {name: form.format(name) for name in DURABLE[setup.engine]}


def say(**answer):
    print(json.dumps(answer), flush=True)


class Tally:
    """What one caller did in a round."""

    def __init__(self):
        self.calls = self.rows = self.id_sum = 0
        self.told = False
        self.times = []

    def add(self, result):
        """A list of ids is rows that were stored; a number is rows whose ids are not told."""
        self.calls += 1
        if isinstance(result, int):
            self.rows += result
        else:
            self.rows += len(result)
            self.id_sum += sum(result)
            self.told = True


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
        if any(tally.told for tally in tallies)
        else None,
    }


def orders():
    for line in sys.stdin:
        # What the last round left behind is not this one's affair.
        gc.collect()
        yield json.loads(line)["go"]


def explain(error):
    say(error=f"{type(error).__name__}: {error}"[:500])
    raise SystemExit(1)


def serve_threads(setup, contestant):
    """A thread for each caller; with one caller it is this one."""

    def work(caller, end, tallies, errors):
        tally = Tally()
        call = contestant.call(caller)
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
        say(ready=contestant.ready())
        for seconds in orders():
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
            say(result=outcome(begin, time.perf_counter_ns(), tallies))
    except Exception as error:
        explain(error)


def serve_tasks(setup, make):
    """A task for each caller, on one event loop."""

    async def work(contestant, caller, end, tally):
        call = contestant.call(caller)
        clock = time.perf_counter_ns
        last = clock()
        while last < end:
            tally.add(await call())
            now = clock()
            tally.times.append(now - last)
            last = now

    async def serve():
        contestant = await make(setup)
        say(ready=await contestant.ready())
        waiting = orders()
        # The input is waited for on a thread, since drivers have things to do meanwhile.
        while (seconds := await asyncio.to_thread(next, waiting, None)) is not None:
            tallies = [Tally() for _ in range(setup.callers)]
            begin = time.perf_counter_ns()
            end = begin + int(seconds * 1e9)
            await asyncio.gather(
                *(work(contestant, caller, end, tally) for caller, tally in enumerate(tallies))
            )
            say(result=outcome(begin, time.perf_counter_ns(), tallies))

    try:
        asyncio.run(serve())
    except Exception as error:
        explain(error)


class Tokens:
    """The tokens in turn."""

    def __init__(self, setup, caller):
        self.tokens, self.place = setup.tokens, caller

    def next(self):
        self.place = (self.place + 1) % len(self.tokens)
        return self.tokens[self.place]


def check_page(page):
    """A page is a list of mappings, newest first, metadata parsed."""
    if not isinstance(page[0]["metadata"], dict):
        raise ValueError("the page has no metadata")
    return len(page)


def check_token(active, expires):
    if not active or (expires is not None and expires <= now()):
        raise ValueError("a valid token was refused")
    return 1
